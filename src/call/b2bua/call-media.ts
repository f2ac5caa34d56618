import type { Account } from '../../accounts/model.ts';
import type { Log } from '../../base/log/log.ts';
import { fail, ok, type Result } from '../../base/result/result.ts';
import type { StreamStats } from '../../media/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import type { CallServices } from '../services.ts';
import { bridgeOptions, bridgeSide } from './branches.ts';
import type { EarlyMediaPolicy } from './early-media.ts';
import { type BridgeOptions, type BridgeProblem, type BridgeSide, MediaBridge } from './media-bridge.ts';

const bothSides = { fromCaller: true, fromCallee: true } as const;

/**
 * The media of a call while it is not known who answers: a bridge for each address family among the devices that
 * ring, of which the answering device's is kept and the others are given back.
 */
export class CallMedia {
  readonly #services: CallServices;
  /** The caller's offer; undefined where the callee is to make one. */
  readonly #offerSdp: string | undefined;
  readonly #caller: BridgeSide;
  readonly #log: Log;
  readonly #onEnd: BridgeOptions['onEnd'];
  /** By the address that the relay binds towards the callee. */
  readonly #bridges = new Map<string, MediaBridge>();
  #chosen: MediaBridge | undefined;
  /** The bridge of the last early answer. */
  #early: MediaBridge | undefined;
  #problem: BridgeProblem | undefined;

  constructor(
    services: CallServices,
    caller: { readonly account: Account | undefined; readonly flow: Flow; readonly offerSdp: string | undefined },
    log: Log,
    onEnd: BridgeOptions['onEnd'],
  ) {
    this.#services = services;
    this.#offerSdp = caller.offerSdp;
    this.#caller = bridgeSide(services, caller.account, caller.flow);
    this.#log = log;
    this.#onEnd = onEnd;
  }

  /** Why no bridge could be opened since the last question. */
  takeProblem(): BridgeProblem | undefined {
    const problem = this.#problem;
    this.#problem = undefined;
    return problem;
  }

  /** The bridge of the device that answered, or whose early answer came last. */
  get bridge(): MediaBridge | undefined {
    return this.#chosen ?? this.#early;
  }

  /** Whether the callee has to make the offer, and has not yet. */
  get waitsForOffer(): boolean {
    return this.#offerSdp === undefined && this.#early?.isSettled !== true;
  }

  /** The caller's offer, if it made one, as this side is to see it; undefined where no media port is left for it. */
  offerFor(side: BridgeSide): { readonly sdp: string | undefined } | undefined {
    this.#early = undefined;
    if (this.#offerSdp === undefined) return { sdp: undefined };
    const bridge = this.#bridgeFor(side, 'a', this.#offerSdp);
    bridge?.calleeIs(side);
    bridge?.offerAgain('a');
    return bridge === undefined ? undefined : { sdp: bridge.offerFor('b') };
  }

  /** The offer that the callee makes where the caller made none. @returns what the caller is to see of it. */
  lateOffer(side: BridgeSide, sdp: string): Result<string, BridgeProblem> {
    const known = this.#bridges.has(this.#keyOf(side));
    const bridge = this.#bridgeFor(side, 'b', sdp);
    if (bridge === undefined) return fail(this.#problem ?? 'no media port');
    bridge.calleeIs(side);
    this.#early = bridge;
    // Another fork's offer is a new one to the caller, be it word for word the same.
    if (known) bridge.describeAnew('a');
    const taken = known ? bridge.takeOffer('b', sdp) : ok(undefined);
    return taken.ok ? ok(bridge.offerFor('a')) : taken;
  }

  /** The caller's answer to `lateOffer`. @returns what the callee is to see of it. */
  lateAnswer(sdp: string, policy: EarlyMediaPolicy): Result<string, BridgeProblem> {
    return this.bridge?.takeAnswer('a', sdp, true, policy) ?? fail('media refused');
  }

  /** An early answer, which a later one may replace. @returns what the caller is to see of it. */
  early(side: BridgeSide, sdp: string, policy: EarlyMediaPolicy): string | undefined {
    const bridge = this.#bridges.get(this.#keyOf(side));
    bridge?.calleeIs(side);
    const forCaller = bridge?.takeAnswer('b', sdp, false, policy);
    if (forCaller?.ok !== true) return undefined;
    this.#early = bridge;
    return forCaller.value;
  }

  /** The answer that counts, or has counted since it came early (`isAsShown`). @returns what the caller is to see of it. */
  answer(side: BridgeSide, sdp: string, isAsShown: boolean): Result<string, BridgeProblem> {
    const bridge = this.#bridges.get(this.#keyOf(side));
    if (bridge === undefined) return fail('media refused');
    this.#choose(bridge);
    bridge.calleeIs(side);
    // What was settled before the answer was settled with another device, or another fork.
    if (bridge.isSettled && !isAsShown) bridge.offerAgain('a');
    if (!bridge.isSettled) return bridge.takeAnswer('b', sdp, true, bothSides);
    const forCaller = bridge.offerFor('a');
    bridge.setRelay(bothSides);
    return ok(forCaller);
  }

  /** The media ends by itself after so many milliseconds from now; undefined lifts it. */
  setPaidUntil(remainingMs: number | undefined): void {
    for (const bridge of this.#bridges.values()) bridge.setPaidUntil(remainingMs);
  }

  stats(): Promise<readonly StreamStats[]> {
    return this.#chosen?.stats() ?? Promise.resolve([]);
  }

  /** Gives all ports back. @returns what was measured on the bridge of the answering device. */
  close(): Promise<readonly StreamStats[]> {
    const [first] = this.#bridges.values();
    const kept = this.#chosen ?? first;
    this.#choose(kept);
    return kept?.close() ?? Promise.resolve([]);
  }

  #choose(kept: MediaBridge | undefined): void {
    this.#chosen = kept;
    for (const [key, bridge] of this.#bridges) {
      if (bridge === kept) continue;
      this.#bridges.delete(key);
      void bridge.close();
    }
  }

  #keyOf(side: BridgeSide): string {
    return this.#services.relayAddressFor(side.ownAddress);
  }

  #bridgeFor(side: BridgeSide, by: 'a' | 'b', offerSdp: string): MediaBridge | undefined {
    const key = this.#keyOf(side);
    const known = this.#bridges.get(key);
    if (known !== undefined) return known;
    const options = bridgeOptions(this.#services, {
      onEnd: this.#onEnd,
      onRefusedTarget: (of, reason) =>
        this.#log.info('media refused', { leg: of === 'a' ? 'caller' : 'callee', reason }),
    });
    const opened = MediaBridge.open(options, { by, sdp: offerSdp }, this.#caller, side);
    if (!opened.ok) {
      this.#problem = opened.error;
      return undefined;
    }
    this.#bridges.set(key, opened.value);
    return opened.value;
  }
}
