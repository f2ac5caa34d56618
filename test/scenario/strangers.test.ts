import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Endpoint } from '../../src/base/net/endpoint.ts';
import { readRfc4475, readRfc5118, vectorFiles } from '../vectors/vectors.ts';
import { sdp } from './scripted-peer.ts';
import { serverEndpoint, Stage, trunkAt } from './stage.ts';

const stranger: Endpoint = { address: '198.51.100.66', port: 40_001 };
/** Whom a stranger would have us send to: a third party, a phone, a SIP server of ours, ourselves. */
const victim = fc.constantFrom(
  '203.0.113.7',
  '192.0.2.22',
  '192.0.2.50',
  '192.0.2.9',
  '224.0.1.75',
  '255.255.255.255',
  '127.0.0.1',
  '[2001:db8::7]',
  'victim.example',
);

const methods = 'INVITE ACK CANCEL BYE REGISTER OPTIONS INFO MESSAGE SUBSCRIBE NOTIFY REFER UPDATE PRACK PUBLISH FLY';
const method = fc.constantFrom(...methods.split(' '));
const word = fc.stringMatching(/^[a-zA-Z0-9]{1,12}$/u);

/** The value of a Via that points elsewhere in every way that there is. */
const via = fc
  .record({
    transport: fc.constantFrom('UDP', 'TCP', 'TLS', 'WS'),
    host: victim,
    port: fc.constantFrom('', ':5060', ':7', ':40001'),
  })
  .chain(({ transport, host, port }) =>
    fc
      .subarray([`;maddr=${host}`, `;received=${host}`, ';rport', ';ttl=9', ';alias', ';keep', ';comp=sigcomp'])
      .chain((params) =>
        word.map((branch) => `SIP/2.0/${transport} ${host}${port};branch=z9hG4bK${branch}${params.join('')}`),
      ),
  );

const pointer = fc
  .record({
    name: fc.constantFrom(
      'Route',
      'Record-Route',
      'Contact',
      'm',
      'Path',
      'Service-Route',
      'Reply-To',
      'Refer-To',
      'r',
      'Via',
      'v',
      'Alert-Info',
      'Error-Info',
      'Referred-By',
      'Replaces',
      'Call-Info',
    ),
    host: victim,
    port: fc.constantFrom('', ':5060', ':7'),
    params: fc.constantFrom('', ';lr', ';maddr=203.0.113.7', ';transport=tcp', ';ob'),
  })
  .chain(({ name, host, port, params }) =>
    /^v/i.test(name)
      ? via.map((value) => `${name}: ${value}`)
      : fc.constant(`${name}: <sip:x@${host}${port}${params}>`),
  );

const odd = fc.constantFrom(
  'Max-Forwards: 0',
  'Require: a, b',
  'Content-Encoding: gzip',
  'Authorization: Digest x',
  'Proxy-Authorization: Digest username="alice", realm="server.example", nonce="x", uri="sip:x", response="00000000000000000000000000000000"',
  'Event: presence',
  'Expires: 0',
  'Timestamp: 1',
  'x',
  'l: 99',
);

/** A request that is nearly or wholly valid. */
const request = fc
  .record({
    method,
    uri: fc.oneof(
      victim.map((host) => `sip:bob@${host}`),
      fc.constantFrom(
        'sip:bob@server.example',
        'sip:a',
        'tel:+431',
        'http:x',
        'sip:bob@192.0.2.9;maddr=203.0.113.7;transport=tcp',
      ),
    ),
    via,
    callId: word,
    tag: fc.option(word),
    lines: fc.array(fc.oneof(pointer, odd), { maxLength: 6 }),
    body: fc.constantFrom('', sdp('203.0.113.7')),
  })
  .map(({ method: name, uri, via: top, callId, tag, lines, body }) => {
    const to = tag === null ? '' : `;tag=${tag}`;
    const head = [
      `${name} ${uri} SIP/2.0`,
      `Via: ${top}`,
      'f: sip:a@b;tag=1',
      `t: sip:c@d${to}`,
      `i: ${callId}`,
      `CSeq: 1 ${name}`,
    ];
    const typed = body === '' ? [] : ['c: application/sdp'];
    return [...head, ...lines, ...typed, `l: ${body.length}`, '', body].join('\r\n');
  });

const response = fc
  .record({
    status: fc.integer({ min: 100, max: 699 }),
    via,
    method,
    tag: word,
    body: fc.constantFrom('', sdp('203.0.113.7')),
  })
  .map(({ status, via: top, method: name, tag, body }) =>
    [
      `SIP/2.0 ${status} x`,
      `Via: ${top}`,
      'f: sip:a@b;tag=1',
      `t: sip:c@d;tag=${tag}`,
      'i: x',
      `CSeq: 1 ${name}`,
      'm: <sip:x@203.0.113.7>',
      `l: ${body.length}`,
      '',
      body,
    ].join('\r\n'),
  );

const vectors = [...vectorFiles('rfc4475').map(readRfc4475), ...vectorFiles('rfc5118').map(readRfc5118)];

/** Somebody's message with a piece of it cut out, doubled or replaced. */
const spoilt = fc
  .record({
    octets: fc.oneof(fc.constantFrom(...vectors), request, response),
    at: fc.nat(4000),
    cut: fc.nat(40),
    put: fc.oneof(
      fc.constantFrom('\0', '\r\n', '\r', '\n', ' ', '"', '<', ';', ',', '%', '\u00ff', ''),
      fc.string({ maxLength: 8 }),
    ),
  })
  .map(({ octets, at, cut, put }) => {
    const place = at % (octets.length + 1);
    const latin = put.replace(/[^\u0000-\u00ff]/g, '?');
    return octets.slice(0, place) + latin + octets.slice(place + cut);
  });

const noise = fc.uint8Array({ maxLength: 300 }).map((octets) => Buffer.from(octets).toString('latin1'));
const anything = fc.oneof(
  { weight: 6, arbitrary: request },
  { weight: 1, arbitrary: response },
  { weight: 3, arbitrary: spoilt },
  { weight: 1, arbitrary: noise },
);

interface Packet {
  readonly to: Endpoint;
  readonly octets: number;
}

/** A server with phones, a SIP server and a rule, and everything that leaves it. */
async function watched(forcerport: boolean): Promise<{ stage: Stage; left: Packet[] }> {
  const routes = [{ sipServerId: 3, priority: 1, weight: 1 }];
  const stage = await Stage.open({
    settings: { forcerport },
    accounts: [{ name: 'carrier', kind: 'sipserver', trunk: trunkAt('192.0.2.50') }],
    dialRules: [{ pattern: '00.', routes }],
  });
  await stage.phone('bob', '192.0.2.22');
  // Until the transaction of the registration is forgotten.
  await stage.run(33_000);
  const left: Packet[] = [];
  stage.network.onSent = ({ from, to, octets }) => {
    if (from.address === serverEndpoint.address) left.push({ to, octets: octets.length });
  };
  return { stage, left };
}

describe('whatever a stranger sends', () => {
  for (const forcerport of [true, false]) {
    const where = forcerport ? 'to where it came from' : 'to the address that it came from';

    test(`by UDP, it gets one answer at most, ${where}, of three times its octets at most, and never again (forcerport ${forcerport})`, {
      timeout: 120_000,
    }, async () => {
      const { stage, left } = await watched(forcerport);
      const peer = await stage.peer(stranger.address, stranger.port);
      let answered = 0;
      fc.assert(
        fc.property(fc.array(anything, { minLength: 1, maxLength: 4 }), (messages) => {
          for (const octets of messages) {
            left.splice(0);
            peer.sendOctets(octets);
            stage.clock.advance(5);
            assert.ok(left.length <= 1, `${left.length} packets`);
            const [answer] = left;
            if (answer === undefined) continue;
            answered++;
            assert.equal(answer.to.address, stranger.address);
            if (forcerport) assert.equal(answer.to.port, stranger.port);
            assert.ok(answer.octets <= 3 * octets.length, `${octets.length} octets in, ${answer.octets} out`);
          }
          left.splice(0);
          stage.clock.advance(600);
          assert.deepEqual([left, stage.server.stack.transactionCount, stage.server.calls.count], [[], 0, 0]);
        }),
        { numRuns: 1500 },
      );
      assert.ok(answered > 500, `${answered} answers`);
      stage.clock.advance(40_000);
      assert.deepEqual([left, stage.store.cdrs.length], [[], 0]);
    });
  }

  test('by TCP, nothing leaves but on its own connection', { timeout: 120_000 }, async () => {
    const { stage, left } = await watched(true);
    const near = stage.network.host(stranger.address);
    let answers = 0;
    fc.assert(
      fc.property(
        fc.array(anything, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 50 }),
        (messages, most) => {
          const stream = near.connectTcp(serverEndpoint, stranger.address);
          stream.onData = () => {
            answers++;
          };
          stage.network.faults = { ...stage.network.faults, maxSegmentOctets: most };
          for (const octets of messages) stream.write(Buffer.from(octets, 'latin1'));
          stage.clock.advance(20);
          stream.destroy();
          stage.clock.advance(20);
          assert.deepEqual([left, stage.server.stack.transactionCount, stage.server.calls.count], [[], 0, 0]);
        },
      ),
      { numRuns: 600 },
    );
    assert.ok(answers > 200, `${answers} answers`);
  });
});
