import type { Endpoint } from '../../base/net/endpoint.ts';
import type { Clock } from '../../base/time/clock.ts';
import { type FrameItem, type ParseError, StreamFramer } from '../message/index.ts';
import type { Flow, PeerIdentity, StreamTransportName } from './flow.ts';
import type { OctetStream } from './ports.ts';
import { deliver, packetSource, type TransportContext } from './receive.ts';

/** A keep-alive, and what it is answered with (RFC 5626 §3.5.1). */
const ping = '\r\n\r\n';
const pong = '\r\n';

/** How long a connection that we have ended may take to go. */
const endTimeoutMs = 5_000;

/**
 * What a connection is worth when room is needed: its peer has never sent a valid message, has sent one as anybody can,
 * or is known to us. Those that we opened are trusted from the start.
 */
export type ConnectionRank = 'stranger' | 'untrusted' | 'trusted';

export interface ConnectionOrigin {
  readonly connectionId: number;
  /** True for a connection that the peer opened. */
  readonly accepted: boolean;
  /** Called once, when the connection itself decides to end at once. */
  readonly onDestroyed: () => void;
}

/** One connection: the flow that messages are sent on, and the framing and time limits of what comes in. */
export class StreamConnection implements Flow {
  readonly transport: StreamTransportName;
  readonly reliable = true;
  readonly connectionId: number;
  readonly accepted: boolean;
  readonly remote: Endpoint;
  readonly peer?: PeerIdentity;
  readonly verifiedNames?: readonly string[];
  readonly #stream: OctetStream;
  readonly #clock: Clock;
  readonly #context: TransportContext;
  readonly #framer: StreamFramer;
  readonly #onDestroyed: () => void;
  #state: 'open' | 'ending' | 'closed' = 'open';
  /** True once the peer has sent a valid message. */
  #proven = false;
  #trusted: boolean;
  /** The last octet of the peer or, on a connection of ours that was never answered, our last message. */
  #quietSinceMs: number;
  #halfMessageSinceMs: number | undefined;
  #endedAtMs = 0;

  constructor(stream: OctetStream, origin: ConnectionOrigin, clock: Clock, context: TransportContext) {
    this.#stream = stream;
    this.transport = stream.transport;
    if (stream.peer !== undefined) this.peer = stream.peer;
    if (stream.verifiedNames !== undefined) this.verifiedNames = stream.verifiedNames;
    this.connectionId = origin.connectionId;
    this.accepted = origin.accepted;
    this.#trusted = !origin.accepted;
    this.remote = stream.remote;
    this.#clock = clock;
    this.#context = context;
    this.#onDestroyed = origin.onDestroyed;
    this.#framer = new StreamFramer(context.limits.message);
    this.#quietSinceMs = clock.monotonicMs();
    const isWhole = stream.transport === 'ws' || stream.transport === 'wss';
    stream.onData = isWhole ? (octets) => this.#receiveWhole(octets) : (octets) => this.#receive(octets);
  }

  get local(): Endpoint {
    return this.#stream.local;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get rank(): ConnectionRank {
    if (this.#trusted) return 'trusted';
    return this.#proven ? 'untrusted' : 'stranger';
  }

  /** The peer has proven to be one of ours: it has the limits of such, and its place for as long as it uses it. */
  trust(): void {
    this.#trusted = true;
  }

  send(octets: string): void {
    if (this.#state !== 'open') return;
    if (!this.#proven && !this.accepted) this.#quietSinceMs = this.#clock.monotonicMs();
    this.#write(octets);
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
    if (!this.#proven) return this.accepted ? limits.strangerTimeoutMs : limits.unansweredTimeoutMs;
    return this.#trusted ? limits.idleTimeoutMs : Math.min(limits.idleTimeoutMs, limits.untrustedIdleTimeoutMs);
  }

  #allowedPendingOctets(): number {
    const { maxPendingOctets, maxUntrustedPendingOctets } = this.#context.limits;
    return this.#trusted ? maxPendingOctets : Math.min(maxPendingOctets, maxUntrustedPendingOctets);
  }

  /** A WebSocket message is a SIP message, whose Content-Length may be missing, or a keep-alive (RFC 7118 §5, §6). */
  #receiveWhole(octets: string): void {
    if (this.#state !== 'open') return;
    const nowMs = this.#clock.monotonicMs();
    if (this.#proven) this.#quietSinceMs = nowMs;
    if (octets === pong) return;
    this.#receiveFrame(octets === ping ? { kind: 'keepalive' } : { kind: 'message', octets }, nowMs);
  }

  #receive(octets: string): void {
    if (this.#state !== 'open') return;
    const nowMs = this.#clock.monotonicMs();
    // A stranger gains no time by sending: only a valid message makes the connection its own.
    if (this.#proven) this.#quietSinceMs = nowMs;
    const pushed = this.#framer.push(octets);
    const frames = pushed.ok ? pushed.value : [];
    // What is left behind a whole message is the start of another, whose time begins now.
    if (frames.length > 0 || this.#framer.pendingOctets === 0) this.#halfMessageSinceMs = undefined;
    if (this.#framer.pendingOctets > 0) this.#halfMessageSinceMs ??= nowMs;
    for (const frame of frames) {
      if (this.#state !== 'open') return;
      this.#receiveFrame(frame, nowMs);
    }
    const { failure } = this.#framer;
    if (failure !== undefined) this.#receiveUnframed(failure, octets.length);
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
    if (!this.#isAdmitted(isKeepAlive ? ping.length : frame.octets.length)) return;
    if (isKeepAlive) {
      this.#context.stats.keepAlives += 1;
      this.#write(pong);
      this.#context.handlers.onKeepAlive(this);
    } else if (deliver(frame.octets, this, this.#context, frame.head)) {
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

  #write(octets: string): void {
    if (this.#state !== 'open') return;
    this.#stream.write(octets);
    if (this.#stream.pendingOctets() <= this.#allowedPendingOctets()) return;
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
