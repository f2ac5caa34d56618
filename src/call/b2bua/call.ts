import type { Log } from '../../base/log/log.ts';
import type { LiveCall } from '../../billing/seam.ts';
import type { SipRequest } from '../../sip/message/index.ts';
import type { InviteServerTransaction } from '../../sip/transaction/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import type { Cause } from '../cause.ts';
import { expiresOf, sdpOf } from '../leg/bodies.ts';
import type { CalleeAnswer, ConnectedLeg, SessionObserver } from '../leg/events.ts';
import { InboundLeg } from '../leg/inbound-leg.ts';
import type { OutboundLeg } from '../leg/outbound-leg.ts';
import type { CallServices } from '../services.ts';
import type { Branch } from './attempt.ts';
import { sessionOptions } from './branches.ts';
import { type CallEnd, endOfHunt, endOfLeg, ownEnd } from './call-end.ts';
import { CallMedia } from './call-media.ts';
import { CallRecord } from './call-record.ts';
import { CallTimers } from './call-timers.ts';
import { dialogRecord } from './dialog-record.ts';
import { earlyMediaPolicy } from './early-media.ts';
import { EarlyState } from './early-state.ts';
import { Hunt } from './hunt.ts';
import type { MediaBridge } from './media-bridge.ts';
import { exchangeOffer, exchangeWantedOffer, passRequest } from './offer-exchange.ts';
import { type CallPlan, callingAccount, pricedCall } from './plan.ts';
import { SideWatches } from './side-watch.ts';
import { StoredCall } from './stored-call.ts';
import { takeDown } from './take-down.ts';

/** `starting` until the row is on disk, `ringing` while destinations are tried, `answering` until the answer is on disk. */
export type CallPhase = 'starting' | 'ringing' | 'answering' | 'up' | 'over';

/** What a call tells the table of calls: first the one, then the other. */
export interface CallObserver {
  /** Both legs are over, and the CDR is written. */
  onOver(call: Call): void;
  /** Nothing that was dialled can ring or answer any more. */
  onGone(call: Call): void;
}

/** What may flow once the call is answered. */
const openMedia = { fromCaller: true, fromCallee: true, stripSdp: false } as const;

/**
 * One call: the leg of an admitted caller, the hunt for a callee, and the leg that answered. The machines it is made of
 * know nothing of each other; what one reports, the call hands to the next.
 *
 *     starting --row on disk--> ringing --2xx--> answering --answer on disk--> up --end--> over
 *         \-------------------------\-----------------\------------------------------------^
 */
export class Call {
  readonly plan: CallPlan;
  readonly record: CallRecord;
  readonly #services: CallServices;
  readonly #observer: CallObserver;
  readonly #log: Log;
  readonly #media: CallMedia;
  readonly #timers: CallTimers;
  readonly #early: EarlyState;
  readonly #watches: SideWatches;
  readonly #live: LiveCall;
  readonly #stored: StoredCall;
  readonly #inbound: InboundLeg;
  readonly #hunt: Hunt;
  /** The call has its final answer, or is over: its source may have another one pending. */
  readonly #settled: () => void;
  #phase: CallPhase = 'starting';
  #callee: OutboundLeg | undefined;

  constructor(
    services: CallServices,
    plan: CallPlan,
    transaction: InviteServerTransaction,
    flow: Flow,
    observer: CallObserver,
  ) {
    this.#services = services;
    this.plan = plan;
    this.#observer = observer;
    const { request } = transaction;
    const settings = services.settings();
    const account = callingAccount(plan);
    this.record = new CallRecord(services.clock, plan, request, flow);
    const { sipCallId } = this.record.cdr;
    this.#log = services.log.child({ account: account?.name ?? 'guest', callId: sipCallId, call: plan.callId });
    const end = (cause: Cause): void => this.end(cause);
    this.#media = new CallMedia(services, { account, flow, offerSdp: sdpOf(request) }, this.#log, end);
    this.#timers = new CallTimers(services.clock, settings, end);
    this.#timers.invitationExpires(expiresOf(request));
    const early = { media: this.#media, timers: this.#timers, record: this.record };
    const policy = earlyMediaPolicy(settings, account?.kind === 'sipserver');
    this.#early = new EarlyState(policy, early, (progress) => this.#inbound.progress(progress));
    this.#watches = this.#newWatches(end);
    this.#settled = services.pending.add(flow.remote.address);
    this.#live = this.#newLiveCall(flow, end);
    this.#stored = new StoredCall(services, this.record, this.#live, this.#log);
    this.#inbound = this.#newInbound(transaction, flow);
    this.#hunt = this.#newHunt(request, flow);
  }

  get phase(): CallPhase {
    return this.#phase;
  }

  /** The CDR as it would be now, with what the media plane has measured so far. */
  async recordSoFar(): Promise<CallRecord> {
    if (this.#phase !== 'over') this.record.quality(await this.#media.stats());
    return this.record;
  }

  /** Has the call written down, and only then dials: a crash must find the row. */
  start(): void {
    this.#timers.callStarted();
    const { dialledNumber, sourceAddress } = this.record.cdr;
    this.#log.info('call started', { leg: 'caller', dialled: dialledNumber, source: sourceAddress });
    // What will be dialled first goes into the row, so that a server that finds it can stop the ringing.
    this.#hunt.prepare();
    // Nothing could be dialled: the CDR is on its way, and no row is to outlive it.
    if (this.phase !== 'starting') return;
    this.#whenStored(this.#stored.begin(), () => {
      if (this.#phase !== 'starting') return;
      this.#phase = 'ringing';
      this.#hunt.start();
    });
  }

  /** Ends the call on both sides by our own doing, whatever its phase; the first cause stands. */
  end(cause: Cause): void {
    this.#end(ownEnd(cause));
  }

  #newWatches(end: (cause: Cause) => void): SideWatches {
    return new SideWatches(this.#services, this.#log, {
      stats: () => this.#media.stats(),
      // A side spoke from elsewhere, did not prove itself, and is not heard either. Before the answer nobody is.
      onGone: () => {
        if (this.#phase === 'up') end('challenge unanswered');
      },
      onFault: end,
    });
  }

  #newLiveCall(flow: Flow, cut: LiveCall['cut']): LiveCall {
    return {
      ...pricedCall(this.plan, flow.remote.address),
      decidedBy: (decisionId) => this.record.refusedBy(decisionId),
      cut,
      setPaidUntil: (remainingMs) => this.#media.setPaidUntil(remainingMs),
    };
  }

  #newInbound(transaction: InviteServerTransaction, flow: Flow): InboundLeg {
    const account = callingAccount(this.plan);
    const options = sessionOptions(this.#services, account, flow, this.plan.dialledNumber, this.#watches.a);
    const other = (): OutboundLeg | undefined => this.#callee ?? this.#hunt.shown;
    return new InboundLeg(transaction, flow, options, this.#dialogOf('a', other));
  }

  #newHunt(request: SipRequest, flow: Flow): Hunt {
    const hunted = {
      ...{ plan: this.plan, media: this.#media, record: this.record, live: this.#live },
      caller: { request, flow, calleeWatch: this.#watches.b },
      canBeReliable: this.#inbound.canBeReliable,
    };
    return new Hunt(this.#services, hunted, {
      ...this.#dialogOf('b', () => this.#inbound),
      onProgress: (branch, progress) => {
        if (this.#phase === 'ringing') this.#early.onProgress(branch, progress);
      },
      onAnswer: (branch, leg, answer) => this.#onAnswer(branch, leg, answer),
      onDialling: (invites) => this.#stored.dialling(invites),
      onRefused: ({ status }) => {
        this.#log.info('destination refused', { leg: 'callee', target: this.record.cdr.calleeName, status });
        this.#timers.attemptEnded();
      },
      onGivenUp: (refused) => this.#end(endOfHunt(refused)),
      onLateAnswer: (leg, attemptIndex) => this.#stored.answeredLate(leg, attemptIndex),
      onProblem: (problem) => this.end(problem),
    });
  }

  /** What happens in the dialog of one side concerns the leg of the other. */
  #dialogOf(side: 'a' | 'b', other: () => ConnectedLeg | undefined): SessionObserver {
    return {
      // Before the answer an UPDATE may pass, once its two dialogs have settled their first exchange (RFC 3311 §5.1).
      onOffer: (offer) => exchangeOffer(this.#bridgeIn('ringing', 'up'), side, offer, other()),
      onOfferWanted: (wanted) => exchangeWantedOffer(this.#bridgeIn('up'), side, wanted, other()),
      onPassed: (passed) => passRequest(passed, other()),
      onEnd: (end) => this.#end(endOfLeg(end, side === 'a' ? 'caller' : 'callee')),
    };
  }

  #bridgeIn(...phases: readonly CallPhase[]): MediaBridge | undefined {
    return phases.includes(this.#phase) ? this.#media.bridge : undefined;
  }

  /** Goes on once a row is on disk; without it, or when something breaks on the way, the call is over. */
  #whenStored(written: Promise<void>, goOn: () => void): void {
    written
      .then(goOn, () => this.end('store failed'))
      .catch((error: unknown) => {
        this.#log.error('call broke', { error: error instanceof Error ? error.stack : String(error) });
        this.end('failed');
      });
  }

  #onAnswer(branch: Branch, leg: OutboundLeg, answer: CalleeAnswer): void {
    if (this.#phase !== 'ringing') return leg.end([]);
    this.#callee = leg;
    this.#phase = 'answering';
    this.#settled();
    this.#timers.answered(this.plan.maxDurationS);
    const isOffer = answer.isOffer || this.#media.waitsForOffer;
    const forCaller = isOffer
      ? this.#media.lateOffer(branch.side, answer.sdp)
      : this.#media.answer(branch.side, answer.sdp, answer.isAsShown);
    this.record.answered(this.#media.bridge?.codecs() ?? '');
    if (this.#hunt.leg !== undefined) this.#services.lifecycle.answered(this.#live, this.#hunt.leg);
    // What became too dear while it rang has been cut.
    if (this.phase !== 'answering') return;
    if (!forCaller.ok) return this.end(forCaller.error);
    this.#log.info('call answered', { leg: 'callee', target: this.record.cdr.calleeName });
    this.#inbound.settle(forCaller.value);
    const caller = dialogRecord(this.#inbound.dialog, this.#inbound.flow);
    const callee = dialogRecord(leg.dialog, leg.dialogFlow);
    this.#whenStored(this.#stored.answered(caller, callee), () => {
      if (this.#phase !== 'answering') return;
      this.#phase = 'up';
      if (isOffer) return this.#inbound.answer(forCaller.value, (sdp) => this.#onLateAnswer(leg, sdp));
      leg.acknowledge();
      this.#inbound.answer(forCaller.value);
    });
  }

  /** The caller's answer to the callee's offer came in its ACK: now the callee gets its own. */
  #onLateAnswer(leg: OutboundLeg, sdp: string | undefined): void {
    if (this.#phase !== 'up') return;
    const forCallee = sdp === undefined ? undefined : this.#media.lateAnswer(sdp, openMedia);
    if (forCallee?.ok !== true) return this.end('media refused');
    leg.acknowledge(forCallee.value);
  }

  #end(end: CallEnd): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#timers.stopAll();
    this.#settled();
    this.#watches.stop();
    const { cause, status, by } = end;
    this.#log.info('call ended', { cause, status, by });
    this.record.ended(cause, this.#callee === undefined ? status : 200, by);
    this.#services.lifecycle.ended(this.#live);
    takeDown(
      { inbound: this.#inbound, callee: this.#callee, hunt: this.#hunt, lease: this.plan.lease },
      end,
      () => this.#stored.close(this.#media.close()),
      { onOver: () => this.#observer.onOver(this), onGone: () => this.#observer.onGone(this) },
    );
  }
}
