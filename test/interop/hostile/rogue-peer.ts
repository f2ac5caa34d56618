import { createHash, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { headerValue } from '../kit/sip-log.ts';

export interface RequestParts {
  readonly method: string;
  readonly uri: string;
  /** The user in From; the name of the peer when left out. */
  readonly user?: string;
  /** To as a header value, with its tag in a dialog. */
  readonly to?: string;
  readonly callId?: string;
  readonly fromTag?: string;
  readonly cseq?: number;
  /** The topmost Via as a header value; the peer's own when left out. */
  readonly via?: string;
  /** Header lines, each with its CRLF. */
  readonly headers?: string;
  readonly body?: string;
}

/** What a password answers a challenge with. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

const waitMs = 2000;
/** When a phone sends a request again that nobody has answered (RFC 3261 §17.1.1.2), and when it gives up. */
const repeatsAfterMs = [500, 1000, 2000, 4000];

/** A peer on UDP that sends octets as they are and keeps what comes. Sends to one server, unless told otherwise. */
export class RoguePeer {
  readonly address: string;
  readonly name: string;
  /** Datagrams as they came, oldest first. */
  readonly received: string[] = [];
  /** Sends its questions again, as phones do, and waits longer: for one that is to be served while others are not. */
  isPatient = false;
  /** What comes in thousands, for others have asked for it in this peer's name: it is counted, and not kept. */
  isNoise: (text: string) => boolean = () => false;
  noise = 0;
  readonly #socket: Socket;
  readonly #server: string;
  #onDatagram: () => void = () => {};

  private constructor(socket: Socket, name: string, address: string, server: string) {
    this.#socket = socket;
    this.name = name;
    this.address = address;
    this.#server = server;
    socket.on('message', (octets) => {
      const text = octets.toString('latin1');
      if (this.isNoise(text)) {
        this.noise++;
        return;
      }
      this.received.push(text);
      this.#onDatagram();
    });
    socket.on('error', () => {});
  }

  static bind(name: string, address: string, server: string, port = 5060): Promise<RoguePeer> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4_000_000 });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, address, () => resolve(new RoguePeer(socket, name, address, server)));
    });
  }

  get port(): number {
    return this.#socket.address().port;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.close(() => resolve());
    });
  }

  send(octets: string): void {
    this.#socket.send(Buffer.from(octets, 'latin1'), 5060, this.#server);
  }

  sendRtp(packet: Uint8Array, port: number): void {
    this.#socket.send(packet, port, this.#server);
  }

  /** The first datagram, already here or yet to come, that fits and was not taken before; undefined when none comes. */
  async take(fits: (text: string) => boolean, timeoutMs = waitMs): Promise<string | undefined> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const at = this.received.findIndex(fits);
      if (at >= 0) return this.received.splice(at, 1)[0];
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return undefined;
      await this.#arrival(leftMs);
    }
  }

  /** As `take`, where silence is a failure. */
  async expect(what: string, fits: (text: string) => boolean): Promise<string> {
    const text = await this.take(fits, this.isPatient ? waitMs * 4 : waitMs);
    if (text === undefined)
      throw new Error(`${this.name} got no ${what}, but ${this.received.map(firstLine).join(' | ')}`);
    return text;
  }

  request(parts: RequestParts): string {
    const { method, uri, user = this.name, headers = '', body = '', cseq = 1 } = parts;
    // Only a Contact makes it a call (RFC 3261 §8.1.1.8).
    const isPlainCall = method === 'INVITE' && !/^(?:contact|m) *:/im.test(headers);
    const contact = isPlainCall ? `Contact: <sip:${user}@${this.address}:${this.port}>\r\n` : '';
    const via = parts.via ?? `SIP/2.0/UDP ${this.address}:${this.port};rport;branch=z9hG4bK${token()}`;
    return (
      `${method} ${uri} SIP/2.0\r\nVia: ${via}\r\nMax-Forwards: 70\r\n` +
      `From: <sip:${user}@${this.#server}>;tag=${parts.fromTag ?? token()}\r\nTo: ${parts.to ?? `<${uri}>`}\r\n` +
      `Call-ID: ${parts.callId ?? token()}\r\nCSeq: ${cseq} ${method}\r\n${contact}${headers}Content-Length: ${body.length}\r\n\r\n${body}`
    );
  }

  /** Sends a request, answers its challenge, and gives the final answer. */
  async ask(parts: RequestParts, login?: Login): Promise<string> {
    const whole = { callId: token(), fromTag: token(), ...parts };
    const { method, uri, callId, cseq = 1, headers = '' } = whole;
    const first = await this.#answerTo(this.request(whole), method, (text) => isFinal(text, callId, cseq, method));
    if (login === undefined || !/^SIP\/2\.0 40[17]/.test(first)) return first;
    if (method === 'INVITE') this.acknowledge(uri, first);
    const credentials = answerChallenge(first, method, uri, login);
    const again = { ...whole, cseq: cseq + 1, headers: headers + credentials };
    return this.#answerTo(this.request(again), method, (text) => isFinal(text, callId, cseq + 1, method));
  }

  register(login: Login): Promise<string> {
    const uri = `sip:${this.#server}`;
    const headers = `Contact: <sip:${login.user}@${this.address}:${this.port}>\r\nExpires: 600\r\n`;
    return this.ask({ method: 'REGISTER', uri, to: `<sip:${login.user}@${this.#server}>`, headers }, login);
  }

  /** The ACK of a refusal. */
  acknowledge(uri: string, answer: string): void {
    const copied = ['Via', 'From', 'To', 'Call-ID'].map((name) => `${name}: ${headerValue(answer, name)}\r\n`);
    this.send(`ACK ${uri} SIP/2.0\r\n${copied.join('')}CSeq: ${headerValue(answer, 'CSeq').split(' ')[0]} ACK\r\n\r\n`);
  }

  /** Answers a request of the server. */
  respond(request: string, status: number, body = ''): void {
    const lines = request.split('\r\n\r\n')[0]?.split('\r\n').slice(1) ?? [];
    const copied = lines.filter((line) => /^(?:Via|From|To|Call-ID|CSeq|Record-Route):/.test(line));
    const tagged = copied.map((line) =>
      line.startsWith('To:') && !line.includes(';tag=') ? `${line};tag=rogue` : line,
    );
    const type = body === '' ? '' : 'Content-Type: application/sdp\r\n';
    const contact = `Contact: <sip:${this.name}@${this.address}:${this.port}>\r\n`;
    this.send(
      `SIP/2.0 ${status} Rogue\r\n${tagged.join('\r\n')}\r\n${contact}${type}Content-Length: ${body.length}\r\n\r\n${body}`,
    );
  }

  async #answerTo(request: string, method: string, fits: (text: string) => boolean): Promise<string> {
    this.send(request);
    for (const afterMs of this.isPatient ? repeatsAfterMs : []) {
      const text = await this.take(fits, afterMs);
      if (text !== undefined) return text;
      this.send(request);
    }
    return this.expect(`answer to ${method}`, fits);
  }

  #arrival(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#onDatagram = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

export function token(): string {
  return randomBytes(6).toString('hex');
}

export function firstLine(text: string): string {
  return text.split('\r\n', 1)[0] ?? '';
}

export function sdp(address: string, port: number, more = ''): string {
  return `v=0\r\no=- 1 1 IN IP4 ${address}\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\n${more}`;
}

/** The credentials header line for a challenge; `count` is the nonce count. */
export function answerChallenge(challenge: string, method: string, uri: string, login: Login, count = 1): string {
  const isProxy = challenge.includes('\r\nProxy-Authenticate:');
  const value = headerValue(challenge, isProxy ? 'Proxy-Authenticate' : 'WWW-Authenticate');
  const [, realm = ''] = /realm="([^"]*)"/.exec(value) ?? [];
  const [, nonce = ''] = /nonce="([^"]*)"/.exec(value) ?? [];
  const nc = count.toString(16).padStart(8, '0');
  const secret = md5(`${login.user}:${realm}:${login.password}`);
  const response = md5(`${secret}:${nonce}:${nc}:0a4f113b:auth:${md5(`${method}:${uri}`)}`);
  const name = isProxy ? 'Proxy-Authorization' : 'Authorization';
  return (
    `${name}: Digest username="${login.user}", realm="${realm}", nonce="${nonce}", uri="${uri}", ` +
    `response="${response}", algorithm=MD5, cnonce="0a4f113b", qop=auth, nc=${nc}\r\n`
  );
}

function isFinal(text: string, callId: string, cseq: number, method: string): boolean {
  if (!/^SIP\/2\.0 [2-6]/.test(text) || headerValue(text, 'Call-ID') !== callId) return false;
  return headerValue(text, 'CSeq') === `${cseq} ${method}`;
}

function md5(text: string): string {
  return createHash('md5').update(text, 'latin1').digest('hex');
}
