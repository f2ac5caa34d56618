import { createHash } from 'node:crypto';
import { bracketed, type Endpoint } from '../../src/base/net/endpoint.ts';
import type { Clock, Timer } from '../../src/base/time/clock.ts';
import type { Network, UdpSocket } from '../../src/sip/transport/index.ts';

const realm = 'server.example';
const uri = `sip:${realm}`;
const t1Ms = 500;
const t2Ms = 4000;
const timerFMs = 64 * t1Ms;
/** A phone that is asked again and again gives up and waits. */
const maxAnswers = 4;

let lives = 0;

/** How a phone behaves; the rest is what most phones do. */
export interface PhoneLife {
  readonly user: string;
  password: string;
  readonly userAgent?: string;
  /** After a 200, and after a failure. */
  readonly refreshMs?: number;
  readonly retryMs?: number | (() => number);
  /** Time that it takes to answer a challenge. */
  readonly answerMs?: number;
  /** Its NAT sends each packet from another port. */
  readonly portForEachPacket?: () => number;
  /** A nonce that it still knows from another life of the server. */
  readonly nonce?: string;
}

/** A phone that lives by itself: it registers, answers challenges, repeats what is lost, refreshes, and tries again for ever. */
export class LivingPhone {
  /** Registrations that were granted, refused with 403 or asked for again in vain, and that nobody answered. */
  readonly counts = { served: 0, refused: 0, unanswered: 0, answersSent: 0 };
  readonly life: PhoneLife;
  servedAtMs = Number.NEGATIVE_INFINITY;
  /** The nonce that it would use for its next request. */
  nonce: string;
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #server: Endpoint;
  readonly #callId: string;
  #local: Endpoint;
  #sockets: UdpSocket[] = [];
  #nonceCount = 0;
  #seq = 0;
  #answers = 0;
  #hadCredentials = false;
  #octets = '';
  #timers: Timer[] = [];
  #runs = false;

  constructor(given: {
    readonly network: Network;
    readonly clock: Clock;
    readonly server: Endpoint;
    readonly local: Endpoint;
    readonly life: PhoneLife;
  }) {
    this.#network = given.network;
    this.#clock = given.clock;
    this.#server = given.server;
    this.#local = given.local;
    this.life = given.life;
    this.nonce = given.life.nonce ?? '';
    lives++;
    this.#callId = `${given.life.user}-${lives}`;
  }

  async start(delayMs = 0): Promise<void> {
    await this.#open();
    this.#runs = true;
    this.#later(delayMs, () => this.#register());
  }

  stop(): void {
    this.#runs = false;
    this.#cancel();
    for (const socket of this.#sockets) socket.close();
    this.#sockets = [];
  }

  /** It is somewhere else from now on, and registers there. */
  async moveTo(local: Endpoint): Promise<void> {
    this.stop();
    this.#local = local;
    await this.start();
  }

  async #open(): Promise<void> {
    this.#sockets.push(await this.#network.bindUdp(this.#local, (octets) => this.#receive(octets.toString('latin1'))));
  }

  #register(): void {
    this.#answers = 0;
    this.#request(this.nonce !== '');
  }

  #request(withCredentials: boolean): void {
    this.#cancel();
    this.#seq++;
    this.#hadCredentials = withCredentials;
    const { user, userAgent = 'Phone' } = this.life;
    const host = `${bracketed(this.#local.address)}:${this.#local.port}`;
    const lines = [
      `REGISTER ${uri} SIP/2.0`,
      `Via: SIP/2.0/UDP ${host};rport;branch=z9hG4bK${this.#callId}-${this.#seq}`,
      'Max-Forwards: 70',
      `From: <sip:${user}@${realm}>;tag=${this.#seq}`,
      `To: <sip:${user}@${realm}>`,
      `Call-ID: ${this.#callId}`,
      `CSeq: ${this.#seq} REGISTER`,
      `Contact: <sip:${user}@${host}>`,
      `User-Agent: ${userAgent}`,
      'Expires: 3600',
      ...(withCredentials ? [`Authorization: ${this.#credentials()}`] : []),
      'Content-Length: 0',
    ];
    this.#octets = `${lines.join('\r\n')}\r\n\r\n`;
    this.#transmit(t1Ms, timerFMs);
  }

  #transmit(intervalMs: number, leftMs: number): void {
    this.#send();
    if (leftMs <= 0) return this.#failed('unanswered');
    this.#later(intervalMs, () => this.#transmit(Math.min(t2Ms, intervalMs * 2), leftMs - intervalMs));
  }

  #send(): void {
    const { portForEachPacket } = this.life;
    const octets = Buffer.from(this.#octets, 'latin1');
    if (portForEachPacket === undefined) return this.#sockets[0]?.send(octets, this.#server);
    this.#local = { ...this.#local, port: portForEachPacket() };
    void this.#open().then(() => {
      this.#sockets.at(-1)?.send(octets, this.#server);
      while (this.#sockets.length > 5) this.#sockets.shift()?.close();
    });
  }

  #receive(text: string): void {
    if (!this.#runs || !text.startsWith('SIP/2.0 ') || !text.includes(`CSeq: ${this.#seq} REGISTER`)) return;
    const status = Number(text.slice(8, 11));
    if (status < 200) return;
    if (status === 401) return this.#challenged(text);
    this.#cancel();
    if (status !== 200) return this.#failed('refused');
    this.counts.served++;
    this.servedAtMs = this.#clock.monotonicMs();
    this.#later(this.life.refreshMs ?? 1_800_000, () => this.#register());
  }

  #challenged(text: string): void {
    this.#cancel();
    const isStale = /stale=true/i.test(text);
    if ((this.#hadCredentials && !isStale) || this.#answers >= maxAnswers) return this.#failed('refused');
    this.nonce = /nonce="([^"]*)"/.exec(text)?.[1] ?? '';
    this.#nonceCount = 0;
    this.#answers++;
    this.counts.answersSent++;
    const { answerMs = 0 } = this.life;
    if (answerMs === 0) this.#request(true);
    else this.#later(answerMs, () => this.#request(true));
  }

  #failed(how: 'refused' | 'unanswered'): void {
    this.counts[how]++;
    this.nonce = '';
    const { retryMs = 60_000 } = this.life;
    this.#later(typeof retryMs === 'number' ? retryMs : retryMs(), () => this.#register());
  }

  #credentials(): string {
    const { user, password } = this.life;
    const nc = (++this.#nonceCount).toString(16).padStart(8, '0');
    const ha1 = md5(`${user}:${realm}:${password}`);
    const response = md5(`${ha1}:${this.nonce}:${nc}:c0ffee:auth:${md5(`REGISTER:${uri}`)}`);
    const fields = `username="${user}", realm="${realm}", nonce="${this.nonce}", uri="${uri}", response="${response}"`;
    return `Digest ${fields}, algorithm=MD5, cnonce="c0ffee", nc=${nc}, qop=auth`;
  }

  #later(delayMs: number, act: () => void): void {
    this.#timers.push(this.#clock.after(delayMs, act));
  }

  #cancel(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
  }
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
