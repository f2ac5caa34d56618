import type { Clock } from '../../base/time/clock.ts';
import type { StreamStats } from '../../media/index.ts';
import { detached, type SipRequest } from '../../sip/message/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import type { Cause } from '../cause.ts';
import type { Cdr, EndedBy, RouteAttempt, StreamQuality } from '../record.ts';
import { type CallPlan, callingAccount } from './plan.ts';

/** Gathers the CDR of a call while it lives; each call has one, and one only. */
export class CallRecord {
  readonly #clock: Clock;
  #cdr: Cdr;
  #earlySinceMs: number | undefined;
  #attempt: Omit<RouteAttempt, 'status' | 'endedAtMs'> | undefined;

  constructor(clock: Clock, plan: CallPlan, request: SipRequest, flow: Flow) {
    this.#clock = clock;
    this.#cdr = { ...emptyCdr, ...planFields(plan), ...requestFields(request, flow), startedAtMs: clock.wallMs() };
  }

  get cdr(): Cdr {
    return this.#cdr;
  }

  /** `hop` is where a SIP server was tried, such as `udp:192.0.2.1:5060`. */
  attemptStarted(target: string, sentNumber: string, hop?: string): void {
    const at = hop === undefined ? {} : { hop };
    this.#attempt = { target, ...at, sentNumber, startedAtMs: this.#clock.wallMs() };
    this.#cdr = { ...this.#cdr, sentNumber, calleeName: target };
  }

  /** Media flows before the answer, until the attempt ends or answers. */
  earlyMediaBegan(): void {
    this.#earlySinceMs ??= this.#clock.monotonicMs();
  }

  attemptEnded(status: number): void {
    this.#earlyMediaEnded();
    if (this.#attempt === undefined) return;
    const attempt: RouteAttempt = { ...this.#attempt, status, endedAtMs: this.#clock.wallMs() };
    this.#attempt = undefined;
    this.#cdr = { ...this.#cdr, attempts: [...this.#cdr.attempts, attempt] };
  }

  /** The place in the CDR that the attempt under way will have. */
  get attemptIndex(): number {
    return this.#cdr.attempts.length;
  }

  /** An attempt that was given up answered all the same: its carrier may charge for it. */
  lateAnswer(attemptIndex: number): void {
    const lateAnsweredAtMs = this.#clock.wallMs();
    const attempts = this.#cdr.attempts.map((attempt, index) =>
      index === attemptIndex ? { ...attempt, lateAnsweredAtMs } : attempt,
    );
    this.#cdr = { ...this.#cdr, attempts };
  }

  answered(codecs: string): void {
    this.attemptEnded(200);
    this.#cdr = { ...this.#cdr, answeredAtMs: this.#clock.wallMs(), codecs };
  }

  refusedBy(decisionId: string): void {
    this.#cdr = { ...this.#cdr, decisionId };
  }

  ended(cause: Cause, sipStatus: number, endedBy: EndedBy): void {
    this.attemptEnded(sipStatus);
    this.#cdr = { ...this.#cdr, endedAtMs: this.#clock.wallMs(), cause, sipStatus, endedBy };
  }

  #earlyMediaEnded(): void {
    if (this.#earlySinceMs === undefined) return;
    const lastedMs = Math.round(this.#clock.monotonicMs() - this.#earlySinceMs);
    this.#earlySinceMs = undefined;
    this.#cdr = { ...this.#cdr, earlyMediaMs: this.#cdr.earlyMediaMs + lastedMs };
  }

  quality([first]: readonly StreamStats[]): void {
    if (first === undefined) return;
    this.#cdr = { ...this.#cdr, callerQuality: qualityOf(first.a), calleeQuality: qualityOf(first.b) };
  }
}

const emptyCdr: Cdr = {
  callId: '',
  sipCallId: '',
  payerId: undefined,
  callerId: undefined,
  callerName: '',
  calleeName: '',
  callerNumber: '',
  dialledNumber: '',
  canonicalNumber: '',
  numberClass: '',
  sentNumber: '',
  dialRule: '',
  attempts: [],
  startedAtMs: 0,
  answeredAtMs: undefined,
  endedAtMs: undefined,
  cause: '',
  sipStatus: 0,
  endedBy: 'system',
  codecs: '',
  earlyMediaMs: 0,
  callerQuality: undefined,
  calleeQuality: undefined,
  sourceAddress: '',
  sourcePort: 0,
  transport: '',
  userAgent: '',
  decisionId: '',
  transferOf: '',
};

function planFields(plan: CallPlan): Partial<Cdr> {
  const account = callingAccount(plan);
  return {
    callId: plan.callId,
    payerId: plan.payer?.accountId,
    callerId: account?.id,
    callerName: account?.name ?? '',
    callerNumber: plan.callerId.user,
    dialledNumber: plan.dialledNumber,
    canonicalNumber: plan.canonicalNumber,
    numberClass: plan.numberClass,
    dialRule: plan.dialRule,
  };
}

function requestFields(request: SipRequest, flow: Flow): Partial<Cdr> {
  return {
    sipCallId: detached(request.callId.slice(0, 200)),
    sourceAddress: flow.remote.address,
    sourcePort: flow.remote.port,
    transport: flow.transport,
    userAgent: detached((request.headers.get('user-agent') ?? '').slice(0, 200)),
  };
}

function qualityOf(side: StreamStats['a']): StreamQuality {
  const { packets, lost, jitterMs, mosHundredths } = side;
  return { packets, lost, jitterMs, mosHundredths };
}
