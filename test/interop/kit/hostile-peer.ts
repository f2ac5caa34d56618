import { createSocket, type Socket } from 'node:dgram';
import type { Random } from '../../../src/base/random/random.ts';
import { damaged } from './mutations.ts';
import { headerValue, headerValues } from './sip-log.ts';

const statuses = [100, 180, 183, 200, 200, 200, 302, 401, 407, 422, 486, 491, 500, 503, 603, 699];
const requests = ['BYE', 'INVITE', 'INFO', 'UPDATE', 'OPTIONS', 'NOTIFY', 'REFER', 'PRACK', 'ACK', 'CANCEL', 'MESSAGE'];

/** A peer that the server knows and trusts to be one, and that answers and asks nonsense with the right identifiers. */
export class HostilePeer {
  readonly #socket: Socket;
  readonly #random: Random;
  readonly #address: string;
  readonly #server: string;
  #branch = 0;

  constructor(address: string, server: string, random: Random) {
    this.#address = address;
    this.#server = server;
    this.#random = random;
    this.#socket = createSocket('udp4');
    this.#socket.on('message', (octets) => this.#onMessage(octets.toString('latin1')));
    this.#socket.on('error', () => {});
  }

  bind(): Promise<void> {
    return new Promise((resolve) => this.#socket.bind(5060, this.#address, resolve));
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  /** A new call to a number, whole or damaged. */
  call(number: string): void {
    const id = this.#random.hex(8);
    const lines = [
      `From: <sip:4930111@${this.#address}>;tag=${id}`,
      `To: <sip:${number}@${this.#server}>`,
      `Call-ID: ${id}`,
    ];
    this.#send(this.#request('INVITE', `sip:${number}@${this.#server}`, lines, 1), 2);
  }

  #onMessage(text: string): void {
    if (text.startsWith('SIP/2.0')) this.#onResponse(text);
    else this.#onRequest(text);
  }

  #onRequest(text: string): void {
    if (text.startsWith('ACK ')) return;
    const answers = 1 + this.#random.below(3);
    for (let left = answers; left > 0; left--) {
      const status = statuses[this.#random.below(statuses.length)] ?? 200;
      const invite = headerValue(text, 'CSeq').endsWith('INVITE');
      this.#send(this.#response(text, invite ? status : 200), 2);
    }
    if (this.#random.below(3) > 0) return;
    // Requests in the dialog that the answer made, or would have made.
    const target = /<([^>]*)>/.exec(headerValue(text, 'Contact'))?.[1] ?? `sip:${this.#server}`;
    const lines = [
      `From: ${headerValue(text, 'To')};tag=h`,
      `To: ${headerValue(text, 'From')}`,
      `Call-ID: ${headerValue(text, 'Call-ID')}`,
    ];
    this.#sendSome(target, lines);
  }

  #onResponse(text: string): void {
    if (!headerValue(text, 'CSeq').endsWith('INVITE') || /^SIP\/2\.0 1/.test(text)) return;
    const target = /<([^>]*)>/.exec(headerValue(text, 'Contact'))?.[1] ?? `sip:${this.#server}`;
    const lines = ['From', 'To', 'Call-ID'].map((name) => `${name}: ${headerValue(text, name)}`);
    this.#send(this.#request('ACK', target, lines, 1), 4);
    this.#sendSome(target, lines);
  }

  #sendSome(target: string, lines: readonly string[]): void {
    for (let seq = 2; seq < 5; seq++) {
      const method = requests[this.#random.below(requests.length)] ?? 'BYE';
      this.#send(this.#request(method, target, lines, seq), 2);
    }
  }

  #request(method: string, uri: string, lines: readonly string[], seq: number): string {
    const via = `Via: SIP/2.0/UDP ${this.#address}:5060;branch=z9hG4bK${this.#random.hex(4)}${this.#branch++}`;
    const contact = `Contact: <sip:x@${this.#address}:5060>`;
    const sdp = method === 'INVITE' || method === 'ACK' || method === 'UPDATE' ? this.#sdp() : '';
    const body = sdp === '' ? [] : ['Content-Type: application/sdp'];
    const head = [
      `${method} ${uri} SIP/2.0`,
      via,
      'Max-Forwards: 70',
      ...lines,
      `CSeq: ${seq} ${method}`,
      contact,
      ...body,
    ];
    return `${head.join('\r\n')}\r\nContent-Length: ${sdp.length}\r\n\r\n${sdp}`;
  }

  #response(request: string, status: number): string {
    const vias = headerValues(request, 'Via').map((via) => `Via: ${via}`);
    const routes = this.#random.below(4) === 0 ? [`Record-Route: <sip:${this.#address};lr>`] : [];
    const challenge = `Digest realm="carrier.example", nonce="${this.#random.hex(4)}", qop="auth", algorithm=MD5`;
    const asks =
      status === 401 ? [`WWW-Authenticate: ${challenge}`] : status === 407 ? [`Proxy-Authenticate: ${challenge}`] : [];
    const sdp = status < 300 && headerValue(request, 'CSeq').endsWith('INVITE') ? this.#sdp() : '';
    const head = [
      `SIP/2.0 ${status} Whatever`,
      ...vias,
      ...routes,
      `From: ${headerValue(request, 'From')}`,
      `To: ${headerValue(request, 'To')}${headerValue(request, 'To').includes('tag=') ? '' : ';tag=h'}`,
      `Call-ID: ${headerValue(request, 'Call-ID')}`,
      `CSeq: ${headerValue(request, 'CSeq')}`,
      `Contact: <sip:x@${this.#address}:5060>`,
      ...asks,
      ...(sdp === '' ? [] : ['Content-Type: application/sdp']),
    ];
    return `${head.join('\r\n')}\r\nContent-Length: ${sdp.length}\r\n\r\n${sdp}`;
  }

  #sdp(): string {
    const whole = `v=0\r\no=x 1 1 IN IP4 ${this.#address}\r\ns=-\r\nc=IN IP4 ${this.#address}\r\nt=0 0\r\nm=audio 30000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=rtcp:30001\r\na=sendrecv\r\nm=video 0 RTP/AVP 31\r\n`;
    return this.#random.below(2) === 0 ? whole : damaged(whole, this.#random).toString('latin1');
  }

  /** Sends it as it is in one of `outOf` cases, and damaged in the others. */
  #send(text: string, outOf: number): void {
    const octets = this.#random.below(outOf) === 0 ? Buffer.from(text, 'latin1') : damaged(text, this.#random);
    if (octets.length < 60_000) this.#socket.send(octets, 5060, this.#server, () => {});
  }
}
