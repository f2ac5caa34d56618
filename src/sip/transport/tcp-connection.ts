import type { Endpoint } from '../../base/net/endpoint.ts';
import type { Clock } from '../../base/time/clock.ts';
import { type FrameItem, type ParseError, StreamFramer } from '../message/index.ts';
import type { Flow } from './flow.ts';
import type { TcpStream } from './ports.ts';
import { deliver, packetSource, type TransportContext } from './receive.ts';

/** The answer to a keep-alive's double CRLF (RFC 5626 §4.4.1). */
const pong = Buffer.from('\r\n', 'latin1');

/** How long a connection that we have ended may take to go. */
const endTimeoutMs = 5_000;

export interface ConnectionOrigin {
  readonly connectionId: number;
  /** True for a connection that the peer opened. */
  readonly accepted: boolean;
  /** Called once, when the connection itself decides to end at once. */
  readonly onDestroyed: () => void;
}

/** One TCP connection: the flow that messages are sent on, and the framing and time limits of what comes in. */
export class TcpConnection implements Flow {
  readonly transport = 'tcp';
  readonly reliable = true;
  readonly connectionId: number;
  readonly accepted: boolean;
  readonly remote: Endpoint;
  readonly #stream: TcpStream;
  readonly #clock: Clock;
  readonly #context: TransportContext;
  readonly #framer: StreamFramer;
  readonly #onDestroyed: () => void;
  #state: 'open' | 'ending' | 'closed' = 'open';
  #proven = false;
  /** The last octet of the peer or, on a connection of ours that was never answered, our last message. */
  #quietSinceMs: number;
  #halfMessageSinceMs: number | undefined;
  #endedAtMs = 0;

  constructor(stream: TcpStream, origin: ConnectionOrigin, clock: Clock, context: TransportContext) {
    this.#stream = stream;
    this.connectionId = origin.connectionId;
    this.accepted = origin.accepted;
    this.remote = stream.remote;
    this.#clock = clock;
    this.#context = context;
    this.#onDestroyed = origin.onDestroyed;
    this.#framer = new StreamFramer(context.limits.message);
    this.#quietSinceMs = clock.monotonicMs();
    stream.onData = (octets) => this.#receive(octets);
  }

  get local(): Endpoint {
    return this.#stream.local;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** True once the peer has sent a valid message. */
  get isProven(): boolean {
    return this.#proven;
  }

  send(octets: string): void {
    if (this.#state !== 'open') return;
    if (!this.#proven && !this.accepted) this.#quietSinceMs = this.#clock.monotonicMs();
    this.#write(Buffer.from(octets, 'latin1'));
  }

  /** True when a time limit is over and the connection has to be destroyed. */
  isOverdue(nowMs: number): boolean {
    const { limits } = this.#context;
    if (this.#state === 'ending') return nowMs - this.#endedAtMs >= endTimeoutMs;
    const half = this.#halfMessageSinceMs;
    if (half !== undefined && nowMs - half >= limits.halfMessageTimeoutMs) return true;
    return nowMs - this.#quietSinceMs >= this.#allowedQuietMs();
  }

  /** Nothing goes in or out any more; what was written is dropped. */
  destroy(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#stream.destroy();
    this.#onDestroyed();
  }

  #allowedQuietMs(): number {
    const { limits } = this.#context;
    if (this.#proven) return limits.idleTimeoutMs;
    return this.accepted ? limits.strangerTimeoutMs : limits.unansweredTimeoutMs;
  }

  #receive(octets: Buffer): void {
    if (this.#state !== 'open') return;
    const nowMs = this.#clock.monotonicMs();
    // A stranger gains no time by sending: only a valid message makes the connection its own.
    if (this.#proven) this.#quietSinceMs = nowMs;
    const text = octets.toString('latin1');
    let frames = this.#framer.push(text);
    if (frames.ok && frames.value.length > 0) {
      this.#halfMessageSinceMs = undefined;
      for (const frame of frames.value) {
        if (this.#state !== 'open') return;
        this.#receiveFrame(frame, nowMs);
      }
      // An error behind whole messages is told by the push after theirs, which a waiting peer would never cause.
      frames = this.#framer.push('');
    } else if (!/^[\r\n]*$/.test(text)) {
      this.#halfMessageSinceMs ??= nowMs;
    }
    if (!frames.ok) this.#receiveUnframed(frames.error, octets.length);
  }

  /** Where a message ends is lost, and with it the rest of the stream. */
  #receiveUnframed(error: ParseError, octets: number): void {
    if (this.#state !== 'open') return;
    if (this.#isAdmitted(octets)) {
      this.#context.stats.malformed += 1;
      this.#context.handlers.onMalformed(error, this);
      this.#end();
    } else {
      this.destroy();
    }
  }

  #receiveFrame(frame: FrameItem, nowMs: number): void {
    const isKeepAlive = frame.kind === 'keepalive';
    if (!this.#isAdmitted(isKeepAlive ? keepAliveOctets : frame.octets.length)) return;
    if (isKeepAlive) {
      this.#context.stats.keepAlives += 1;
      this.#write(pong);
      this.#context.handlers.onKeepAlive(this);
    } else if (deliver(frame.octets, this, this.#context)) {
      this.#proven = true;
      this.#quietSinceMs = nowMs;
    }
  }

  #isAdmitted(octets: number): boolean {
    const admission = this.#context.handlers.admit(packetSource(this, octets));
    if (admission === 'serve') return true;
    this.#context.stats.notAdmitted += 1;
    if (admission === 'close') this.destroy();
    return false;
  }

  #write(octets: Buffer): void {
    if (this.#state !== 'open') return;
    this.#stream.write(octets);
    if (this.#stream.pendingOctets() <= this.#context.limits.maxPendingOctets) return;
    this.#context.stats.connectionsOverflowed += 1;
    this.destroy();
  }

  /** Lets the last answer out; what still comes in is not read. */
  #end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#endedAtMs = this.#clock.monotonicMs();
    this.#stream.end();
  }
}

const keepAliveOctets = 4;
