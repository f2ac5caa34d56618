import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultParseLimits, type ParseError, parseMessage, type SipMessage, SipRequest } from './index.ts';

const mandatory = [
  'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1',
  'From: <sip:a@example.com>;tag=1',
  'To: <sip:b@example.com>',
  'Call-ID: c1',
  'CSeq: 1 OPTIONS',
];

test('[protocol.malformed-packet-drop] each header that every message must have is missed by name', () => {
  for (const left of mandatory) {
    const name = left.slice(0, left.indexOf(':'));
    const error = refused(message(mandatory.filter((line) => line !== left)));
    assert.equal(error.status, 400);
    assert.equal(error.reason, `${name} is missing`);
    // By its branch and CSeq a sender knows the answer, whatever else is missing in it (RFC 4475 §3.3.1).
    assert.equal(error.respondTo === undefined, name === 'Via' || name === 'CSeq');
  }
});

test('[protocol.malformed-packet-drop] a header that comes once and comes twice is refused, equal or not', () => {
  const single = [...mandatory.slice(1), 'Max-Forwards: 70', 'Content-Length: 0', 'Content-Type: a/b', 'Expires: 1'];
  for (const line of single) {
    const error = refused(
      message([...mandatory, 'Max-Forwards: 70', 'Content-Length: 0', 'c: a/b', 'Expires: 1', line]),
    );
    assert.equal(error.reason, `${line.slice(0, line.indexOf(':'))} given twice`);
    assert.ok(error.respondTo instanceof SipRequest);
  }
});

test('a refused request tells whom to answer, and an ACK or a response is never answered', () => {
  assert.equal(refused(message([...mandatory, 'Max-Forwards: x'])).respondTo?.callId, 'c1');
  const ack = mandatory.with(4, 'CSeq: 1 ACK');
  assert.equal(refused(message([...ack, 'Max-Forwards: x'], 'ACK sip:b@x SIP/2.0')).respondTo, undefined);
  assert.equal(refused(message([...mandatory, 'Max-Forwards: x'], 'SIP/2.0 200 OK')).respondTo, undefined);
});

test('the typed views of a refused request never throw', () => {
  const bad = ['Via: SIP/2.0/UDP 192.0.2.1', 'From: "', 'To: ;', 'Call-ID: c1', 'CSeq: x'];
  const request = refused(message(bad)).respondTo;
  assert.ok(request !== undefined);
  assert.deepEqual(
    [request.from.uri, request.to.uri, request.fromTag, request.toTag, request.cseq, request.topVia.host],
    ['', '', undefined, undefined, { seq: 0, method: 'OPTIONS' }, '192.0.2.1'],
  );
});

const startLines: readonly (readonly [string, number])[] = [
  ['OPTIONS sip:b@x SIP/2.0', 0],
  ['OPTIONS sip:b@x sip/2.0', 0],
  ['OPTIONS tel:+431 SIP/2.0', 0],
  ['OPTIONS urn:service:sos SIP/2.0', 0],
  ['SIP/2.0 200 OK', 0],
  ['sip/2.0 200 OK', 0],
  ['SIP/2.0 200', 0],
  ['SIP/2.0 699 x', 0],
  ['OPTIONS sip:b@x SIP/3.0', 505],
  ['SIP/3.0 200 OK', 505],
  ['OPTIONS sip:b@x HTTP/1.1', 400],
  ['OPTIONS sip:b@x', 400],
  ['OPTIONS  sip:b@x SIP/2.0', 400],
  ['OPTIONS sip:b@x SIP/2.0 ', 400],
  ['OPTIONS <sip:b@x> SIP/2.0', 400],
  ['OPTIONS b@x SIP/2.0', 400],
  ['OPTIONS sip:b@x;a=1;a=2 SIP/2.0', 400],
  ['OPTIONS\tsip:b@x SIP/2.0', 400],
  ['OPT(IONS sip:b@x SIP/2.0', 400],
  ['SIP/2.0 099 x', 400],
  ['SIP/2.0 700 x', 400],
  ['SIP/2.0 20 x', 400],
  ['SIP/2.0 2000 x', 400],
  ['SIP/2.0  200 x', 400],
  ['SIP/2.0 200 a\u0000b', 400],
  [`OPTIONS sip:${'b'.repeat(2048)}@x SIP/2.0`, 414],
];

for (const [line, status] of startLines) {
  const title = line.length > 60 ? `${line.slice(0, 30)}...` : JSON.stringify(line);
  test(`the start line ${title} is ${status === 0 ? 'accepted' : `refused with ${status}`}`, () => {
    const read = parseMessage(message(mandatory, line), defaultParseLimits);
    assert.equal(read.ok ? 0 : read.error.status, status);
  });
}

test('compact and long names in any case are one header, white space around the colon is none', () => {
  const lines = ['v: SIP/2.0/UDP 192.0.2.1', 'F : <sip:a@x>;tag=1', 't:<sip:b@x>', 'I\t: c1', 'cSEQ:1 OPTIONS'];
  const more = [
    'k: timer',
    'u: presence',
    'o: refer',
    'r: <sip:r@x>',
    'b: <sip:s@x>',
    'x: 90',
    'j: *',
    'd: no-fork',
    'L: 0',
  ];
  const read = accepted(message([...lines, ...more, 'X-UNKNOWN :  Kept As It Is  ']));
  assert.equal(read.callId, 'c1');
  assert.deepEqual(
    [...read.headers.entries()].map(([name]) => name),
    [
      ...['via', 'from', 'to', 'call-id', 'cseq', 'supported', 'allow-events', 'event', 'refer-to', 'referred-by'],
      ...['session-expires', 'reject-contact', 'request-disposition', 'content-length', 'x-unknown'],
    ],
  );
  assert.equal(read.headers.get('x-unknown'), 'Kept As It Is');
});

test('folds become one space, wherever they stand', () => {
  const read = accepted(message([...mandatory, 'Subject:\r\n one\r\n\t two  \r\n   three', 'X: \r\n \r\n ']));
  assert.equal(read.headers.get('subject'), 'one two three');
  assert.equal(read.headers.get('x'), '');
});

const badLines: readonly (readonly [string, string])[] = [
  ['NoColon', 'no colon'],
  [': value', 'no name'],
  ['Bad Name: value', 'space in name'],
  [' folded: into nothing', 'fold of the start line'],
  ['X: a\nVia: b', 'bare LF'],
  ['X: a\rVia: b', 'bare CR'],
  ['X: a\u0000b', 'NUL'],
  ['X: a\u001bb', 'escape'],
  ['X: a\u007fb', 'DEL'],
  ['X: "a\\\nb"', 'LF behind a backslash'],
  ['X: \\\u0001', 'quoted pair outside quotes'],
  ['X\u0000: a', 'NUL in name'],
];

for (const [line, why] of badLines) {
  test(`[protocol.malformed-packet-drop] a header line is refused for ${why}`, () => {
    assert.equal(refused(message([line, ...mandatory])).status, 400);
    assert.equal(refused(message([...mandatory, line])).status, 400);
  });
}

const fieldErrors: readonly (readonly [number, string, string])[] = [
  [0, 'Via: SIP/2.0/UDP', 'bad Via'],
  [1, 'From: a <', 'bad From'],
  [2, 'To: <sip:b@x> y', 'bad To'],
  [3, 'Call-ID: a b', 'bad Call-ID'],
  [3, 'Call-ID:', 'bad Call-ID'],
  [4, 'CSeq: 2147483648 OPTIONS', 'bad CSeq'],
  [4, 'CSeq: 1 INVITE', 'CSeq is of another method'],
  [5, 'Max-Forwards: 256', 'bad Max-Forwards'],
  [5, 'Max-Forwards: -1', 'bad Max-Forwards'],
  [5, 'Content-Length: 1', 'bad Content-Length'],
  [5, 'Content-Length: 0x0', 'bad Content-Length'],
  [5, 'Content-Length:', 'bad Content-Length'],
];

for (const [index, line, reason] of fieldErrors) {
  test(`[protocol.malformed-packet-drop] "${line}" is refused and named`, () => {
    assert.equal(refused(message([...mandatory.slice(0, index), line, ...mandatory.slice(index + 1)])).reason, reason);
  });
}

test('a method is case-sensitive, and so is its match with CSeq', () => {
  assert.equal(refused(message(mandatory, 'options sip:b@x SIP/2.0')).reason, 'CSeq is of another method');
});

test('the body is what Content-Length says, all the rest without it, octets unchanged', () => {
  const body = '\u0000\u00ff\r\n\r\nINVITE';
  assert.equal(accepted(message([...mandatory, 'Content-Length: 4'], undefined, body)).body, '\u0000\u00ff\r\n');
  assert.equal(accepted(message(mandatory, undefined, body)).body, body);
});

test('line ends before the start line are skipped', () => {
  assert.equal(accepted(`\r\n\r\n${message(mandatory)}`).callId, 'c1');
});

test('each limit is held at its exact value', () => {
  const octets = message([...mandatory, `X: ${'x'.repeat(500)}`], undefined, 'b'.repeat(300));
  const exact = {
    maxMessageOctets: octets.length,
    maxHeaders: 6,
    maxHeaderOctets: 501,
    maxBodyOctets: 300,
    maxUriOctets: 'sip:b@example.com'.length,
    maxStartLineOctets: 'OPTIONS sip:b@example.com SIP/2.0'.length,
  };
  assert.equal(parseMessage(octets, exact).ok, true);
  const owed = { maxMessageOctets: 513, maxHeaders: 400, maxHeaderOctets: 400, maxBodyOctets: 413, maxUriOctets: 414 };
  for (const [limit, status] of Object.entries({ ...owed, maxStartLineOctets: 414 })) {
    const read = parseMessage(octets, { ...exact, [limit]: Reflect.get(exact, limit) - 1 });
    assert.equal(read.ok ? 0 : read.error.status, status, limit);
  }
});

test('[protocol.malformed-packet-drop] a message above the maximum names its sender while its headers are below it', () => {
  const limits = { ...defaultParseLimits, maxMessageOctets: 1000 };
  const rows: readonly (readonly [string, string, string | undefined])[] = [
    ['a long body', message(mandatory, undefined, 'b'.repeat(1000)), 'c1'],
    ['line ends before it', `\r\n\r\n${message(mandatory, undefined, 'b'.repeat(1000))}`, 'c1'],
    ['a length that is too long as well', message([...mandatory, 'l: 99999'], undefined, 'b'.repeat(1000)), 'c1'],
    ['headers that are too long', message([...mandatory, ...Array(60).fill(`X: ${'x'.repeat(20)}`)]), undefined],
  ];
  for (const [what, octets, callId] of rows) {
    const read = parseMessage(octets, limits);
    assert.ok(!read.ok);
    assert.deepEqual([read.error.status, read.error.respondTo?.callId], [513, callId], what);
  }
});

test('a header named __proto__ is a header like any other', () => {
  const read = accepted(message([...mandatory, '__proto__: x', 'constructor: y']));
  assert.equal(read.headers.get('__proto__'), 'x');
  assert.equal(read.headers.get('constructor'), 'y');
  assert.equal(read.headers.get('toString'), undefined);
});

const awkward: readonly (readonly [string, (octets: number) => string])[] = [
  ['a line without end', (octets) => message([...mandatory, `X: ${'x'.repeat(octets)}`]).slice(0, -4)],
  ['folds', (octets) => message([...mandatory, `X: ${'\r\n '.repeat(octets / 3)}`])],
  ['bare CRs', (octets) => message([...mandatory, `X: ${'\r'.repeat(octets)}`])],
  ['bare LFs', (octets) => message([...mandatory, `X: ${'\n'.repeat(octets)}`])],
  ['lines without colon', (octets) => message([...mandatory, 'x\r\n'.repeat(octets / 3)])],
  ['quoted control octets', (octets) => message([...mandatory, `X: "${'\\\u0001'.repeat(octets / 2)}"`])],
  ['open quotes', (octets) => message(mandatory.with(1, `From: ${'"\\'.repeat(octets / 2)}`))],
  ['spaces', (octets) => message([...mandatory, `X:${' '.repeat(octets)}`])],
  ['parameters', (octets) => message(mandatory.with(0, `Via: SIP/2.0/UDP a${';a=b'.repeat(octets / 4)}`))],
  ['escapes', (octets) => message(mandatory, `OPTIONS sip:${'%41'.repeat(octets / 3)}@x SIP/2.0`)],
  ['colons', (octets) => message(mandatory, `OPTIONS sip:[${':'.repeat(octets)}] SIP/2.0`)],
  ['CRLFs', (octets) => '\r\n'.repeat(octets / 2)],
  ['short headers', (octets) => message([...mandatory, ...Array(octets / 4).fill('expires:')])],
];

for (const [what, build] of awkward) {
  test(`60,000 octets of ${what} cost linear time`, () => {
    const octets = build(60_000);
    const unlimited = 1e9;
    const limits = {
      maxMessageOctets: unlimited,
      maxHeaders: unlimited,
      maxHeaderOctets: unlimited,
      maxBodyOctets: unlimited,
      maxUriOctets: unlimited,
      maxStartLineOctets: unlimited,
    };
    const started = process.cpuUsage();
    parseMessage(octets, what === 'short headers' ? defaultParseLimits : limits);
    // A square of 60,000 would take seconds.
    assert.ok(process.cpuUsage(started).user < 200_000);
  });
}

function message(lines: readonly string[], startLine = 'OPTIONS sip:b@example.com SIP/2.0', body = ''): string {
  return `${[startLine, ...lines].join('\r\n')}\r\n\r\n${body}`;
}

function accepted(octets: string): SipMessage {
  const read = parseMessage(octets, defaultParseLimits);
  assert.ok(read.ok, read.ok ? '' : read.error.reason);
  return read.value;
}

function refused(octets: string): ParseError {
  const read = parseMessage(octets, defaultParseLimits);
  assert.ok(!read.ok);
  return read.error;
}
