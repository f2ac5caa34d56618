import type { Prefix } from '../../base/net/prefix.ts';
import { fail, ok, type Result } from '../../base/result/result.ts';
import {
  answerFits,
  describeMedia,
  isRelayable,
  type MediaPlane,
  type MediaSession,
  parseSdp,
  rebase,
  type Sdp,
  type Side,
  type SideOptions,
  type StreamStats,
  sideConfigOf,
  targetRefusal,
} from '../../media/index.ts';

/** One side of the call as its media needs to know it. */
export interface BridgeSide {
  readonly party: SideOptions['party'];
  readonly signallingAddress: string;
  readonly allowedNetworks: readonly Prefix[];
  /** The address of ours that is written into the SDP for this side. */
  readonly ownAddress: string;
}

export interface BridgeOptions {
  readonly plane: MediaPlane;
  readonly silenceMs: number;
  readonly holdSilenceMs: number;
  readonly sourceCheck: 0 | 1 | 2;
  /** The address that the relay's sockets for a side with this address of ours are bound to. */
  readonly relayAddressFor: (ownAddress: string) => string;
  readonly ownAddresses: readonly string[];
  readonly ownPorts: readonly [number, number];
  /** Unguessable session ids for the o= lines. */
  readonly newSessionId: () => string;
  /** The media is over, and the call with it. */
  readonly onEnd: (cause: 'media timeout' | 'media lost') => void;
  /** A description of this side names a place that media may not go to. */
  readonly onRefusedTarget: (by: Side, reason: string) => void;
}

/** Whose packets pass on to the other side. */
export interface RelayedSides {
  readonly fromCaller: boolean;
  readonly fromCallee: boolean;
}

export type BridgeProblem = 'media refused' | 'no media port';

interface SideState {
  about: BridgeSide;
  readonly sessionId: string;
  version: number;
  /** The description that this side gave last and that holds. */
  sdp: Sdp | undefined;
  lastSent: string;
  relay: boolean;
}

/** Audio, video, and two to spare: one call must not take the ports of ten. Further m-lines get port 0. */
const maxStreams = 4;

const other = { a: 'b', b: 'a' } as const;

/**
 * The media of one call: hands the description of one side to the other with our own addresses in it, and keeps the
 * media plane told. `a` is the caller's side, `b` the callee's. An offer changes nothing until it is answered.
 */
export class MediaBridge {
  readonly #options: BridgeOptions;
  readonly #session: MediaSession;
  readonly #sides: Record<Side, SideState>;
  /** The stream that carries each m-line; undefined for one that we do not relay. */
  readonly #streams: (number | undefined)[] = [];
  #used = 0;
  #offer: { readonly by: Side; readonly sdp: Sdp } | undefined;

  private constructor(options: BridgeOptions, session: MediaSession, a: BridgeSide, b: BridgeSide) {
    this.#options = options;
    this.#session = session;
    const state = (about: BridgeSide): SideState => {
      return { about, sessionId: options.newSessionId(), version: 0, sdp: undefined, lastSent: '', relay: false };
    };
    this.#sides = { a: state(a), b: state(b) };
  }

  /** Takes ports for the first offer, the caller's or a late one of the callee. `b` may be one of several devices: `calleeIs` names the one that answers. */
  static open(
    options: BridgeOptions,
    first: { readonly by: Side; readonly sdp: string },
    a: BridgeSide,
    b: BridgeSide,
  ): Result<MediaBridge, BridgeProblem> {
    const offer = parseSdp(first.sdp);
    if (!offer.ok) return fail('media refused');
    const relayed = describeMedia(offer.value).filter((media) => isRelayable(media.protocol) && media.port !== 0);
    if (relayed.length === 0) return fail('media refused');
    const session = options.plane.openSession({
      streamCount: Math.min(relayed.length, maxStreams),
      silenceMs: options.silenceMs,
      holdSilenceMs: options.holdSilenceMs,
      addressA: options.relayAddressFor(a.ownAddress),
      addressB: options.relayAddressFor(b.ownAddress),
      onEvent: (event) => {
        options.onEnd(event.kind === 'silent' ? 'media timeout' : 'media lost');
      },
    });
    if (session === undefined) return fail('no media port');
    const bridge = new MediaBridge(options, session, a, b);
    const taken = bridge.#takeParsed(first.by, offer.value);
    if (taken.ok) return ok(bridge);
    void session.close();
    return taken;
  }

  /** Remembers an offer of `by` until `takeAnswer` or `dropOffer`. */
  takeOffer(by: Side, sdpText: string): Result<void, BridgeProblem> {
    const parsed = parseSdp(sdpText);
    return parsed.ok ? this.#takeParsed(by, parsed.value) : fail('media refused');
  }

  /** Whether both sides have a description that holds, and no offer waits for its answer. */
  get isSettled(): boolean {
    return this.#offer === undefined && this.#sides.a.sdp !== undefined && this.#sides.b.sdp !== undefined;
  }

  /** What `by` offered last is offered again: to another callee, after one that had answered it already. */
  offerAgain(by: Side): void {
    const { sdp } = this.#sides[by];
    if (this.#offer === undefined && sdp !== undefined) this.#offer = { by, sdp };
  }

  dropOffer(): void {
    this.#offer = undefined;
  }

  /** Names the device or SIP server that the callee's side is now: the one dialled, or the one that answers. */
  calleeIs(about: BridgeSide): void {
    this.#sides.b.about = about;
  }

  /** What `to` is told next has another version in its o= line, whatever it says. */
  describeAnew(to: Side): void {
    this.#sides[to].lastSent = '';
  }

  /** The pending offer as `to` is to see it. */
  offerFor(to: Side): string {
    return this.#describe(to, this.#offer?.sdp ?? this.#sides[other[to]].sdp);
  }

  /**
   * Takes the answer of `by` to the pending offer, tells the media plane, and gives the answer for the other side.
   * With `final` false the offer stays open: an early answer, which another may replace. `relay` is as for `setRelay`;
   * without it nothing changes there.
   */
  takeAnswer(by: Side, sdpText: string, final: boolean, relay?: RelayedSides): Result<string, BridgeProblem> {
    const offer = this.#offer;
    const answer = parseSdp(sdpText);
    if (offer === undefined || !answer.ok || !answerFits(offer.sdp, answer.value).ok) return fail('media refused');
    if (this.#refusedTarget(by, answer.value)) return fail('media refused');
    this.#sides[offer.by].sdp = offer.sdp;
    this.#sides[by].sdp = answer.value;
    if (final) this.#offer = undefined;
    if (relay !== undefined) this.#noteRelay(relay);
    this.#configure();
    return ok(this.#describe(other[by], answer.value));
  }

  /** Which side's packets pass on: none before the answer where early media is blocked. */
  setRelay(relay: RelayedSides): void {
    this.#noteRelay(relay);
    this.#configure();
  }

  /** Names of the first stream's codecs in the callee's answer, for the CDR. */
  codecs(): string {
    const sdp = this.#sides.b.sdp ?? this.#sides.a.sdp;
    const [media] = sdp === undefined ? [] : describeMedia(sdp).filter(({ port }) => port !== 0);
    return media?.codecs.map(({ name }) => name).join(',') ?? '';
  }

  setPaidUntil(remainingMs: number | undefined): void {
    this.#session.setPaidUntil(remainingMs);
  }

  stats(): Promise<readonly StreamStats[]> {
    return this.#session.stats();
  }

  close(): Promise<readonly StreamStats[]> {
    return this.#session.close();
  }

  #takeParsed(by: Side, sdp: Sdp): Result<void, BridgeProblem> {
    if (this.#refusedTarget(by, sdp)) return fail('media refused');
    for (const [index, media] of describeMedia(sdp).entries()) {
      if (this.#streams[index] !== undefined || !isRelayable(media.protocol) || media.port === 0) continue;
      if (this.#used === maxStreams) continue;
      if (this.#used === this.#session.streamCount && !this.#session.addStream()) return fail('no media port');
      this.#streams[index] = this.#used++;
    }
    this.#offer = { by, sdp };
    return ok(undefined);
  }

  #noteRelay({ fromCaller, fromCallee }: RelayedSides): void {
    this.#sides.a.relay = fromCaller;
    this.#sides.b.relay = fromCallee;
  }

  #describe(to: Side, sdp: Sdp | undefined): string {
    const side = this.#sides[to];
    if (sdp === undefined) return side.lastSent;
    const media = describeMedia(sdp);
    const ports = media.map((line, index) => {
      const stream = this.#streams[index];
      return stream === undefined || line.port === 0 ? undefined : this.#session.ports(stream, to);
    });
    const own = { address: side.about.ownAddress, sessionId: side.sessionId, ports };
    if (side.lastSent !== '') {
      const unchanged = rebase(sdp, { ...own, sessionVersion: side.version });
      if (unchanged === side.lastSent) return unchanged;
    }
    side.version++;
    side.lastSent = rebase(sdp, { ...own, sessionVersion: side.version });
    return side.lastSent;
  }

  #configure(): void {
    for (const side of ['a', 'b'] as const) {
      const { sdp, about, relay } = this.#sides[side];
      const otherSdp = this.#sides[other[side]].sdp;
      if (sdp === undefined || otherSdp === undefined) continue;
      const otherMedia = describeMedia(otherSdp);
      for (const [index, media] of describeMedia(sdp).entries()) {
        const stream = this.#streams[index];
        if (stream === undefined) continue;
        const otherPayloadTypes = (otherMedia[index]?.formats ?? []).map(Number).filter((type) => type >= 0);
        const options = {
          ...this.#sideOptions(about),
          otherPayloadTypes,
          otherRtcpMux: otherMedia[index]?.rtcpMux ?? false,
        };
        const described = sideConfigOf(media, options);
        this.#session.configure(stream, side, { ...described, sourceCheck: this.#options.sourceCheck, relay });
      }
    }
  }

  #refusedTarget(by: Side, sdp: Sdp): boolean {
    const options = this.#sideOptions(this.#sides[by].about);
    for (const media of describeMedia(sdp)) {
      const refusal = isRelayable(media.protocol) ? targetRefusal(media, options) : undefined;
      if (refusal === undefined) continue;
      this.#options.onRefusedTarget(by, refusal);
      return true;
    }
    return false;
  }

  #sideOptions({ party, signallingAddress, allowedNetworks }: BridgeSide): SideOptions {
    const { ownAddresses, ownPorts } = this.#options;
    return { party, signallingAddress, allowedNetworks, ownAddresses, ownPorts };
  }
}
