import type { Account } from '../../accounts/model.ts';
import { fail, ok, type Result } from '../../base/result/result.ts';
import type { StreamStats } from '../../media/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import type { CallServices } from '../services.ts';
import { bridgeOptions, bridgeSide } from './branches.ts';
import type { EarlyMediaPolicy } from './early-media.ts';
import { type BridgeOptions, type BridgeProblem, type BridgeSide, MediaBridge } from './media-bridge.ts';

/**
 * The media of a call while it is not known who answers: a bridge for each address family among the devices that
 * ring, of which the answering device's is kept and the others are given back.
 */
export class CallMedia {
  readonly #services: CallServices;
  readonly #offerSdp: string;
  readonly #caller: BridgeSide;
  readonly #onEnd: BridgeOptions['onEnd'];
  /** By the address that the relay binds towards the callee. */
  readonly #bridges = new Map<string, MediaBridge>();
  #chosen: MediaBridge | undefined;
  #problem: BridgeProblem | undefined;

  constructor(
    services: CallServices,
    caller: { readonly account: Account | undefined; readonly flow: Flow; readonly offerSdp: string },
    onEnd: BridgeOptions['onEnd'],
  ) {
    this.#services = services;
    this.#offerSdp = caller.offerSdp;
    this.#caller = bridgeSide(services, caller.account, caller.flow);
    this.#onEnd = onEnd;
  }

  /** Why no bridge could be opened since the last question. */
  takeProblem(): BridgeProblem | undefined {
    const problem = this.#problem;
    this.#problem = undefined;
    return problem;
  }

  /** The bridge of the device that answered. */
  get bridge(): MediaBridge | undefined {
    return this.#chosen;
  }

  /** The caller's offer as this side is to see it; undefined where no media port is left for it. */
  offerFor(side: BridgeSide): string | undefined {
    const bridge = this.#bridgeFor(side);
    bridge?.calleeIs(side);
    return bridge?.offerFor('b');
  }

  /** An early answer, which a later one may replace. @returns what the caller is to see of it. */
  early(side: BridgeSide, sdp: string, policy: EarlyMediaPolicy): string | undefined {
    const bridge = this.#bridgeFor(side);
    bridge?.calleeIs(side);
    const forCaller = bridge?.takeAnswer('b', sdp, false);
    if (forCaller?.ok !== true) return undefined;
    bridge?.setRelay(policy.fromCaller, policy.fromCallee);
    return forCaller.value;
  }

  /** The answer that counts. @returns what the caller is to see of it. */
  answer(side: BridgeSide, sdp: string): Result<string, BridgeProblem> {
    const bridge = this.#bridgeFor(side);
    if (bridge === undefined) return fail(this.#problem ?? 'no media port');
    this.#choose(bridge);
    bridge.calleeIs(side);
    const forCaller = bridge.takeAnswer('b', sdp, true);
    if (!forCaller.ok) return forCaller;
    bridge.setRelay(true, true);
    return ok(forCaller.value);
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

  #bridgeFor(side: BridgeSide): MediaBridge | undefined {
    const relayAddress = this.#services.relayAddressFor(side.ownAddress);
    const known = this.#bridges.get(relayAddress);
    if (known !== undefined) return known;
    const opened = MediaBridge.open(bridgeOptions(this.#services, this.#onEnd), this.#offerSdp, this.#caller, side);
    if (!opened.ok) {
      this.#problem = opened.error;
      return undefined;
    }
    this.#bridges.set(relayAddress, opened.value);
    return opened.value;
  }
}
