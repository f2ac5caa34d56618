import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  createResponse,
  defaultParseLimits,
  formatNameAddr,
  formatUri,
  formatVia,
  parseContacts,
  parseMessage,
  parseNameAddr,
  parseUri,
  parseVia,
  parseViaList,
  type SipMessage,
  type SipUri,
  type HeaderReader,
  StreamFramer,
  sameUri,
  serialise,
  stampTopVia,
  withToTag,
} from '../../src/sip/message/index.ts';
import { seededRandom } from '../kit/seeded-random.ts';
import { readRfc4475, readRfc5118, rfc4475, rfc5118 } from '../vectors/vectors.ts';

const vectors = [
  ...rfc4475.map((vector) => readRfc4475(vector.file)),
  ...rfc5118.map((vector) => readRfc5118(vector.file)),
];

/** Mutated vectors a run; the torture run sets a million. */
const mutations = Number(process.env['RINGFENCE_TEST_MUTATIONS'] ?? 20_000);

test('every vector that is accepted reads the same after it was written', () => {
  for (const octets of vectors) {
    const read = parseMessage(octets, defaultParseLimits);
    if (read.ok) assertSameAfterWriting(read.value);
  }
});

test('[protocol.malformed-packet-drop] mutated vectors are read or refused, never thrown at, and what is read can be written', () => {
  const random = seededRandom(4475);
  for (let count = 0; count < mutations; count++) {
    const octets = mutate(vectors[random.below(vectors.length)] ?? '', (bound) => random.below(bound));
    const read = parseMessage(octets, defaultParseLimits);
    if (read.ok) assertUsable(read.value);
    else if (read.error.respondTo !== undefined) serialise(createResponse(read.error.respondTo, read.error.status));
  }
});

test('[protocol.malformed-packet-drop] a stream of mutated vectors in random pieces is framed or ended, never thrown at', () => {
  const random = seededRandom(5118);
  for (let count = 0; count < mutations / 20; count++) {
    const stream = Array.from({ length: 3 }, () =>
      mutate(vectors[random.below(vectors.length)] ?? '', (bound) => random.below(bound)),
    );
    const octets = stream.join('');
    const whole = frames([octets]);
    const pieces: string[] = [];
    for (let at = 0; at < octets.length; ) {
      const next = at + 1 + random.below(60);
      pieces.push(octets.slice(at, next));
      at = next;
    }
    assert.deepEqual(frames(pieces), whole);
  }
});

const octet = fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code));
const anyOctets = fc.string({ unit: fc.integer({ min: 0, max: 0xff }).map((code) => String.fromCharCode(code)) });
const word = fc.stringMatching(/^[a-z][a-z0-9.-]{0,8}[a-z0-9]$/u);
const hostName = word.filter((text) => !text.includes('..'));
const host = fc.oneof(hostName, fc.ipV4(), fc.constantFrom('2001:db8::1', '::ffff:192.0.2.1', '::'));
const port = fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined });
const params = fc.dictionary(word, fc.string({ unit: octet, minLength: 1 }), { maxKeys: 4 });
const paramMap = params.map((entries) => new Map(Object.entries(entries)));

const uri: fc.Arbitrary<SipUri> = fc.record(
  {
    scheme: fc.constantFrom('sip' as const, 'sips' as const),
    user: fc.string({ unit: octet, minLength: 1 }),
    password: fc.option(anyOctets, { nil: undefined }),
    host,
    port,
    params: paramMap,
    headers: fc.constantFrom('', 'subject=a%20b'),
  },
  { noNullPrototype: true },
);

test('any URI that we write is read as the same URI', () => {
  fc.assert(
    fc.property(uri, (written) => {
      const read = parseUri(formatUri(written));
      assert.deepEqual(read, { ok: true, value: written });
      assert.ok(sameUri(written, written));
    }),
  );
});

test('any address that we write is read as the same address', () => {
  const displayName = fc.string({ unit: octet.filter((text) => text !== '\u007f') });
  const text = uri.map(formatUri);
  const quotable = paramMap.filter((map) => [...map.values()].every((value) => !value.includes('\u007f')));
  fc.assert(
    fc.property(displayName, text, quotable, (name, uriText, map) => {
      const written = { displayName: name, uri: uriText, params: map };
      assert.deepEqual(parseNameAddr(formatNameAddr(written)), { ok: true, value: written });
    }),
  );
});

test('any Via that we write is read as the same Via', () => {
  fc.assert(
    fc.property(fc.constantFrom('UDP', 'TCP', 'WSS'), host, port, word, (transport, sentBy, sentPort, branch) => {
      const written = { transport, host: sentBy, port: sentPort, branch, rport: '' as const, params: new Map() };
      const read = parseVia(formatVia(written));
      assert.ok(read.ok);
      const { params: _, ...rest } = read.value;
      assert.deepEqual(rest, { transport, host: sentBy, port: sentPort, branch, rport: '', received: undefined });
    }),
  );
});

test('no octets at all make any reader throw', () => {
  fc.assert(
    fc.property(anyOctets, (octets) => {
      for (const text of [octets, `sip:${octets}`, `<${octets}>`, `"${octets}`, `SIP/2.0/UDP ${octets}`]) {
        parseUri(text);
        parseNameAddr(text);
        parseVia(text);
        parseMessage(text, defaultParseLimits);
        parseMessage(`OPTIONS sip:x SIP/2.0\r\nVia: ${text}\r\n\r\n`, defaultParseLimits);
      }
    }),
    { numRuns: 1000 },
  );
});

function assertUsable(message: SipMessage): void {
  parseContacts(message.headers);
  parseViaList(message.headers.getAll('via'));
  assert.equal(typeof `${message.fromTag}${message.toTag}${message.maxForwards}`, 'string');
  assertSameAfterWriting(message);
  if (message.kind === 'response') return;
  stampTopVia(message, { address: '192.0.2.77', port: 5077 });
  const answer = parseMessage(serialise(withToTag(createResponse(message, 400), 'ours')), defaultParseLimits);
  assert.ok(answer.ok && answer.value.kind === 'response');
  assert.equal(answer.value.callId, message.callId);
  assert.equal(answer.value.topVia.branch, message.topVia.branch);
}

function assertSameAfterWriting(message: SipMessage): void {
  const octets = serialise(message);
  const again = parseMessage(octets, { ...defaultParseLimits, maxMessageOctets: octets.length });
  assert.ok(again.ok, again.ok ? '' : again.error.reason);
  assert.equal(again.value.kind, message.kind);
  assert.equal(again.value.body, message.body);
  assert.deepEqual(withoutLength(again.value), withoutLength(message));
  assert.deepEqual(
    [again.value.callId, again.value.from, again.value.to, again.value.cseq, again.value.topVia],
    [message.callId, message.from, message.to, message.cseq, message.topVia],
  );
}

function withoutLength(message: SipMessage): (readonly [string, string])[] {
  return [...message.headers.entries()].filter(([name]) => name !== 'content-length');
}

function frames(chunks: readonly string[]): string[] {
  const framer = new StreamFramer(defaultParseLimits);
  const seen: string[] = [];
  for (const chunk of chunks) {
    const pushed = framer.push(chunk);
    for (const item of pushed.ok ? pushed.value : []) {
      if (item.kind === 'message') assertReadAlike(item.octets, item.head);
      seen.push(item.kind === 'message' ? item.octets : item.kind);
    }
  }
  if (framer.failure !== undefined) seen.push(`${framer.failure.status} ${framer.failure.reason}`);
  return seen;
}

/** The headers that a framer has read are those that the parser would read in the whole message. */
function assertReadAlike(octets: string, head: HeaderReader | undefined): void {
  assert.ok(head !== undefined);
  const told = (read: ReturnType<typeof parseMessage>): readonly unknown[] =>
    read.ok
      ? [[...read.value.headers.entries()], read.value.body, read.value.topVia]
      : [read.error.status, read.error.reason, read.error.respondTo?.callId];
  const whole = told(parseMessage(octets, defaultParseLimits));
  assert.deepEqual(told(parseMessage(octets, defaultParseLimits, head)), whole);
}

const spice = [
  '\r\n',
  '\r',
  '\n',
  '\0',
  ' ',
  '\t',
  '"',
  '<',
  '>',
  ';',
  ',',
  ':',
  '%',
  '\\',
  '\u00ff',
  '@',
  '[',
  ']',
  '=',
];

/** One to four edits: an octet changed, a piece cut out, doubled, or moved in from elsewhere, something special put in. */
function mutate(octets: string, below: (bound: number) => number): string {
  let text = octets;
  for (let edits = 1 + below(4); edits > 0; edits--) {
    const at = below(text.length + 1);
    const length = below(30);
    const piece = text.slice(at, at + length);
    const inserted =
      [String.fromCharCode(below(256)), piece + piece, spice[below(spice.length)] ?? '', ''][below(4)] ?? '';
    const other = below(text.length + 1);
    if (below(5) === 0) text = text.slice(0, at) + text.slice(other, other + length) + text.slice(at);
    else text = text.slice(0, at) + inserted + text.slice(at + (below(2) === 0 ? length : 1));
  }
  return text;
}
