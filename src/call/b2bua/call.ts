import type { Posting } from '../../billing/ledger/posting.ts';
import type { DialledLeg, LiveCall } from '../../billing/seam.ts';
import type { Log } from '../../base/log/log.ts';
import { HeaderList } from '../../sip/message/index.ts';
import type { InviteServerTransaction } from '../../sip/transaction/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import { type Cause, causeOfStatus, ourReason, passableReasons, statusForOtherLeg, statusOf } from '../cause.ts';
import { sdpOf } from '../leg/bodies.ts';
import type { CalleeAnswer, ConnectedLeg, LegEnd, Offer, Refused, WantedOffer } from '../leg/events.ts';
import { InboundLeg } from '../leg/inbound-leg.ts';
import type { OutboundLeg } from '../leg/outbound-leg.ts';
import type { EndedBy, InviteRecord } from '../record.ts';
import type { CallServices } from '../services.ts';
import type { Branch } from './attempt.ts';
import { sessionOptions } from './branches.ts';
import { CallMedia } from './call-media.ts';
import { CallRecord } from './call-record.ts';
import { CallTimers } from './call-timers.ts';
import { dialogRecord } from './dialog-record.ts';
import { EarlyState } from './early-state.ts';
import { Hunt } from './hunt.ts';
import { mediaAbuse } from './media-abuse.ts';
import { exchangeOffer, exchangeWantedOffer, passRequest } from './offer-exchange.ts';
import { type CallPlan, pricedCall } from './plan.ts';
import { SideWatch } from './side-watch.ts';
import { Unconfirmed } from './unconfirmed.ts';

/** `starting` until the row is on disk, `ringing` while destinations are tried, `answering` until the answer is on disk. */
export type CallPhase = 'starting' | 'ringing' | 'answering' | 'up' | 'over';

/** What a call tells the table of calls: first the one, then the other. */
export interface CallObserver {
  /** Both legs are over, and the CDR is written. */
  onOver(call: Call): void;
  /** Nothing that was dialled can ring or answer any more. */
  onGone(call: Call): void;
}

/** What the end of a call says to its legs beyond its cause. */
interface EndDetails {
  readonly status?: number;
  readonly reasons?: readonly string[];
  readonly retryAfterS?: number;
}

/** A CDR that the disk did not take is tried again so often. */
const endTries = 360;
const endRetryMs = 10_000;

/**
 * One call: the leg of an admitted caller, the hunt for a callee, and the leg that answered. The machines it is made of
 * know nothing of each other; what one reports, the call hands to the next.
 */
export class Call {
  readonly plan: CallPlan;
  readonly record: CallRecord;
  readonly #services: CallServices;
  readonly #inbound: InboundLeg;
  readonly #timers: CallTimers;
  readonly #early: EarlyState;
  readonly #hunt: Hunt;
  readonly #live: LiveCall;
  readonly #observer: CallObserver;
  readonly #log: Log;
  readonly #media: CallMedia;
  readonly #watches: Readonly<Record<'a' | 'b', SideWatch>>;
  /** The call has its final answer, or is over: its source may have another one pending. */
  readonly #settled: () => void;
  #phase: CallPhase = 'starting';
  #callee: OutboundLeg | undefined;
  /** The CDR and its charges are on the disk, or given up. */
  #closed: Promise<void> = Promise.resolve();
  #lateCharges = 0;
  #invites: readonly InviteRecord[] = [];

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
    const settings = services.settings();
    const account = plan.caller.kind === 'account' ? plan.caller.account : undefined;
    const { request } = transaction;
    this.record = new CallRecord(services.clock, plan, request, flow);
    const { sipCallId } = this.record.cdr;
    this.#log = services.log.child({ account: account?.name ?? 'guest', callId: sipCallId, call: plan.callId });
    this.#media = new CallMedia(services, { account, flow, offerSdp: sdpOf(request) }, (cause) =>
      this.end(cause, 'system'),
    );
    const watch = (side: 'a' | 'b'): SideWatch =>
      new SideWatch(services, side, this.#log, {
        stats: () => this.#media.stats(),
        onGone: () => this.#onMoved(),
        onFault: (fault) => this.end(fault, 'system'),
      });
    this.#watches = { a: watch('a'), b: watch('b') };
    this.#settled = services.pending.add(flow.remote.address);
    this.#timers = new CallTimers(services.clock, settings, (cause) => this.end(cause, 'system'));
    const timers = {
      ringing: () => this.#timers.ringing(),
      earlyMedia: () => {
        this.#timers.earlyMedia();
        this.record.earlyMediaBegan();
      },
    };
    this.#early = new EarlyState(settings, account?.kind === 'sipserver', this.#media, timers, (progress) =>
      this.#inbound.progress(progress),
    );
    this.#inbound = new InboundLeg(
      transaction,
      flow,
      sessionOptions(services, account, flow, plan.dialledNumber, this.#watches.a),
      {
        onOffer: (offer) => this.#onOffer('a', offer, this.#callee ?? this.#hunt.shown),
        onOfferWanted: (wanted) => this.#onOfferWanted('a', wanted, this.#callee),
        onPassed: (passed) => passRequest(passed, this.#callee),
        onEnd: (end) => this.#onLegEnd(end, 'caller'),
      },
    );
    this.#live = {
      ...pricedCall(plan, flow.remote.address),
      decidedBy: (decisionId) => this.record.refusedBy(decisionId),
      cut: (cause) => this.end(cause, 'system'),
      setPaidUntil: (remainingMs) => this.#media.setPaidUntil(remainingMs),
    };
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
    const { store } = this.#services;
    this.#timers.callStarted();
    const { dialledNumber, sourceAddress } = this.record.cdr;
    this.#log.info('call started', { leg: 'caller', dialled: dialledNumber, source: sourceAddress });
    // What will be dialled first goes into the row, so that a server that finds it can stop the ringing.
    this.#hunt.prepare();
    // Nothing could be dialled: the CDR is on its way, and no row is to outlive it.
    if (this.phase !== 'starting') return;
    const { cdr } = this.record;
    this.#whenStored(
      store.begin({
        ...{ callId: cdr.callId, startedAtMs: cdr.startedAtMs, cdr, invites: this.#invites },
        money: this.#services.money.writtenMoney(cdr.callId),
      }),
      () => {
        if (this.#phase !== 'starting') return;
        this.#phase = 'ringing';
        this.#hunt.start();
      },
    );
  }

  /** Further destinations are written down too, but not waited for: a crash between costs some ringing, and no money. */
  #onDialling(invites: readonly InviteRecord[]): void {
    this.#invites = [...this.#invites, ...invites];
    if (this.#phase !== 'ringing') return;
    const { store, money } = this.#services;
    const { callId } = this.plan;
    store.dialled(callId, this.#invites, money.writtenMoney(callId)).catch((error: unknown) => {
      this.#log.warn('a further destination is not written down', { error: String(error) });
    });
  }

  /** Goes on once a row is on disk; without it, or when something breaks on the way, the call is over. */
  #whenStored(written: Promise<void>, goOn: () => void): void {
    written
      .then(goOn, () => this.end('store failed', 'system'))
      .catch((error: unknown) => {
        this.#log.error('call broke', { error: error instanceof Error ? error.stack : String(error) });
        this.end('failed', 'system');
      });
  }

  /** Ends the call on both sides, whatever its phase; the first reason stands. */
  end(cause: Cause, by: EndedBy, details: EndDetails = {}): void {
    if (this.#phase === 'over') return;
    const answered = this.#phase === 'up' || this.#phase === 'answering';
    this.#phase = 'over';
    this.#timers.stopAll();
    this.#settled();
    this.#watches.a.stop();
    this.#watches.b.stop();
    const status = details.status ?? statusOf(cause);
    const reasons = details.reasons ?? endReasons(cause, by);
    this.#log.info('call ended', { cause, status, by });
    this.record.ended(cause, answered && this.#callee !== undefined ? 200 : status, by);
    this.#services.lifecycle.ended(this.#live);
    if (this.#callee === undefined) this.#hunt.cancel(reasons);
    // A server that stops waits until its peers know, be it for the 1xx that a CANCEL has to wait for.
    const gone = new Unconfirmed(2, () => this.#observer.onGone(this));
    const over = new Unconfirmed(2, () => {
      this.#observer.onOver(this);
      gone.done();
    });
    const legs = new Unconfirmed(2, () => {
      this.plan.lease?.release();
      over.done();
    });
    if (this.#callee === undefined) legs.done();
    else this.#callee.end(reasons, () => legs.done());
    this.#endInbound(status, reasons, details, legs);
    this.#hunt.whenGone(() => {
      this.#hunt.releaseTrunkLine();
      gone.done();
    });
    this.#closed = this.#close().finally(() => over.done());
  }

  #endInbound(status: number, reasons: readonly string[], details: EndDetails, legs: Unconfirmed): void {
    if (this.#inbound.state !== 'early') return this.#inbound.end(reasons, () => legs.done());
    const headers = new HeaderList();
    for (const reason of reasons) headers.append('reason', reason);
    if (details.retryAfterS !== undefined) headers.append('retry-after', String(details.retryAfterS));
    this.#inbound.refuse(status < 300 ? 480 : status, headers);
    legs.done();
  }

  /**
   * The CDR is written last, with what the media plane measured and what the call costs; until then the row stands for
   * a restart to find. A full disk is tried again: the charge is out of the balance already.
   */
  #close(): Promise<void> {
    const { store, money } = this.#services;
    const measured = this.#media.close();
    const write = async (charges: readonly Posting[]): Promise<void> => {
      const stats = await measured;
      this.record.quality(stats);
      const abuse = mediaAbuse(stats);
      if (abuse !== undefined) this.#log.warn('media from elsewhere, over the rate or malformed was dropped', abuse);
      await this.#writeEnd(() => store.end(this.record.cdr, charges));
    };
    return money.charge(this.#live, write).catch((error: unknown) => {
      this.#log.error('CDR is not written; the next start writes it', { error: String(error) });
    });
  }

  /** A SIP server that was given up answered, and may charge for it: what is on the disk already is amended. */
  #onBranchAnsweredLate(leg: DialledLeg, attemptIndex: number): void {
    const { store, money } = this.#services;
    this.record.lateAnswer(attemptIndex);
    if (this.#phase !== 'over') return money.lateAnswer(this.#live, leg);
    const amend = async (charges: readonly Posting[]): Promise<void> => {
      await this.#closed;
      await this.#writeEnd(() => store.amend(this.record.cdr, charges));
    };
    this.#lateCharges++;
    money.chargeLate(this.#live, leg, this.#lateCharges, amend).catch((error: unknown) => {
      this.#log.error('a late answer of a SIP server is not in the CDR', { error: String(error) });
    });
  }

  async #writeEnd(write: () => Promise<void>): Promise<void> {
    for (let triesLeft = endTries; ; triesLeft--) {
      try {
        return await write();
      } catch (error) {
        if (triesLeft === 0) throw error;
        this.#log.warn('CDR is not written yet', { error: String(error), triesLeft });
        await new Promise<void>((resolve) => void this.#services.clock.after(endRetryMs, resolve));
      }
    }
  }

  #newHunt(request: InviteServerTransaction['request'], flow: Flow): Hunt {
    const hunted = {
      ...{ plan: this.plan, media: this.#media, record: this.record, live: this.#live },
      caller: { request, flow, calleeWatch: this.#watches.b },
      canBeReliable: this.#inbound.canBeReliable,
    };
    return new Hunt(this.#services, hunted, {
      onProgress: (branch, progress) => {
        if (this.#phase === 'ringing') this.#early.onProgress(branch, progress);
      },
      onAnswer: (branch, leg, answer) => this.#onAnswer(branch, leg, answer),
      onDialling: (invites) => this.#onDialling(invites),
      onRefused: ({ status }) => {
        this.#log.info('destination refused', { leg: 'callee', target: this.record.cdr.calleeName, status });
        this.#timers.attemptEnded();
      },
      onGivenUp: (refused) => this.#giveUp(refused),
      onLateAnswer: (leg, attemptIndex) => this.#onBranchAnsweredLate(leg, attemptIndex),
      onProblem: (problem) => this.end(problem, 'system'),
      onOffer: (offer) => this.#onOffer('b', offer, this.#inbound),
      onOfferWanted: (wanted) => this.#onOfferWanted('b', wanted, this.#inbound),
      onPassed: (passed) => passRequest(passed, this.#inbound),
      onEnd: (end) => this.#onLegEnd(end, 'callee'),
    });
  }

  #onAnswer(branch: Branch, leg: OutboundLeg, { sdp, isOffer: bringsOffer, isAsShown }: CalleeAnswer): void {
    if (this.#phase !== 'ringing') return leg.end([]);
    this.#callee = leg;
    this.#phase = 'answering';
    this.#settled();
    this.#timers.answered(this.plan.maxDurationS);
    const isOffer = bringsOffer || this.#media.waitsForOffer;
    const forCaller = isOffer
      ? this.#media.lateOffer(branch.side, sdp)
      : this.#media.answer(branch.side, sdp, isAsShown);
    this.record.answered(this.#media.bridge?.codecs() ?? '');
    if (this.#hunt.leg !== undefined) this.#services.lifecycle.answered(this.#live, this.#hunt.leg);
    // What became too dear while it rang has been cut.
    if (this.phase !== 'answering') return;
    if (!forCaller.ok) return this.end(forCaller.error, 'system');
    this.#log.info('call answered', { leg: 'callee', target: this.record.cdr.calleeName });
    this.#inbound.settle(forCaller.value);
    this.#whenStored(this.#writeAnswer(leg), () => {
      if (this.#phase !== 'answering') return;
      this.#phase = 'up';
      if (isOffer) return this.#inbound.answer(forCaller.value, (answer) => this.#onLateAnswer(leg, answer));
      leg.acknowledge();
      this.#inbound.answer(forCaller.value);
    });
  }

  /** The caller's answer to the callee's offer came in its ACK: now the callee gets its own. */
  #onLateAnswer(leg: OutboundLeg, sdp: string | undefined): void {
    if (this.#phase !== 'up') return;
    const forCallee = sdp === undefined ? undefined : this.#media.lateAnswer(sdp, openMedia);
    if (forCallee?.ok !== true) return this.end('media refused', 'system');
    leg.acknowledge(forCallee.value);
  }

  #writeAnswer(leg: OutboundLeg): Promise<void> {
    const { cdr } = this.record;
    const { store } = this.#services;
    return store.answer({
      callId: cdr.callId,
      answeredAtMs: cdr.answeredAtMs ?? cdr.startedAtMs,
      cdr,
      caller: dialogRecord(this.#inbound.dialog, this.#inbound.flow),
      callee: dialogRecord(leg.dialog, leg.dialogFlow),
      money: this.#services.money.writtenMoney(cdr.callId),
    });
  }

  #giveUp({ status, retryAfterS, isOurs }: Refused): void {
    const cause = isOurs === true && status === 408 ? 'call init timeout' : causeOfStatus(status);
    this.end(cause, isOurs === true ? 'system' : 'callee', {
      status: statusForOtherLeg(status),
      reasons: [],
      ...(retryAfterS === undefined ? {} : { retryAfterS }),
    });
  }

  #onOffer(by: 'a' | 'b', offer: Offer, to: ConnectedLeg | undefined): void {
    const { bridge } = this.#media;
    // Before the answer an UPDATE may pass, once its two dialogs have settled their first exchange (RFC 3311 §5.1).
    const mayPass = this.#phase === 'up' || this.#phase === 'ringing';
    if (!mayPass || bridge === undefined || to === undefined) return offer.refuse(500);
    exchangeOffer(bridge, by, offer, to);
  }

  #onOfferWanted(by: 'a' | 'b', wanted: WantedOffer, to: ConnectedLeg | undefined): void {
    const { bridge } = this.#media;
    if (this.#phase !== 'up' || bridge === undefined || to === undefined) return wanted.refuse(500);
    exchangeWantedOffer(bridge, by, wanted, to);
  }

  /** A side spoke from elsewhere, did not prove itself, and is not heard either. Before the answer nobody is. */
  #onMoved(): void {
    if (this.#phase === 'up') this.end('challenge unanswered', 'system');
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
      case 'no prack':
        return this.end('no prack', 'system');
      case 'session expired':
        return this.end('session expired', 'system');
      case 'no answer to request':
        return this.end('peer gone', 'system');
    }
  }
}

/** What may flow once the call is answered. */
const openMedia = { fromCaller: true, fromCallee: true, stripSdp: false } as const;

/** Reason of our own making; none where a peer ended the call. */
function endReasons(cause: Cause, by: EndedBy): readonly string[] {
  return by === 'system' ? [ourReason(cause)] : [];
}
