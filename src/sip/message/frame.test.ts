import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultParseLimits, type FrameItem, type ParseError, StreamFramer } from './index.ts';

const head = ['OPTIONS sip:b@x SIP/2.0', 'Via: SIP/2.0/TCP a', 'From: <sip:a@x>;tag=1', 'To: <sip:b@x>', 'Call-ID: c1'];
const withBody = [...head, 'CSeq: 1 OPTIONS', 'Content-Length: 12', '', 'one\r\n\r\ntwo\r\n'].join('\r\n');
const folded = [...head, 'CSeq: 2 OPTIONS', 'l :\r\n 3', '', 'abc'].join('\r\n');
const empty = [...head, 'CSeq: 3 OPTIONS', 'Content-Length: 0', '', ''].join('\r\n');
const stream = `${withBody}${folded}\r\n${empty}\r\n\r\n${withBody}\r\n\r\n\r\n\r\n`;
const expected = [withBody, folded, empty, 'keepalive', withBody, 'keepalive', 'keepalive'];

test('a stream is cut into the same messages wherever its octets are cut', () => {
  assert.deepEqual(framed([stream]).items, expected);
  for (let at = 0; at <= stream.length; at++) {
    assert.deepEqual(framed([stream.slice(0, at), stream.slice(at)]).items, expected, `cut at ${at}`);
  }
  assert.deepEqual(framed(stream.split('')).items, expected, 'octet by octet');
});

const broken: readonly (readonly [string, number, boolean, string])[] = [
  ['no Content-Length', 400, true, [...head, 'CSeq: 1 OPTIONS', '', ''].join('\r\n')],
  ['a negative one', 400, true, [...head, 'CSeq: 1 OPTIONS', 'Content-Length: -1', '', ''].join('\r\n')],
  ['two', 400, true, [...head, 'CSeq: 1 OPTIONS', 'Content-Length: 0', 'l: 0', '', ''].join('\r\n')],
  ['one hidden behind a bare LF', 400, true, [...head, 'CSeq: 1 OPTIONS', 'X: a\nl: 0', '', ''].join('\r\n')],
  ['one larger than the maximum', 513, true, [...head, 'CSeq: 1 OPTIONS', 'l: 65535', '', ''].join('\r\n')],
  ['one beyond every range', 400, true, [...head, 'CSeq: 1 OPTIONS', `l: ${'9'.repeat(400)}`, '', ''].join('\r\n')],
  ['HTTP', 400, false, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a TLS hello', 400, false, '\u0016\u0003\u0001'],
  ['half a line end', 400, false, '\rOPTIONS'],
  ['headers without end', 513, false, `OPTIONS sip:b@x SIP/2.0\r\n${'X: y\r\n'.repeat(11_000)}`],
];

for (const [what, status, isAnswered, octets] of broken) {
  test(`[protocol.malformed-packet-drop] ${what} on a stream ends it with ${status}, after the messages before`, () => {
    for (const chunks of [[empty, octets], [empty + octets], (empty + octets).split('')]) {
      const { items, error } = framed([...chunks, empty]);
      assert.deepEqual(items, [empty]);
      assert.equal(error?.status, status);
      assert.equal(error.respondTo !== undefined, isAnswered);
    }
  });
}

test('a message of the maximal size passes and the next one too', () => {
  const most = defaultParseLimits.maxMessageOctets;
  const start = [...head, 'CSeq: 1 OPTIONS', ''].join('\r\n');
  const length = most - start.length - 'l: 12345\r\n\r\n'.length;
  const largest = `${start}l: ${length}\r\n\r\n${'x'.repeat(length)}`;
  assert.equal(largest.length, most);
  assert.deepEqual(framed([largest.slice(0, 5), largest.slice(5), empty]).items, [largest, empty]);
});

test('octets of a message that is not whole are counted until it is; line ends between messages are none', () => {
  const framer = new StreamFramer(defaultParseLimits);
  const rows: readonly (readonly [string, number])[] = [
    ['\r\n\r', 0],
    ['\n', 0],
    ['OPTIONS', 7],
    [withBody.slice(7, -3), withBody.length - 3],
    [withBody.slice(-3), 0],
    [`${empty}OPT`, 3],
    [empty.slice(3), 0],
    ['OPT\0 ', 5],
    ['\r\n\r\n', 0],
  ];
  for (const [octets, pending] of rows) {
    framer.push(octets);
    assert.equal(framer.pendingOctets, pending, JSON.stringify(octets));
  }
  assert.equal(framer.failure?.status, 400);
});

test('octets that trickle in one by one cost linear time', () => {
  const start = [...head, 'CSeq: 1 OPTIONS', ''].join('\r\n');
  const slow = `${start}X: ${'x'.repeat(50_000)}\r\nl: 10000\r\n\r\n${'y'.repeat(10_000)}`;
  const started = process.cpuUsage();
  const { items } = framed(slow.split(''));
  assert.deepEqual(items, [slow]);
  assert.ok(process.cpuUsage(started).user < 500_000);
});

function framed(chunks: readonly string[]): { items: string[]; error: ParseError | undefined } {
  const framer = new StreamFramer(defaultParseLimits);
  const items: string[] = [];
  for (const chunk of chunks) {
    const pushed = framer.push(chunk);
    if (!pushed.ok) {
      assert.equal(framer.failure, pushed.error);
      return { items, error: pushed.error };
    }
    items.push(...pushed.value.map(nameItem));
  }
  return { items, error: framer.failure };
}

function nameItem(item: FrameItem): string {
  return item.kind === 'message' ? item.octets : item.kind;
}
