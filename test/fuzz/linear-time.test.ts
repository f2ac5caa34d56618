import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseSdp } from '../../src/media/index.ts';
import { parseCredentials } from '../../src/sip/digest/index.ts';
import {
  defaultParseLimits,
  parseContacts,
  parseMessage,
  parseNameAddr,
  parseUri,
  parseViaList,
  StreamFramer,
  serialise,
  stampTopVia,
} from '../../src/sip/message/index.ts';

/** Pieces of which a hostile text is made by repeating them: each is what some reader looks for, or looks ahead from. */
const pieces = [
  ...[
    'a',
    ' ',
    '\t',
    '\0',
    '\r',
    '\n',
    '\r\n ',
    '\r\n',
    '"',
    '\\',
    '\\"',
    '"a"',
    '<',
    '>',
    '<a>',
    ';',
    ';a',
    ';a=',
    ';a="',
  ],
  ...[
    ',',
    ', ',
    '<sip:a>,',
    '@',
    ':',
    '::',
    '%',
    '%41',
    '%4',
    '/',
    '=',
    '?',
    '&',
    '[',
    ']',
    '[::1]',
    '.',
    '1.',
    '-',
    '+',
  ],
  ...[
    'SIP/2.0/UDP a;',
    'SIP/2.0/UDP a,',
    'sip:',
    'tel:1',
    'Digest a=b,',
    'a=b\r\n',
    'm=audio 1 RTP/AVP 0\r\n',
    '\u00ff',
  ],
];

const limits = {
  ...{ maxMessageOctets: 1e6, maxHeaders: 1e6, maxHeaderOctets: 1e6, maxBodyOctets: 1e6, maxUriOctets: 1e6 },
  maxStartLineOctets: 1e6,
};

/** A message with the hostile text in one place; every reader that a message of that kind may meet has read it. */
const places: Readonly<Record<string, (text: string) => void>> = {
  'the Request-URI': (text) => read(`OPTIONS sip:${text} SIP/2.0\r\n${head}\r\n`),
  'a Via': (text) => read(`OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=b${text}\r\n${head}\r\n`),
  'a From': (text) => read(`OPTIONS sip:a SIP/2.0\r\nf: ${text}\r\n${head}\r\n`),
  'a Contact': (text) => read(`OPTIONS sip:a SIP/2.0\r\n${head}m: <sip:a>${text}\r\n\r\n`),
  'an unknown header': (text) => read(`OPTIONS sip:a SIP/2.0\r\n${head}X: ${text}\r\n\r\n`),
  'the name of a header': (text) => read(`OPTIONS sip:a SIP/2.0\r\n${head}X${text}\r\n\r\n`),
  'the credentials': (text) => {
    parseCredentials(`Digest username="a", ${text}`);
  },
  'a description': (text) => {
    parseSdp(`v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\n${text}`, { maxOctets: 1e6, maxLines: 1e6, maxMedia: 1e6 });
  },
  'a stream, octet by octet': (text) => {
    const framer = new StreamFramer(defaultParseLimits);
    for (const octet of `OPTIONS sip:a SIP/2.0\r\nX: ${text}`.slice(0, 16_000).split('')) framer.push(octet);
  },
};

const head = 'v: SIP/2.0/UDP a;branch=b\r\nf: sip:a;tag=1\r\nt: sip:b\r\ni: c\r\nCSeq: 1 OPTIONS\r\n';

function read(octets: string): void {
  const message = parseMessage(octets, limits);
  const found = message.ok ? message.value : message.error.respondTo;
  if (found === undefined) return;
  parseContacts(found.headers);
  parseViaList(found.headers.getAll('via'));
  for (const value of found.headers.getAll('contact')) parseNameAddr(value);
  if (found.kind === 'request') {
    parseUri(found.uri);
    stampTopVia(found, { address: '192.0.2.1', port: 5 });
  }
  if (message.ok) serialise(message.value);
}

const smallOctets = 8_000;
const growth = 8;

/** Processor time of this thread; the least of several tries is what the work costs on a busy machine too. */
function cost(work: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const before = process.threadCpuUsage();
    work();
    const { user, system } = process.threadCpuUsage(before);
    least = Math.min(least, user + system);
  }
  return least;
}

describe('[protocol.malformed-packet-drop] the time that a hostile text takes grows with its length, not faster', () => {
  for (const [place, reader] of Object.entries(places)) {
    test(`in ${place}`, { timeout: 120_000 }, () => {
      for (const piece of pieces) {
        const text = (octets: number): string => piece.repeat(Math.ceil(octets / piece.length));
        const [small, large] = [text(smallOctets), text(growth * smallOctets)];
        // Warm, so that the engine's own work is not counted for the first of the two.
        reader(small);
        const manySmall = cost(() => {
          for (let round = 0; round < growth; round++) reader(small);
        });
        const oneLarge = cost(() => reader(large));
        // Quadratic would be 8 times as long, and seconds in all. Some clocks count in ticks of 4 ms.
        assert.ok(
          oneLarge <= 3 * manySmall + 12_000,
          `${JSON.stringify(piece)}: ${manySmall} us for ${growth} pieces, ${oneLarge} us for one of that length`,
        );
      }
    });
  }
});
