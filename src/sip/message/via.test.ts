import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  defaultParseLimits,
  formatVia,
  parseCSeq,
  parseMessage,
  parseVia,
  parseViaList,
  type SipRequest,
  stampTopVia,
  type Via,
} from './index.ts';

const base: Via = {
  transport: 'UDP',
  host: '192.0.2.1',
  port: undefined,
  branch: '',
  received: undefined,
  rport: undefined,
  params: new Map(),
};

const readable: readonly (readonly [string, Via])[] = [
  ['SIP/2.0/UDP 192.0.2.1', base],
  ['sip/2.0/udp 192.0.2.1', base],
  ['SIP / 2.0 / UDP   192.0.2.1', base],
  ['SIP/2.0/TLS Host.Example.com : 5061', { ...base, transport: 'TLS', host: 'host.example.com', port: 5061 }],
  ['SIP/2.0/UDP [2001:DB8::9:1]:5060', { ...base, host: '2001:db8::9:1', port: 5060 }],
  [
    'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;rport',
    {
      ...base,
      branch: 'z9hG4bK1',
      rport: '',
      params: new Map([
        ['branch', 'z9hG4bK1'],
        ['rport', ''],
      ]),
    },
  ],
  [
    'SIP/2.0/TCP 192.0.2.1;rport=4711;received=[2001:db8::1]',
    {
      ...base,
      transport: 'TCP',
      rport: 4711,
      received: '2001:db8::1',
      params: new Map([
        ['rport', '4711'],
        ['received', '[2001:db8::1]'],
      ]),
    },
  ],
  ['SIP/2.0/UDP 192.0.2.1 ,SIP/2.0/UDP 192.0.2.2', base],
];

for (const [value, expected] of readable) {
  test(`the Via ${value} is read as RFC 3261 §20.42 says`, () => {
    assert.deepEqual(parseVia(value), { ok: true, value: expected });
  });
}

const refused = [
  '',
  'SIP/2.0/UDP',
  'SIP/2.0/UDP ',
  'SIP/2.0 192.0.2.1',
  'HTTP/2.0/UDP 192.0.2.1',
  'SIP/2.0/UDP 192.0.2.1:99999',
  'SIP/2.0/UDP 192.0.2.1;;',
  'SIP/2.0/UDP 192.0.2.1;branch=a;branch=b',
  'SIP/2.0/UDP 192.0.2.1;rport=x',
  'SIP/2.0/UDP 192.0.2.1 x',
];

for (const value of refused) {
  test(`the Via "${value}" is refused`, () => {
    assert.equal(parseVia(value).ok, false);
  });
}

test('Vias of several lines come in order, and what is formatted reads the same', () => {
  const read = parseViaList([
    'SIP/2.0/UDP a;branch=1,SIP/2.0/TCP b:1;x=y',
    'SIP/2.0/UDP [::1];received=192.0.2.9;rport=7',
  ]);
  assert.ok(read.ok);
  assert.deepEqual(
    read.value.map((via) => formatVia(via)),
    ['SIP/2.0/UDP a;branch=1', 'SIP/2.0/TCP b:1;x=y', 'SIP/2.0/UDP [::1];received=192.0.2.9;rport=7'],
  );
});

const source = { address: '198.51.100.7', port: 40_000 };

const stamps: readonly (readonly [string, string, string])[] = [
  ['SIP/2.0/UDP 198.51.100.7;branch=1', 'SIP/2.0/UDP 198.51.100.7;branch=1', 'nothing when sent-by is the source'],
  ['SIP/2.0/UDP 10.0.0.1;branch=1', 'SIP/2.0/UDP 10.0.0.1;branch=1;received=198.51.100.7', 'received for another host'],
  ['SIP/2.0/UDP pc.example', 'SIP/2.0/UDP pc.example;received=198.51.100.7', 'received for a name'],
  [
    'SIP/2.0/UDP 198.51.100.7;rport;branch=1',
    'SIP/2.0/UDP 198.51.100.7;branch=1;received=198.51.100.7;rport=40000',
    'both when rport is asked for',
  ],
  ['SIP/2.0/UDP 198.51.100.7;received=192.0.2.66', 'SIP/2.0/UDP 198.51.100.7', 'no received that the sender made up'],
  [
    'SIP/2.0/UDP 10.0.0.1;rport=9;received=192.0.2.66;x=1',
    'SIP/2.0/UDP 10.0.0.1;received=198.51.100.7;rport=40000;x=1',
    'the true source over a made-up one',
  ],
  [
    'SIP/2.0/UDP 10.0.0.1, SIP/2.0/UDP 10.0.0.2',
    'SIP/2.0/UDP 10.0.0.1;received=198.51.100.7, SIP/2.0/UDP 10.0.0.2',
    'only the first of a line',
  ],
];

for (const [value, expected, what] of stamps) {
  test(`a received request gets in its top Via ${what}`, () => {
    const request = requestWithVia(value);
    stampTopVia(request, source);
    assert.deepEqual(request.headers.getAll('via'), [expected, 'SIP/2.0/UDP below']);
    assert.deepEqual(parseVia(formatVia(request.topVia)), parseVia(expected.split(', ')[0] ?? ''));
    assert.equal(request.callId, 'c1');
  });
}

test('CSeq is a number below 2^31 and a method', () => {
  assert.deepEqual(parseCSeq('0009  INVITE'), { ok: true, value: { seq: 9, method: 'INVITE' } });
  assert.deepEqual(parseCSeq('2147483647 X'), { ok: true, value: { seq: 2_147_483_647, method: 'X' } });
  for (const value of [
    '',
    '1',
    '1INVITE',
    'INVITE',
    '-1 INVITE',
    '2147483648 INVITE',
    '1 INVITE X',
    '1 IN,VITE',
    '1e2 X',
  ]) {
    assert.equal(parseCSeq(value).ok, false, value);
  }
});

function requestWithVia(value: string): SipRequest {
  const headers = [`Via: ${value}`, 'Via: SIP/2.0/UDP below', 'From: <sip:a@x>;tag=1', 'To: <sip:b@x>', 'Call-ID: c1'];
  const octets = ['OPTIONS sip:b@x SIP/2.0', ...headers, 'CSeq: 1 OPTIONS', '', ''].join('\r\n');
  const read = parseMessage(octets, defaultParseLimits);
  assert.ok(read.ok && read.value.kind === 'request');
  return read.value;
}
