import { HeaderList } from '../../sip/message/index.ts';
import type { InviteServerTransaction } from '../../sip/transaction/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import {
  type Cause,
  causeOfStatus,
  mayFailOver,
  passableReasons,
  reasonValue,
  statusForCaller,
  statusOf,
  textOf,
} from '../cause.ts';
import { sdpOf } from '../leg/bodies.ts';
import type { ConnectedLeg, LegEnd, Offer, PassedRequest, Progress, Refused } from '../leg/events.ts';
import { InboundLeg } from '../leg/inbound-leg.ts';
import type { OutboundLeg } from '../leg/outbound-leg.ts';
import type { EndedBy } from '../record.ts';
import { destinationName } from '../routing/destination.ts';
import type { CallServices } from '../services.ts';
import { Attempt, type Branch } from './attempt.ts';
import { branchesOf, bridgeOptions, bridgeSide, sessionOptions } from './branches.ts';
import { CallRecord } from './call-record.ts';
import { CallTimers } from './call-timers.ts';
import { dialogRecord } from './dialog-record.ts';
import { type EarlyMediaPolicy, earlyMediaPolicy } from './early-media.ts';
import { type BridgeProblem, type BridgeSide, MediaBridge } from './media-bridge.ts';
import type { CallPlan } from './plan.ts';

/** `starting` until the row is on disk, `ringing` while destinations are tried, `answering` until the answer is on disk. */
export type CallPhase = 'starting' | 'ringing' | 'answering' | 'up' | 'over';

/** What the end of a call says to its legs beyond its cause. */
interface EndDetails {
  readonly status?: number;
  readonly reasons?: readonly string[];
  readonly retryAfterS?: number;
}

/** One call: the leg of an admitted caller, the destinations that are tried for it, and the leg that answered. */
export class Call {
  readonly plan: CallPlan;
  readonly record: CallRecord;
  readonly #services: CallServices;
  readonly #inbound: InboundLeg;
  readonly #timers: CallTimers;
  readonly #early: EarlyMediaPolicy;
  readonly #onOver: (call: Call) => void;
  readonly #offerSdp: string;
  #phase: CallPhase = 'starting';
  /** By the address that the relay binds towards the callee; one is left once the call is answered. */
  readonly #bridges = new Map<string, MediaBridge>();
  /** The bridge of the device that answered. */
  #bridge: MediaBridge | undefined;
  #mediaProblem: BridgeProblem | undefined;
  #nextDestination = 0;
  #attempt: Attempt | undefined;
  #callee: OutboundLeg | undefined;
  #lastRefusal: Refused | undefined;
  #lastProgressStatus = 0;

  constructor(
    services: CallServices,
    plan: CallPlan,
    transaction: InviteServerTransaction,
    flow: Flow,
    onOver: (call: Call) => void,
  ) {
    this.#services = services;
    this.plan = plan;
    this.#onOver = onOver;
    const settings = services.settings();
    const account = plan.caller.kind === 'account' ? plan.caller.account : undefined;
    this.record = new CallRecord(services.clock, plan, transaction.request, flow);
    this.#offerSdp = sdpOf(transaction.request) ?? '';
    this.#early = earlyMediaPolicy(settings, account?.kind === 'sipserver');
    this.#timers = new CallTimers(services.clock, settings, (cause) => this.end(cause, 'system'));
    this.#inbound = new InboundLeg(transaction, flow, sessionOptions(services, account, plan.dialledNumber), {
      onOffer: (offer) => this.#onOffer('a', offer, this.#callee),
      onPassed: (request) => this.#pass(request, this.#callee),
      onEnd: (end) => this.#onLegEnd(end, 'caller'),
    });
  }

  get phase(): CallPhase {
    return this.#phase;
  }

  /** The CDR as it would be now, with what the media plane has measured so far. */
  async recordSoFar(): Promise<CallRecord> {
    if (this.#bridge !== undefined && this.#phase !== 'over') this.record.quality(await this.#bridge.stats());
    return this.record;
  }

  /** Takes media ports, has the call written down, and only then dials (a crash must find the row). */
  start(): void {
    const { store } = this.#services;
    this.#timers.callStarted();
    if (this.#offerSdp === '') return this.end('media refused', 'system');
    const { cdr } = this.record;
    store.begin({ callId: cdr.callId, startedAtMs: cdr.startedAtMs, cdr }).then(
      () => {
        if (this.#phase !== 'starting') return;
        this.#phase = 'ringing';
        this.#tryNext();
      },
      () => this.end('store failed', 'system'),
    );
  }

  /** Ends the call on both sides, whatever its phase; the first reason stands. */
  end(cause: Cause, by: EndedBy, details: EndDetails = {}): void {
    if (this.#phase === 'over') return;
    const answered = this.#phase === 'up' || this.#phase === 'answering';
    this.#phase = 'over';
    this.#timers.stopAll();
    const status = details.status ?? statusOf(cause);
    const reasons = details.reasons ?? endReasons(cause, by);
    this.record.ended(cause, answered && this.#callee !== undefined ? 200 : status, by);
    if (this.#callee === undefined) this.#attempt?.cancel(reasons);
    // The CDR and both legs: a server that stops waits until its peers know.
    const ending = new Unconfirmed(2, () => this.#onOver(this));
    const legs = new Unconfirmed(2, () => {
      this.plan.lease?.release();
      ending.done();
    });
    if (this.#callee === undefined) legs.done();
    else this.#callee.end(reasons, () => legs.done());
    this.#endInbound(status, reasons, details, legs);
    this.#close(ending);
  }

  #endInbound(status: number, reasons: readonly string[], details: EndDetails, legs: Unconfirmed): void {
    if (this.#inbound.state !== 'early') return this.#inbound.end(reasons, () => legs.done());
    const headers = new HeaderList();
    for (const reason of reasons) headers.append('reason', reason);
    if (details.retryAfterS !== undefined) headers.append('retry-after', String(details.retryAfterS));
    this.#inbound.refuse(status < 300 ? 480 : status, headers);
    legs.done();
  }

  /** The CDR is written last, with what the media plane measured; until then the row stands for a restart to find. */
  #close(ending: Unconfirmed): void {
    const { store, log } = this.#services;
    const bridge = this.#bridge ?? [...this.#bridges.values()][0];
    this.#closeOtherBridges(bridge);
    const statistics = bridge?.close() ?? Promise.resolve([]);
    statistics
      .then((stats) => this.record.quality(stats))
      .then(() => store.end(this.record.cdr))
      .catch((error: unknown) => {
        const { callId } = this.plan;
        log.error('CDR is not written yet; the next start writes it', { callId, error: String(error) });
      })
      .finally(() => ending.done());
  }

  #closeOtherBridges(kept: MediaBridge | undefined): void {
    for (const [key, bridge] of this.#bridges) {
      if (bridge === kept) continue;
      this.#bridges.delete(key);
      void bridge.close();
    }
  }

  /** The media bridge towards a callee's side: one for each address family among the devices that ring. */
  #bridgeFor(side: BridgeSide): MediaBridge | undefined {
    const relayAddress = this.#services.relayAddressFor(side.ownAddress);
    const known = this.#bridges.get(relayAddress);
    if (known !== undefined) return known;
    const account = this.plan.caller.kind === 'account' ? this.plan.caller.account : undefined;
    const caller = bridgeSide(this.#services, account, this.#inbound.flow);
    const opened = MediaBridge.open(
      bridgeOptions(this.#services, () => this.#onSilent()),
      this.#offerSdp,
      caller,
      side,
    );
    if (!opened.ok) {
      this.#mediaProblem = opened.error;
      return undefined;
    }
    this.#bridges.set(relayAddress, opened.value);
    return opened.value;
  }

  #onSilent(): void {
    this.end('media timeout', 'system');
  }

  #tryNext(): void {
    const destination = this.plan.destinations[this.#nextDestination++];
    if (destination === undefined) return this.#giveUp();
    this.record.attemptStarted(
      destinationName(destination),
      destination.kind === 'trunk' ? destination.sentNumber : '',
    );
    const branches = branchesOf(this.#services, this.plan, destination, this.#inbound.request, (side) => {
      const bridge = this.#bridgeFor(side);
      bridge?.calleeIs(side);
      return bridge?.offerFor('b');
    });
    if (branches.length === 0 && this.#mediaProblem !== undefined) return this.end(this.#mediaProblem, 'system');
    if (branches.length === 0) {
      return this.#onRefused({ status: destination.kind === 'trunk' ? 503 : 480, reason: 'Nothing to Dial' });
    }
    const initTimeoutMs = this.#services.settings().call_init_timeout * 1000;
    this.#attempt = new Attempt(branches, this.#services.clock, initTimeoutMs, {
      onProgress: (branch, progress) => this.#onProgress(branch, progress),
      onAnswer: (branch, leg, sdp) => this.#onAnswer(branch, leg, sdp),
      onRefused: (refused) => this.#onRefused(refused),
      onOffer: (offer) => this.#onOffer('b', offer, this.#inbound),
      onPassed: (request) => this.#pass(request, this.#inbound),
      onEnd: (end) => this.#onLegEnd(end, 'callee'),
    });
    this.#attempt.start();
  }

  #onProgress(branch: Branch, { status, reason, sdp }: Progress): void {
    if (this.#phase !== 'ringing' || status === 100) return;
    this.#timers.ringing();
    const bridge = this.#bridgeFor(branch.side);
    if (sdp === undefined || this.#early.stripSdp || bridge === undefined) {
      const shown = sdp === undefined ? status : 180;
      if (shown !== this.#lastProgressStatus) {
        this.#inbound.progress({ status: shown, reason: shown === status ? reason : 'Ringing', sdp: undefined });
      }
      this.#lastProgressStatus = shown;
      return;
    }
    bridge.calleeIs(branch.side);
    const forCaller = bridge.takeAnswer('b', sdp, false);
    if (!forCaller.ok) return;
    bridge.setRelay(this.#early.fromCaller, this.#early.fromCallee);
    this.#timers.earlyMedia();
    this.#lastProgressStatus = status;
    this.#inbound.progress({ status, reason, sdp: forCaller.value });
  }

  #onAnswer(branch: Branch, leg: OutboundLeg, sdp: string): void {
    const bridge = this.#bridgeFor(branch.side);
    if (this.#phase !== 'ringing' || bridge === undefined) return leg.end([]);
    this.#callee = leg;
    this.#bridge = bridge;
    this.#closeOtherBridges(bridge);
    this.#phase = 'answering';
    this.#timers.answered(this.plan.maxDurationS);
    bridge.calleeIs(branch.side);
    const forCaller = bridge.takeAnswer('b', sdp, true);
    this.record.answered(bridge.codecs());
    if (!forCaller.ok) return this.end('media refused', 'system');
    bridge.setRelay(true, true);
    this.#writeAnswer(leg, branch.flow).then(
      () => {
        if (this.#phase !== 'answering') return;
        this.#phase = 'up';
        this.#inbound.answer(forCaller.value);
      },
      () => this.end('store failed', 'system'),
    );
  }

  #writeAnswer(leg: OutboundLeg, flow: Flow): Promise<void> {
    const { cdr } = this.record;
    const { store } = this.#services;
    return store.answer({
      callId: cdr.callId,
      answeredAtMs: cdr.answeredAtMs ?? cdr.startedAtMs,
      cdr,
      caller: dialogRecord(this.#inbound.dialog, this.#inbound.flow),
      callee: dialogRecord(leg.dialog, flow),
    });
  }

  #onRefused(refused: Refused): void {
    if (this.#phase !== 'ringing') return;
    this.record.attemptEnded(refused.status);
    this.#timers.attemptEnded();
    this.#attempt = undefined;
    this.#lastRefusal = refused;
    if (mayFailOver(refused.status)) this.#tryNext();
    else this.#giveUp();
  }

  #giveUp(): void {
    const { status, retryAfterS } = this.#lastRefusal ?? { status: 480 };
    this.end(causeOfStatus(status), 'callee', {
      status: statusForCaller(status),
      reasons: [],
      ...(retryAfterS === undefined ? {} : { retryAfterS }),
    });
  }

  #onOffer(by: 'a' | 'b', offer: Offer, to: ConnectedLeg | undefined): void {
    const bridge = this.#bridge;
    if (this.#phase !== 'up' || bridge === undefined || to === undefined) return offer.refuse(491);
    if (!bridge.takeOffer(by, offer.sdp).ok) return offer.refuse(488);
    const side = by === 'a' ? 'b' : 'a';
    to.offer(bridge.offerFor(side), (outcome) => {
      if ('status' in outcome) {
        bridge.dropOffer();
        return offer.refuse(outcome.status);
      }
      const answer = bridge.takeAnswer(side, outcome.sdp, true);
      if (answer.ok) offer.answer(answer.value);
      else offer.refuse(488);
    });
  }

  #pass(request: PassedRequest, to: ConnectedLeg | undefined): void {
    if (to === undefined) request.respond(481);
    else to.pass(request);
  }

  #onLegEnd(end: LegEnd, by: 'caller' | 'callee'): void {
    const reasons = passableReasons(end.reasons);
    switch (end.cause) {
      case 'cancel':
        return this.end('cancelled', by, { reasons });
      case 'bye':
        return this.end('answered', by, { reasons });
      case 'no ack':
        return this.end('no ack', 'system');
      case 'no answer to request':
        return this.end('peer gone', 'system');
    }
  }
}

/** Reason of our own making: none where a peer ended the call, the setting's name where we did. */
function endReasons(cause: Cause, by: EndedBy): readonly string[] {
  return by === 'system' ? [reasonValue('SIP', statusOf(cause), `${cause}: ${textOf(cause)}`)] : [];
}

/** Counts what is still to be confirmed. */
class Unconfirmed {
  #left: number;
  readonly #onNone: () => void;

  constructor(left: number, onNone: () => void) {
    this.#left = left;
    this.#onNone = onNone;
  }

  done(): void {
    this.#left--;
    if (this.#left === 0) this.#onNone();
  }
}
