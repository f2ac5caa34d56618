import type { Endpoint } from '../../src/base/net/endpoint.ts';
import { assert } from '../../src/base/result/assert.ts';
import type { Clock } from '../../src/base/time/clock.ts';
import type {
  MediaFault,
  MediaPlane,
  MediaSession,
  PortPair,
  RefusedSource,
  SessionOptions,
  Side,
  SideConfig,
  StreamStats,
} from '../../src/media/index.ts';
import { noRefusals, RefusedMedia } from '../../src/media/relay/refused-media.ts';
import { SessionRelay } from '../../src/media/relay/session-relay.ts';
import type { StreamRelay } from '../../src/media/relay/stream-relay.ts';

/**
 * A media plane without sockets: the relay's real decisions, on simulated time. Ports are handed out in order from
 * `portStart`, and never twice, so that a test can name them. A test plays the network by `deliver`.
 */
export class SimulatedMediaPlane implements MediaPlane {
  readonly clock: Clock;
  readonly #portStart: number;
  readonly #pairCount: number;
  readonly #sessions = new Set<SimulatedMediaSession>();
  readonly refusedMedia = new RefusedMedia();
  readonly refused = noRefusals();
  #tellRefused: (sources: readonly RefusedSource[]) => void = () => {};
  #usedPairs = 0;
  #freePairs: number;

  constructor(clock: Clock, portStart = 10_000, pairCount = 5000) {
    this.clock = clock;
    this.#portStart = portStart;
    this.#pairCount = pairCount;
    this.#freePairs = pairCount;
  }

  /** Open sessions in the order they were opened. */
  get sessions(): readonly SimulatedMediaSession[] {
    return [...this.#sessions];
  }

  openSession(options: SessionOptions): MediaSession | undefined {
    if (this.#freePairs < options.streamCount * 2) return undefined;
    const session = new SimulatedMediaSession(this, options);
    this.#sessions.add(session);
    return session;
  }

  /** A datagram from the network to one of our ports. @returns where it leaves to, and from which port of ours. */
  deliver(packet: Uint8Array, from: Endpoint, to: Endpoint): { to: Endpoint; fromPort: number } | undefined {
    for (const session of this.#sessions) {
      const way = session.find(to);
      if (way === undefined) continue;
      const { address, port } = from;
      const nowMs = this.clock.monotonicMs();
      const departure = way.stream.receive(way.side, way.channel, packet, address, port, nowMs);
      if (departure === undefined) return undefined;
      const fromPort = departure.channel === 'rtp' ? way.opposite.rtp : way.opposite.rtcp;
      return { to: { address: departure.address, port: departure.port }, fromPort };
    }
    return undefined;
  }

  /** Raises the silence events that are due; the real plane does so a few times a second. */
  checkSilence(): void {
    for (const session of this.sessions) session.checkSilence();
  }

  watchRefused(tell: (sources: readonly RefusedSource[]) => void): void {
    this.#tellRefused = tell;
  }

  /** Tells of the packets that were dropped; the real plane does so once a second. */
  reportRefused(): void {
    const news = this.refusedMedia.take();
    if (news === undefined) return;
    for (const fault of Object.keys(news.counts) as MediaFault[]) this.refused[fault] += news.counts[fault];
    this.#tellRefused(news.sources);
  }

  /** What a finished test must not leave: sessions still open, by their ports. */
  leaks(): readonly string[] {
    return this.sessions.map((session) =>
      session.pairs.map(({ a, b }) => `${a.address}:${a.rtp} ${b.address}:${b.rtp}`).join(', '),
    );
  }

  capacity(): { readonly free: number; readonly total: number } {
    return { free: this.#freePairs, total: this.#pairCount };
  }

  close(): Promise<void> {
    this.#sessions.clear();
    return Promise.resolve();
  }

  /** For the sessions. */
  takePair(address: string): PortPair | undefined {
    if (this.#freePairs === 0) return undefined;
    this.#freePairs--;
    const rtp = this.#portStart + 2 * this.#usedPairs++;
    return { address, rtp, rtcp: rtp + 1 };
  }

  /** For the sessions. */
  giveBack(session: SimulatedMediaSession): void {
    if (this.#sessions.delete(session)) this.#freePairs += session.streamCount * 2;
  }
}

interface Way {
  readonly stream: StreamRelay;
  readonly side: Side;
  readonly channel: 'rtp' | 'rtcp';
  readonly opposite: PortPair;
}

/** A session of the simulated plane; tests may look at what it was told. */
export class SimulatedMediaSession implements MediaSession {
  readonly #plane: SimulatedMediaPlane;
  readonly #options: SessionOptions;
  readonly #relay: SessionRelay;
  readonly #streams: { readonly a: PortPair; readonly b: PortPair; readonly relay: StreamRelay }[] = [];
  readonly #configs = new Map<string, SideConfig>();
  #closed: readonly StreamStats[] | undefined;
  /** As last set; undefined when lifted or never set. */
  paidUntilMs: number | undefined;

  constructor(plane: SimulatedMediaPlane, options: SessionOptions) {
    this.#plane = plane;
    this.#options = options;
    this.#relay = new SessionRelay(options, plane.clock.monotonicMs(), plane.refusedMedia);
    for (let stream = 0; stream < options.streamCount; stream++) this.addStream();
  }

  get streamCount(): number {
    return this.#streams.length;
  }

  get pairs(): readonly { readonly a: PortPair; readonly b: PortPair }[] {
    return this.#streams;
  }

  /** What signalling said last about a side; undefined before it said anything. */
  configOf(stream: number, side: Side): SideConfig | undefined {
    return this.#configs.get(`${stream} ${side}`);
  }

  ports(stream: number, side: Side): PortPair {
    const pairs = this.#streams[stream];
    assert(pairs !== undefined, `the session has no stream ${stream}`);
    return pairs[side];
  }

  addStream(): boolean {
    if (this.#closed !== undefined || this.#plane.capacity().free < 2) return false;
    const a = this.#plane.takePair(this.#options.addressA);
    const b = this.#plane.takePair(this.#options.addressB);
    assert(a !== undefined && b !== undefined, 'two pairs were free');
    this.#streams.push({ a, b, relay: this.#relay.addStream(this.#plane.clock.monotonicMs()) });
    return true;
  }

  configure(stream: number, side: Side, config: SideConfig): void {
    if (this.#closed !== undefined) return;
    assert(stream >= 0 && stream < this.#streams.length, `the session has no stream ${stream}`);
    this.#configs.set(`${stream} ${side}`, config);
    this.#relay.configure(stream, side, config, this.#plane.clock.monotonicMs());
  }

  setPaidUntil(remainingMs: number | undefined): void {
    const nowMs = this.#plane.clock.monotonicMs();
    this.paidUntilMs = remainingMs === undefined ? undefined : nowMs + remainingMs;
    this.#relay.setPaidUntil(remainingMs, nowMs);
  }

  stats(): Promise<readonly StreamStats[]> {
    return Promise.resolve(this.#closed ?? this.#relay.stats());
  }

  close(): Promise<readonly StreamStats[]> {
    this.#closed ??= this.#relay.stats();
    this.#plane.giveBack(this);
    return Promise.resolve(this.#closed);
  }

  checkSilence(): void {
    const silentMs = this.#relay.silence(this.#plane.clock.monotonicMs());
    if (silentMs !== undefined) this.#options.onEvent({ kind: 'silent', silentMs });
  }

  find(to: Endpoint): Way | undefined {
    for (const { a, b, relay } of this.#streams) {
      for (const [side, own, opposite] of [['a', a, b] as const, ['b', b, a] as const]) {
        if (own.address !== to.address || (own.rtp !== to.port && own.rtcp !== to.port)) continue;
        return { stream: relay, side, channel: own.rtp === to.port ? 'rtp' : 'rtcp', opposite };
      }
    }
    return undefined;
  }
}
