// Phones as a load, in a process of its own: `connections` of them stand, registered, and then call or register at a
// fixed rate. Prints a line of JSON when they stand, then one for each round, which a line of standard input begins; the
// line `end` ends it.
import { createSocket } from 'node:dgram';
import { connect as connectTcp } from 'node:net';
import { createInterface } from 'node:readline';
import { connect as connectTls } from 'node:tls';
import { parseArgs } from 'node:util';
import { Secret } from '../../src/base/log/secret.ts';
import { systemRandom } from '../../src/base/random/random.ts';
import { answerChallenge } from '../../src/sip/digest/index.ts';
import {
  defaultParseLimits,
  parseMessage,
  parseNameAddrList,
  type SipResponse,
  StreamFramer,
} from '../../src/sip/message/index.ts';

const { values } = parseArgs({
  options: {
    transport: { type: 'string', default: 'tls' },
    port: { type: 'string', default: '5071' },
    connections: { type: 'string', default: '1000' },
    rate: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '10' },
    /** What a phone does: call, register, or return (open a new connection and register). */
    does: { type: 'string', default: 'call' },
    /** Second octet of the addresses: sources of their own for each process. */
    network: { type: 'string', default: '1' },
  },
});
const { transport, does } = values;
const server = { host: '127.0.0.1', port: Number(values.port) };
const total = Number(values.connections);
const random = systemRandom();
// One after the other: Kamailio 5.6 over OpenSSL 3 dies now and then of handshakes at once.
const atOnce = 1;
const answerMs = 8000;
const talkMs = 100;
const via = transport.toUpperCase();

/** The octets of one phone, there and back. */
interface Line {
  readonly address: string;
  readonly port: number;
  send(octets: string): void;
  close(): void;
  onMessage: (octets: string) => void;
}

function addressOf(at: number): string {
  return `127.${values.network}.${at >> 6}.${(at & 63) + 1}`;
}

function open(address: string): Promise<Line> {
  return new Promise((resolve, reject) => {
    const failure = setTimeout(() => reject(new Error('no connection')), answerMs);
    const ready = (line: Line): void => {
      clearTimeout(failure);
      resolve(line);
    };
    if (transport === 'udp') {
      const socket = createSocket('udp4');
      socket.bind(0, address, () => {
        const send = (octets: string): void => socket.send(octets, server.port, server.host);
        const line: Line = {
          address,
          port: socket.address().port,
          send,
          close: () => socket.close(),
          onMessage: () => {},
        };
        socket.on('message', (octets) => line.onMessage(octets.toString('latin1')));
        ready(line);
      });
      return;
    }
    const options = { ...server, localAddress: address };
    const socket = transport === 'tls' ? connectTls({ ...options, rejectUnauthorized: false }) : connectTcp(options);
    socket.once(transport === 'tls' ? 'secureConnect' : 'connect', () => {
      const framer = new StreamFramer(defaultParseLimits);
      const send = (octets: string): void => void socket.write(octets, 'latin1');
      const line: Line = {
        address,
        port: socket.localPort ?? 0,
        send,
        close: () => socket.destroy(),
        onMessage: () => {},
      };
      socket.setEncoding('latin1').on('data', (octets: string) => {
        const frames = framer.push(octets);
        for (const frame of frames.ok ? frames.value : []) if (frame.kind === 'message') line.onMessage(frame.octets);
      });
      ready(line);
    });
    socket.on('error', reject);
  });
}

/** One phone: requests by Call-ID, each waiting for its final response. */
class Phone {
  readonly user: string;
  readonly #line: Line;
  readonly #waiting = new Map<string, (response: SipResponse) => void>();

  constructor(line: Line, user: string) {
    this.#line = line;
    this.user = user;
    line.onMessage = (octets) => this.#receive(octets);
  }

  close(): void {
    this.#line.close();
  }

  async register(): Promise<boolean> {
    const uri = 'sip:127.0.0.1';
    const request = this.#request('REGISTER', uri, `<sip:${this.user}@127.0.0.1>`, 'Expires: 600\r\n');
    const response = await this.#authorised(request, 'REGISTER', uri);
    // Kamailio takes no registrations in the configuration for calls, and says so.
    return response.status === 200 || response.status === 405;
  }

  async call(): Promise<boolean> {
    const uri = `sip:200@127.0.0.1:${server.port}`;
    const { address } = this.#line;
    const body = `v=0\r\no=- 1 1 IN IP4 ${address}\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n`;
    const request = this.#request('INVITE', uri, `<${uri}>`, 'Content-Type: application/sdp\r\n', body);
    const answer = await this.#authorised(request, 'INVITE', uri);
    if (answer.status !== 200) return false;
    const routes = parseNameAddrList(answer.headers.getAll('record-route'));
    const route = (routes.ok ? routes.value.toReversed() : []).map((hop) => `Route: <${hop.uri}>\r\n`).join('');
    const target = /<([^>]+)>/.exec(answer.headers.get('contact') ?? '')?.[1] ?? uri;
    const to = answer.headers.get('to') ?? '';
    const seq = answer.cseq.seq;
    this.#line.send(render(request, 'ACK', target, seq, { to, extra: route }));
    await new Promise((resolve) => setTimeout(resolve, talkMs));
    const ended = await this.#ask(request.callId, render(request, 'BYE', target, seq + 1, { to, extra: route }));
    return ended.status === 200;
  }

  async #authorised(request: Request, method: string, uri: string): Promise<SipResponse> {
    const { extra, body } = request;
    const first = await this.#ask(request.callId, render(request, method, uri, 1, { extra, body }));
    if (first.status !== 401 && first.status !== 407) return first;
    if (method === 'INVITE') {
      const { branch } = request;
      this.#line.send(render(request, 'ACK', uri, 1, { to: first.headers.get('to') ?? '', branch }));
    }
    const isProxy = first.status === 407;
    const challenges = first.headers.getAll(isProxy ? 'proxy-authenticate' : 'www-authenticate');
    const password = new Secret('secret');
    const answer = answerChallenge({
      challenges,
      pinnedRealm: '127.0.0.1',
      username: this.user,
      password,
      method,
      uri,
      random,
    });
    if (!answer.ok) throw new Error(answer.error);
    const credentials = `${isProxy ? 'Proxy-Authorization' : 'Authorization'}: ${answer.value}\r\n`;
    return this.#ask(request.callId, render(request, method, uri, 2, { extra: extra + credentials, body }));
  }

  #request(method: string, uri: string, to: string, extra: string, body = ''): Request {
    const { address, port } = this.#line;
    const id = random.hex(8);
    return { callId: id, user: this.user, address, port, uri, to, extra, body, branch: `z9hG4bK${id}1${method}` };
  }

  #ask(callId: string, octets: string): Promise<SipResponse> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no answer')), answerMs);
      this.#waiting.set(callId, (response) => {
        clearTimeout(timer);
        this.#waiting.delete(callId);
        resolve(response);
      });
      this.#line.send(octets);
    });
  }

  #receive(octets: string): void {
    const message = parseMessage(octets, defaultParseLimits);
    if (!message.ok || message.value.kind !== 'response' || message.value.status < 200) return;
    this.#waiting.get(message.value.callId)?.(message.value);
  }
}

interface Request {
  readonly callId: string;
  readonly user: string;
  readonly address: string;
  readonly port: number;
  readonly uri: string;
  readonly to: string;
  readonly extra: string;
  readonly body: string;
  readonly branch: string;
}

interface Given {
  readonly to?: string;
  readonly extra?: string;
  readonly body?: string;
  readonly branch?: string;
}

function render(request: Request, method: string, uri: string, seq: number, given: Given): string {
  const { callId, user, address, port } = request;
  const { to = request.to, extra = '', body = '', branch = `z9hG4bK${callId}${seq}${method}` } = given;
  return (
    `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/${via} ${address}:${port};rport;branch=${branch}\r\nMax-Forwards: 70\r\n` +
    `From: <sip:${user}@127.0.0.1>;tag=${callId}\r\nTo: ${to}\r\nCall-ID: ${callId}\r\nCSeq: ${seq} ${method}\r\n` +
    `Contact: <sip:${user}@${address}:${port};transport=${transport}>\r\n${extra}Content-Length: ${body.length}\r\n\r\n${body}`
  );
}

async function newPhone(at: number): Promise<Phone> {
  const phone = new Phone(await open(addressOf(at)), `u${at}`);
  if (await phone.register()) return phone;
  throw new Error(`u${at} is not registered`);
}

async function operate(phones: readonly Phone[], at: number): Promise<boolean> {
  const phone = phones[at % phones.length];
  if (phone === undefined) return false;
  if (does === 'call') return phone.call();
  if (does === 'register') return phone.register();
  const again = await newPhone(at % phones.length);
  again.close();
  return true;
}

const phones: Phone[] = [];
let next = 0;
await Promise.all(
  Array.from({ length: atOnce }, async () => {
    for (let at = next++; at < total; at = next++) phones[at] = await newPhone(at);
  }),
);
console.log(JSON.stringify({ standing: phones.length }));

for await (const word of createInterface({ input: process.stdin })) {
  if (word === 'end') break;
  console.log(JSON.stringify(await oneRound()));
}
process.exit(0);

/** Open loop: the next operation begins at its time, whether or not the last ones are over. */
async function oneRound(): Promise<object> {
  const operations = Math.round(Number(values.rate) * Number(values.seconds));
  const begunMs = performance.now();
  const outcomes: Promise<boolean>[] = [];
  for (let at = 0; at < operations; at++) {
    const waitMs = begunMs + (at * 1000) / Number(values.rate) - performance.now();
    if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
    outcomes.push(operate(phones, at).catch(() => false));
  }
  const done = (await Promise.all(outcomes)).filter((isDone) => isDone).length;
  return { done, failed: operations - done };
}
