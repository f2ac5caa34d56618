import { createSocket } from 'node:dgram';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Secret } from '../../src/base/log/secret.ts';
import { systemRandom } from '../../src/base/random/random.ts';
import { answerChallenge } from '../../src/sip/digest/index.ts';
import {
  createResponse,
  defaultParseLimits,
  parseMessage,
  parseNameAddrList,
  type SipResponse,
  StreamFramer,
  serialise,
} from '../../src/sip/message/index.ts';

import { noRequests, type RequestCounts } from './request-counts.ts';

const random = systemRandom();
const answerMs = 8000;
const host = '127.0.0.1';
const [t1Ms, t2Ms] = [500, 4000];
/** Tells our Call-IDs from those that somebody else uses in the name of a phone. */
const mark = random.hex(4);

/** Where a phone is, and where its server is. */
export interface Place {
  readonly transport: string;
  readonly address: string;
  /** Its own port over UDP, 0 for any; connections have ports of the system's choice. */
  readonly ownPort?: number;
  readonly serverPort: number;
  /** Where its requests are counted. */
  readonly counts?: RequestCounts;
}

/** A phone's address: of 64 in a row, in networks of 16,384. */
export function phoneAddress(network: number, at: number): string {
  return `127.${network + (at >> 14)}.${(at >> 6) & 255}.${(at & 63) + 1}`;
}

/** The octets of one phone, there and back. */
interface Line {
  readonly port: number;
  send(octets: string): void;
  close(): void;
  onMessage: (octets: string) => void;
}

/** A call that stands. */
export interface StandingCall {
  /** @returns whether the BYE was answered with 200. */
  end(): Promise<boolean>;
}

interface Request {
  readonly callId: string;
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

interface Waiting {
  /** Sequence number and method of the request: a late response may be that of the one before. */
  readonly cseq: string;
  settle(response: SipResponse): void;
  /** A provisional response came. */
  proceed(): void;
}

/**
 * One phone: requests by Call-ID, each waiting for its final response, and over UDP sent again as RFC 3261 §17.1 says. What
 * it is asked it answers with 200.
 */
export class Phone {
  readonly #place: Place;
  readonly #user: string;
  readonly #line: Line;
  readonly #counts: RequestCounts;
  readonly #waiting = new Map<string, Waiting>();
  /** The last ACK of each call, for a final response that comes again. */
  readonly #acks = new Map<string, string>();

  private constructor(place: Place, user: string, line: Line) {
    this.#place = place;
    this.#user = user;
    this.#line = line;
    this.#counts = place.counts ?? noRequests();
    line.onMessage = (octets) => this.#receive(octets);
  }

  /** Resolves when it is connected; rejects when it cannot be. */
  static async open(place: Place, user: string): Promise<Phone> {
    return new Phone(place, user, await openLine(place));
  }

  close(): void {
    this.#line.close();
  }

  async register(expiresS = 600): Promise<boolean> {
    const uri = `sip:${host}`;
    const request = this.#request('REGISTER', uri, `<sip:${this.#user}@${host}>`, `Expires: ${expiresS}\r\n`);
    const response = await this.#authorised(request, 'REGISTER', uri);
    // Kamailio takes no registrations in the configuration for calls, and says so.
    return response.status === 200 || response.status === 405;
  }

  /** Asks with OPTIONS. */
  async ask(): Promise<boolean> {
    const uri = `sip:${host}`;
    const request = this.#request('OPTIONS', uri, `<${uri}>`, '');
    return (await this.#authorised(request, 'OPTIONS', uri)).status === 200;
  }

  /** Calls a number. @returns the call, or undefined when it was refused. */
  async call(number: string): Promise<StandingCall | undefined> {
    const { address, serverPort } = this.#place;
    const uri = `sip:${number}@${host}:${serverPort}`;
    const body = `v=0\r\no=- 1 1 IN IP4 ${address}\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n`;
    const request = this.#request('INVITE', uri, `<${uri}>`, 'Content-Type: application/sdp\r\n', body);
    const answer = await this.#authorised(request, 'INVITE', uri);
    if (answer.status !== 200) return undefined;
    const routes = parseNameAddrList(answer.headers.getAll('record-route'));
    const extra = (routes.ok ? routes.value.toReversed() : []).map((hop) => `Route: <${hop.uri}>\r\n`).join('');
    const target = /<([^>]+)>/.exec(answer.headers.get('contact') ?? '')?.[1] ?? uri;
    const to = answer.headers.get('to') ?? '';
    const { seq } = answer.cseq;
    this.#acknowledge(request.callId, this.#render(request, 'ACK', target, seq, { to, extra, body: '' }));
    const bye = this.#render(request, 'BYE', target, seq + 1, { to, extra, body: '' });
    const end = async (): Promise<boolean> => {
      const response = await this.#ask(request.callId, bye);
      this.#acks.delete(request.callId);
      return response.status === 200;
    };
    return { end };
  }

  async #authorised(request: Request, method: string, uri: string): Promise<SipResponse> {
    const { extra, body } = request;
    const first = await this.#ask(request.callId, this.#render(request, method, uri, 1, { extra, body }));
    if (first.status !== 401 && first.status !== 407) return first;
    if (method === 'INVITE') {
      const { branch } = request;
      const to = first.headers.get('to') ?? '';
      this.#acknowledge(request.callId, this.#render(request, 'ACK', uri, 1, { to, branch }));
    }
    const isProxy = first.status === 407;
    const challenges = first.headers.getAll(isProxy ? 'proxy-authenticate' : 'www-authenticate');
    const password = new Secret('secret');
    const answer = answerChallenge({
      ...{ challenges, pinnedRealm: host, username: this.#user, password, method, uri, random },
    });
    if (!answer.ok) throw new Error(answer.error);
    const credentials = `${isProxy ? 'Proxy-Authorization' : 'Authorization'}: ${answer.value}\r\n`;
    return this.#ask(request.callId, this.#render(request, method, uri, 2, { extra: extra + credentials, body }));
  }

  #request(method: string, uri: string, to: string, extra: string, body = ''): Request {
    const id = mark + random.hex(8);
    return { callId: id, uri, to, extra, body, branch: `z9hG4bK${id}1${method}` };
  }

  #render(request: Request, method: string, uri: string, seq: number, given: Given): string {
    const { callId } = request;
    const { transport, address } = this.#place;
    const user = this.#user;
    const { port } = this.#line;
    const { to = request.to, extra = '', body = '', branch = `z9hG4bK${callId}${seq}${method}` } = given;
    return (
      `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/${transport.toUpperCase()} ${address}:${port};rport;branch=${branch}\r\n` +
      `Max-Forwards: 70\r\nFrom: <sip:${user}@${host}>;tag=${callId}\r\nTo: ${to}\r\nCall-ID: ${callId}\r\n` +
      `CSeq: ${seq} ${method}\r\nContact: <sip:${user}@${address}:${port};transport=${transport}>\r\n` +
      `${extra}Content-Length: ${body.length}\r\n\r\n${body}`
    );
  }

  #acknowledge(callId: string, octets: string): void {
    this.#acks.set(callId, octets);
    this.#line.send(octets);
  }

  #ask(callId: string, octets: string): Promise<SipResponse> {
    const counts = this.#counts;
    const proven = /nonce="|^BYE/.test(octets) ? 1 : 0;
    counts.requests++;
    counts.proven += proven;
    const begunMs = performance.now();
    const repetition = this.#repeat(octets, proven);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        repetition.stop();
        this.#waiting.delete(callId);
        counts.provenUnanswered += proven;
        reject(new Error('no answer'));
      }, answerMs);
      const settle = (response: SipResponse): void => {
        clearTimeout(timer);
        repetition.stop();
        this.#waiting.delete(callId);
        counts.answerMs.push(performance.now() - begunMs);
        resolve(response);
      };
      const cseq = /CSeq: (.+)\r/.exec(octets)?.[1] ?? '';
      this.#waiting.set(callId, { cseq, settle, proceed: () => octets.startsWith('INVITE') && repetition.stop() });
      this.#line.send(octets);
    });
  }

  #repeat(octets: string, proven: number): { stop(): void } {
    if (this.#place.transport !== 'udp') return { stop: () => {} };
    let waitMs = t1Ms;
    let timer: NodeJS.Timeout;
    const again = (): void => {
      this.#counts.again++;
      this.#counts.provenAgain += proven;
      this.#line.send(octets);
      waitMs = octets.startsWith('INVITE') ? waitMs * 2 : Math.min(t2Ms, waitMs * 2);
      timer = setTimeout(again, waitMs);
    };
    timer = setTimeout(again, waitMs);
    return { stop: () => clearTimeout(timer) };
  }

  #receive(octets: string): void {
    if (octets.startsWith('SIP/2.0') && !octets.includes(mark)) return;
    const message = parseMessage(octets, defaultParseLimits);
    if (!message.ok) return;
    if (message.value.kind === 'request') {
      if (message.value.method !== 'ACK') this.#line.send(serialise(createResponse(message.value, 200)));
    } else this.#respond(message.value);
  }

  #respond(response: SipResponse): void {
    const { status, callId, cseq } = response;
    const waiting = this.#waiting.get(callId);
    if (waiting?.cseq === `${cseq.seq} ${cseq.method}`) {
      if (status < 200) waiting.proceed();
      else waiting.settle(response);
      return;
    }
    const ack = this.#acks.get(callId);
    if (status < 200 || cseq.method !== 'INVITE' || ack === undefined) return;
    // The last ACK was lost: the server repeats what it acknowledged.
    this.#counts.again++;
    this.#line.send(ack);
  }
}

function openLine({ transport, address, ownPort = 0, serverPort }: Place): Promise<Line> {
  return new Promise((resolve, reject) => {
    const failure = setTimeout(() => reject(new Error('no connection')), answerMs);
    const ready = (line: Line): void => {
      clearTimeout(failure);
      resolve(line);
    };
    if (transport === 'udp') {
      const socket = createSocket('udp4');
      socket.once('error', reject);
      socket.bind(ownPort, address, () => {
        const line: Line = {
          port: socket.address().port,
          send: (octets) => socket.send(octets, serverPort, host),
          close: () => socket.close(),
          onMessage: () => {},
        };
        socket.on('message', (octets) => line.onMessage(octets.toString('latin1')));
        ready(line);
      });
      return;
    }
    const options = { host, port: serverPort, localAddress: address };
    const socket = transport === 'tls' ? connectTls({ ...options, rejectUnauthorized: false }) : connectTcp(options);
    socket.once(transport === 'tls' ? 'secureConnect' : 'connect', () => {
      const framer = new StreamFramer(defaultParseLimits);
      const line: Line = {
        port: socket.localPort ?? 0,
        send: (octets) => void socket.write(octets, 'latin1'),
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
