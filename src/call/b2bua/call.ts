import type { Log } from '../../base/log/log.ts';
import { HeaderList } from '../../sip/message/index.ts';
import type { InviteServerTransaction } from '../../sip/transaction/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import {
  type Cause,
  causeOfStatus,
  mayFailOver,
  ourReason,
  passableReasons,
  statusForOtherLeg,
  statusOf,
} from '../cause.ts';
import { sdpOf } from '../leg/bodies.ts';
import type { ConnectedLeg, LegEnd, Offer, PassedRequest, Progress, Refused } from '../leg/events.ts';
import { InboundLeg } from '../leg/inbound-leg.ts';
import type { OutboundLeg } from '../leg/outbound-leg.ts';
import type { EndedBy } from '../record.ts';
import { type Destination, destinationName } from '../routing/destination.ts';
import type { CallServices } from '../services.ts';
import { Attempt, type Branch } from './attempt.ts';
import { branchesOf, sessionOptions } from './branches.ts';
import { CallMedia } from './call-media.ts';
import { CallRecord } from './call-record.ts';
import { CallTimers } from './call-timers.ts';
import { dialogRecord } from './dialog-record.ts';
import { type EarlyMediaPolicy, earlyMediaPolicy } from './early-media.ts';
import type { CallPlan } from './plan.ts';

/** `starting` until the row is on disk, `ringing` while destinations are tried, `answering` until the answer is on disk. */
export type CallPhase = 'starting' | 'ringing' | 'answering' | 'up' | 'over';

/** What the end of a call says to its legs beyond its cause. */
interface EndDetails {
  readonly status?: number;
  readonly reasons?: readonly string[];
  readonly retryAfterS?: number;
}

/** How often, and after how long, a call asks again for media ports before it gets 503. */
const portTries = 10;
const portRetryMs = 20;

/** One call: the leg of an admitted caller, the destinations that are tried for it, and the leg that answered. */
export class Call {
  readonly plan: CallPlan;
  readonly record: CallRecord;
  readonly #services: CallServices;
  readonly #inbound: InboundLeg;
  readonly #timers: CallTimers;
  readonly #early: EarlyMediaPolicy;
  readonly #onOver: (call: Call) => void;
  readonly #log: Log;
  readonly #media: CallMedia;
  readonly #hasOffer: boolean;
  #phase: CallPhase = 'starting';
  #nextDestination = 0;
  /** Gives back the line of the SIP server that is tried or talked to. */
  #releaseTrunkLine: () => void = () => {};
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
    const { callId } = transaction.request;
    this.#log = services.log.child({ account: account?.name ?? 'guest', callId, call: plan.callId });
    this.record = new CallRecord(services.clock, plan, transaction.request, flow);
    const offerSdp = sdpOf(transaction.request);
    this.#hasOffer = offerSdp !== undefined;
    this.#media = new CallMedia(services, { account, flow, offerSdp: offerSdp ?? '' }, (cause) =>
      this.end(cause, 'system'),
    );
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
    if (this.#phase !== 'over') this.record.quality(await this.#media.stats());
    return this.record;
  }

  /** Has the call written down, and only then dials: a crash must find the row. */
  start(): void {
    const { store } = this.#services;
    this.#timers.callStarted();
    if (!this.#hasOffer) return this.end('media refused', 'system');
    const { cdr } = this.record;
    this.#log.info('call started', { leg: 'caller', dialled: cdr.dialledNumber, source: cdr.sourceAddress });
    this.#whenStored(store.begin({ callId: cdr.callId, startedAtMs: cdr.startedAtMs, cdr }), () => {
      if (this.#phase !== 'starting') return;
      this.#phase = 'ringing';
      this.#tryNext();
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
    const status = details.status ?? statusOf(cause);
    const reasons = details.reasons ?? endReasons(cause, by);
    this.#log.info('call ended', { cause, status, by });
    this.record.ended(cause, answered && this.#callee !== undefined ? 200 : status, by);
    if (this.#callee === undefined) this.#attempt?.cancel(reasons);
    // The CDR and both legs: a server that stops waits until its peers know.
    const ending = new Unconfirmed(2, () => this.#onOver(this));
    const legs = new Unconfirmed(2, () => {
      this.plan.lease?.release();
      this.#releaseTrunkLine();
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
    const { store } = this.#services;
    this.#media
      .close()
      .then((stats) => this.record.quality(stats))
      .then(() => store.end(this.record.cdr))
      .catch((error: unknown) => {
        this.#log.error('CDR is not written yet; the next start writes it', { error: String(error) });
      })
      .finally(() => ending.done());
  }

  #tryNext(): void {
    const destination = this.plan.destinations[this.#nextDestination++];
    if (destination === undefined) return this.#giveUp();
    this.record.attemptStarted(
      destinationName(destination),
      destination.kind === 'trunk' ? destination.sentNumber : '',
    );
    if (!this.#takeTrunkLine(destination)) {
      return this.#onRefused({ status: 503, reason: 'SIP server is full', isOurs: true });
    }
    this.#dial(destination, portTries);
  }

  #dial(destination: Destination, triesLeft: number): void {
    const { clock } = this.#services;
    const branches = branchesOf(this.#services, this.plan, destination, this.#inbound.request, (side) =>
      this.#media.offerFor(side),
    );
    const problem = branches.length === 0 ? this.#media.takeProblem() : undefined;
    if (problem === 'no media port' && triesLeft > 0) {
      // A burst of calls has taken what was bound ahead; the workers are binding more.
      clock.after(portRetryMs, () => {
        if (this.#phase === 'ringing') this.#dial(destination, triesLeft - 1);
      });
      return;
    }
    if (problem !== undefined) return this.end(problem, 'system');
    if (branches.length === 0) {
      const status = destination.kind === 'trunk' ? 503 : 480;
      return this.#onRefused({ status, reason: 'Nothing to Dial', isOurs: true });
    }
    const initTimeoutMs = this.#services.settings().call_init_timeout * 1000;
    this.#attempt = new Attempt(branches, clock, initTimeoutMs, {
      onProgress: (branch, progress) => this.#onProgress(branch, progress),
      onAnswer: (branch, leg, sdp) => this.#onAnswer(branch, leg, sdp),
      onRefused: (refused) => this.#onRefused(refused),
      onOffer: (offer) => this.#onOffer('b', offer, this.#inbound),
      onPassed: (request) => this.#pass(request, this.#inbound),
      onEnd: (end) => this.#onLegEnd(end, 'callee'),
    });
    this.#attempt.start();
  }

  /** A SIP server is never sent more calls at once than its `maxcalls`. */
  #takeTrunkLine(destination: Destination): boolean {
    this.#releaseTrunkLine();
    if (destination.kind === 'devices') return true;
    const release = this.#services.trunkLines.take(destination.account.id, destination.trunk.maxCalls);
    this.#releaseTrunkLine = release ?? (() => {});
    return release !== undefined;
  }

  #onProgress(branch: Branch, { status, reason, sdp }: Progress): void {
    if (this.#phase !== 'ringing' || status === 100) return;
    this.#timers.ringing();
    const plain = sdp === undefined || this.#early.stripSdp;
    const forCaller = plain ? undefined : this.#media.early(branch.side, sdp, this.#early);
    if (!plain && forCaller === undefined) return;
    if (forCaller !== undefined) this.#timers.earlyMedia();
    const shown = sdp !== undefined && forCaller === undefined ? 180 : status;
    // Devices that ring one after the other tell the caller nothing new.
    if (forCaller === undefined && shown === this.#lastProgressStatus) return;
    this.#lastProgressStatus = shown;
    this.#inbound.progress({ status: shown, reason: shown === status ? reason : 'Ringing', sdp: forCaller });
  }

  #onAnswer(branch: Branch, leg: OutboundLeg, sdp: string): void {
    if (this.#phase !== 'ringing') return leg.end([]);
    this.#callee = leg;
    this.#phase = 'answering';
    this.#timers.answered(this.plan.maxDurationS);
    const forCaller = this.#media.answer(branch.side, sdp);
    this.record.answered(this.#media.bridge?.codecs() ?? '');
    if (!forCaller.ok) return this.end(forCaller.error, 'system');
    this.#log.info('call answered', { leg: 'callee', target: this.record.cdr.calleeName });
    this.#whenStored(this.#writeAnswer(leg), () => {
      if (this.#phase !== 'answering') return;
      this.#phase = 'up';
      leg.acknowledge();
      this.#inbound.answer(forCaller.value);
    });
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
    });
  }

  #onRefused(refused: Refused): void {
    if (this.#phase !== 'ringing') return;
    this.record.attemptEnded(refused.status);
    this.#log.info('destination refused', {
      leg: 'callee',
      target: this.record.cdr.calleeName,
      status: refused.status,
    });
    this.#timers.attemptEnded();
    this.#attempt = undefined;
    this.#lastRefusal = refused;
    if (mayFailOver(refused.status)) this.#tryNext();
    else this.#giveUp();
  }

  #giveUp(): void {
    const { status, retryAfterS, isOurs } = this.#lastRefusal ?? { status: 480, isOurs: true };
    const cause = isOurs === true && status === 408 ? 'call init timeout' : causeOfStatus(status);
    this.end(cause, isOurs === true ? 'system' : 'callee', {
      status: statusForOtherLeg(status),
      reasons: [],
      ...(retryAfterS === undefined ? {} : { retryAfterS }),
    });
  }

  #onOffer(by: 'a' | 'b', offer: Offer, to: ConnectedLeg | undefined): void {
    const { bridge } = this.#media;
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

/** Reason of our own making; none where a peer ended the call. */
function endReasons(cause: Cause, by: EndedBy): readonly string[] {
  return by === 'system' ? [ourReason(cause)] : [];
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
