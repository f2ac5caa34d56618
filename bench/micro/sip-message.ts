import {
  createResponse,
  defaultParseLimits,
  parseMessage,
  StreamFramer,
  serialise,
  stampTopVia,
  withToTag,
} from '../../src/sip/message/index.ts';

// Microseconds of one core for each step of a SIP message: `node bench/micro/sip-message.ts`. The least of several
// rounds is printed, because everything else on the machine only adds.

const caller = [
  'Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-524287-1---7b3c5d9e;rport',
  'Max-Forwards: 70',
  'Contact: <sip:1001@192.0.2.10:5060;rinstance=7d1c6a5b>',
  'From: "Alice" <sip:1001@example.com>;tag=9f8e7d6c',
  'Call-ID: 8a7b6c5d4e3f2a1b@192.0.2.10',
  'User-Agent: Example Phone 5.4.1',
];
const authorization =
  'Authorization: Digest username="1001",realm="example.com",nonce="MTcxNzYxMjM0NTo2Nzg5",uri="sip:example.com",' +
  'response="0123456789abcdef0123456789abcdef",algorithm=MD5,cnonce="ab12cd34",qop=auth,nc=00000001';
const register = [
  'REGISTER sip:example.com SIP/2.0',
  ...caller,
  'To: "Alice" <sip:1001@example.com>',
  'CSeq: 2 REGISTER',
  'Expires: 3600',
  authorization,
  'Content-Length: 0',
];
const sdp = [
  ...['v=0', 'o=- 3 3 IN IP4 192.0.2.10', 's=-', 'c=IN IP4 192.0.2.10', 't=0 0', 'm=audio 4000 RTP/AVP 0 8 101'],
  ...['a=rtpmap:0 PCMU/8000', 'a=rtpmap:8 PCMA/8000', 'a=rtpmap:101 telephone-event/8000', 'a=sendrecv', ''],
].join('\r\n');
const invite = [
  'INVITE sip:0043123456@example.com SIP/2.0',
  ...caller,
  'To: <sip:0043123456@example.com>',
  'CSeq: 1 INVITE',
  'Allow: INVITE, ACK, CANCEL, BYE, NOTIFY',
  'Content-Type: application/sdp',
  `Content-Length: ${sdp.length}`,
];

const rounds = 9;
const perRound = 100_000;
let sink: unknown;

function measure(name: string, step: () => unknown): void {
  let leastUs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const startedMs = performance.now();
    for (let count = 0; count < perRound; count++) sink = step();
    leastUs = Math.min(leastUs, ((performance.now() - startedMs) * 1000) / perRound);
  }
  console.log(`${name.padEnd(44)} ${leastUs.toFixed(2)} us`);
}

function measureMessage(name: string, octets: string): void {
  const datagram = Buffer.from(octets, 'latin1');
  const out = Buffer.alloc(65_535);
  const read = parseMessage(octets, defaultParseLimits);
  if (!read.ok || read.value.kind !== 'request') throw new Error('the message of the benchmark must be right');
  const request = read.value;
  const label = `${name} (${octets.length} octets)`;
  measure(`${label} decode`, () => datagram.toString('latin1'));
  measure(`${label} decode, parse`, () => parseMessage(datagram.toString('latin1'), defaultParseLimits));
  measure(`${label} decode, parse, stamp Via`, () => {
    const received = parseMessage(datagram.toString('latin1'), defaultParseLimits);
    if (received.ok && received.value.kind === 'request') {
      stampTopVia(received.value, { address: '198.51.100.1', port: 4000 });
    }
    return received;
  });
  measure(`${label} frame`, () => new StreamFramer(defaultParseLimits).push(octets));
  measure(`${label} serialise, write`, () => out.write(serialise(request), 'latin1'));
  measure(`${label} answer, tag, serialise, write`, () =>
    out.write(serialise(withToTag(createResponse(request, 200), 'a1b2c3d4')), 'latin1'),
  );
}

measureMessage('REGISTER', `${register.join('\r\n')}\r\n\r\n`);
measureMessage('INVITE', `${invite.join('\r\n')}\r\n\r\n${sdp}`);
if (sink === undefined) throw new Error('nothing was measured');
