import type { Trunk } from '../accounts/model.ts';
import { connectedSeconds } from '../billing/rating/price.ts';
import { unpricedRow } from '../billing/tariff/price-book.ts';
import type { Refusal } from '../guard/decision.ts';
import { decide } from '../guard/decision.ts';
import { findingOf } from '../guard/findings.ts';
import { judgeSessionTimer } from '../sip/dialog/index.ts';
import { HeaderList, namesToken, type SipRequest } from '../sip/message/index.ts';
import { callRefusalOf } from '../sip/stack/index.ts';
import type { Flow } from '../sip/transport/flow.ts';
import { admitCall, type Candidate, newCandidate, planOf } from './admission/admit.ts';
import { identifyCaller } from './admission/identify.ts';
import { sessionTimerPolicy } from './b2bua/branches.ts';
import { Call } from './b2bua/call.ts';
import { CallRecord } from './b2bua/call-record.ts';
import { type Cause, causeOfStatus, reasonValue } from './cause.ts';
import type { AuditedCall } from './limits/lease-audit.ts';
import { RefusalBudget } from './refusal-budget.ts';
import type { CallServices } from './services.ts';

/** What the calls count for the metrics. */
export interface CallCounts {
  started: number;
  answered: number;
  refused: number;
  challenged: number;
  unproven: number;
}

/** All calls of this server: admits new ones, knows the running ones, lets go of ended ones. */
export class CallService {
  readonly counts: CallCounts = { started: 0, answered: 0, refused: 0, challenged: 0, unproven: 0 };
  readonly #services: CallServices;
  readonly #calls = new Map<string, Call>();
  /** Calls that are over, of which something that was given up may still ring or answer. */
  readonly #ringingOn = new Set<Call>();
  readonly #refusals: RefusalBudget;
  #draining = false;
  #onIdle: (() => void) | undefined;

  constructor(services: CallServices) {
    this.#services = services;
    this.#refusals = new RefusalBudget(services.clock);
  }

  /** Calls that are not over yet, with those whose legs are being ended or whose CDR is being written. */
  calls(): readonly Call[] {
    return [...this.#calls.values()];
  }

  get count(): number {
    return this.#calls.size;
  }

  /** The calls as the audit of leases wants them: one that ends gives its line back before its CDR is written. */
  *audited(): Generator<AuditedCall> {
    for (const { plan, phase } of [...this.#calls.values(), ...this.#ringingOn]) {
      const holdsLineOf =
        phase === 'over' || plan.lease === undefined || plan.numberClass === 'emergency'
          ? undefined
          : plan.payer?.accountId;
      yield { callId: plan.callId, holdsLineOf };
    }
  }

  /** Ends a call by the operator's word; false where there is none of that id. */
  endCall(callId: string): boolean {
    const call = this.#calls.get(callId);
    call?.end('ended by operator');
    return call !== undefined;
  }

  /** Ends the calls that an account pays for, or one below it: it may no longer call. */
  endCallsOf(accountId: number): void {
    for (const call of this.calls()) {
      const { payer } = call.plan;
      if (payer !== undefined && this.#pays(accountId, payer.accountId)) call.end('account disabled');
    }
  }

  #pays(accountId: number, payerId: number): boolean {
    if (accountId === payerId) return true;
    const resellers = [...this.#services.directory.resellersAbove(payerId)];
    return resellers.some(({ id }) => id === accountId);
  }

  /** Takes no new calls, and resolves when the last one is over, and nothing rings for one that was. */
  drain(): Promise<void> {
    this.#draining = true;
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      this.#tellIdle();
    });
  }

  /** Ends every call now. */
  endAll(): void {
    for (const call of this.calls()) call.end('server stopped');
  }

  /** A new INVITE. A stranger's costs nothing that outlives this function. */
  onInvite(request: SipRequest, flow: Flow): void {
    const { stack, authenticator, strangerLog } = this.#services;
    if (this.#draining) return stack.reply(request, flow, 503, new HeaderList().append('retry-after', '30'));
    const verdict = identifyCaller(this.#services, request, flow);
    if (verdict.kind === 'challenge') {
      this.counts.challenged++;
      const headers = authenticator.challengeHeaders(request, flow, verdict.stale);
      return stack.reply(request, flow, 407, headers);
    }
    if (verdict.kind === 'refused') {
      this.counts.unproven++;
      const { reason, userName } = verdict;
      const fields = { reason, userName, callId: request.callId };
      strangerLog.refused('call refused before its caller was proven', flow.remote.address, fields);
      return stack.reply(request, flow, 403);
    }
    const { caller, strip } = verdict;
    if (caller.kind === 'account') stack.trustConnection(flow);
    const unfit = callRefusalOf(request);
    if (unfit !== undefined) return stack.reply(request, flow, unfit.status, unfit.headers, unfit.reason);
    const trunk = caller.kind === 'account' ? caller.account.trunk : undefined;
    const unspoken = unspokenExtensions(request.headers, trunk);
    if (unspoken.length > 0) {
      return stack.reply(request, flow, 420, new HeaderList().append('unsupported', unspoken.join(', ')));
    }
    const session = judgeSessionTimer(request.headers, sessionTimerPolicy(this.#services.settings()), new HeaderList());
    if (session.kind === 'too small' && trunk?.useSessionTimer !== false) {
      // Like a challenge it is a question more than a refusal: the caller asks again at once (RFC 4028 §7.3).
      return stack.reply(request, flow, 422, new HeaderList().append('min-se', String(session.minS)));
    }
    const candidate = newCandidate(this.#services, {
      request,
      caller,
      strip,
      callsNow: this.#calls.size,
      sourceAddress: flow.remote.address,
    });
    const plan = admitCall(this.#services, candidate);
    this.#recordWatched(candidate);
    if ('sipStatus' in plan) return this.#refuse(candidate, plan, flow);
    this.counts.started++;
    const call = new Call(this.#services, plan, stack.openInvite(request, flow), flow, {
      onOver: (over) => this.#onOver(over),
      onGone: (gone) => this.#onGone(gone),
    });
    this.#calls.set(plan.callId, call);
    call.start();
  }

  /** Answers with the decision's id and writes the CDR of the attempt. */
  #refuse(candidate: Candidate, refused: Refusal, flow: Flow): void {
    const { stack, clock, store, decisions, log, strangerLog } = this.#services;
    this.counts.refused++;
    const { request, caller } = candidate;
    const account = caller.kind === 'account' ? caller.account.name : 'guest';
    const concern = { subject: `account:${account}`, callId: candidate.callId };
    const decision = decide(refused, concern, 'enforce', this.#services);
    const headers = new HeaderList();
    // Q.850 cause 21: call rejected; the id leads an operator to the decision, and tells a caller nothing.
    if (caller.kind === 'account') headers.append('reason', reasonValue('Q.850', 21, decision.id));
    this.#closeFor(candidate, refused, flow, headers);
    // A guest has proven nothing: it gets one answer that is never repeated.
    if (caller.kind === 'guest') {
      strangerLog.refused('guest refused', flow.remote.address, { rule: refused.rule, callId: request.callId });
      return stack.reply(request, flow, refused.sipStatus, headers);
    }
    if (this.#refusals.take(caller.account.id)) {
      const transaction = stack.openInvite(request, flow);
      transaction.respond(stack.response(request, refused.sipStatus, stack.newTag(), headers));
    } else {
      stack.reply(request, flow, refused.sipStatus, headers);
    }
    const { rule, measured, wouldPass, sipStatus } = refused;
    log.info('call refused', {
      account,
      rule,
      measured,
      wouldPass,
      sipStatus,
      decision: decision.id,
      callId: request.callId,
    });
    decisions.put(decision);
    const record = new CallRecord(clock, planOf(candidate), request, flow);
    record.refusedBy(decision.id);
    record.ended(refusalCause(refused), sipStatus, 'system');
    store
      .end(record.cdr)
      .catch((error: unknown) => log.error('CDR of a refused call is lost', { error: String(error) }));
  }

  /** What a pace that no person has brings besides the refusal. */
  #closeFor({ request, caller }: Candidate, { rule }: Refusal, flow: Flow, headers: HeaderList): void {
    const { guard, stack } = this.#services;
    const isProven = caller.kind === 'account';
    const given = { message: request, user: isProven ? caller.account.name : '' };
    // Who is known by its address only may be anybody who writes that address.
    const evidence = caller.kind === 'account' && caller.by === 'digest' ? 'nonce' : 'none';
    switch (rule) {
      case 'blocktoomuchpendingsession':
        headers.append('retry-after', '10');
        return guard.observe(findingOf('pending calls', flow, { ...given, evidence }));
      case 'abnormal_speed_close':
        headers.append('retry-after', '10');
        guard.observe(findingOf('abnormal speed', flow, { ...given, evidence }));
        if (caller.kind === 'account') this.#endPendingOf(caller.account.id);
        return stack.closeConnection(flow);
    }
  }

  /** Ends what a user has begun and nobody has answered. */
  #endPendingOf(accountId: number): void {
    for (const call of this.calls()) {
      const isPending = call.phase === 'starting' || call.phase === 'ringing';
      if (isPending && call.plan.payer?.accountId === accountId) call.end('abnormal speed');
    }
  }

  /** The call went on where a rule is only observed; what it would have refused is told all the same. */
  #recordWatched({ caller, callId, watched }: Candidate): void {
    if (caller.kind === 'guest') return;
    const { decisions, log } = this.#services;
    for (const refused of watched) {
      const concern = { subject: `account:${caller.account.name}`, callId };
      const decision = decide(refused, concern, 'observe', this.#services);
      const { rule, measured, limit } = refused;
      log.info('call would be refused', { account: caller.account.name, rule, measured, limit, decision: decision.id });
      decisions.put(decision);
    }
  }

  #onOver(call: Call): void {
    if (call.record.cdr.answeredAtMs !== undefined) this.counts.answered++;
    this.#takeMeasure(call);
    this.#calls.delete(call.plan.callId);
    this.#ringingOn.add(call);
  }

  #onGone(call: Call): void {
    this.#ringingOn.delete(call);
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.#calls.size === 0 && this.#ringingOn.size === 0) this.#onIdle?.();
  }

  /** What a finished call teaches: how long its payer's calls last, and that one had no price [billing.notbilledcallerr]. */
  #takeMeasure({ plan, record }: Call): void {
    const { answeredAtMs, endedAtMs, callId } = record.cdr;
    if (answeredAtMs === undefined || endedAtMs === undefined || plan.payer === undefined) return;
    const durationS = connectedSeconds(endedAtMs - answeredAtMs);
    this.#services.meanDurations.add(plan.payer.accountId, durationS);
    if (plan.price.tariff !== unpricedRow.tariff) return;
    const { log, settings } = this.#services;
    const fields = { callId, account: plan.payer.accountId, number: plan.canonicalNumber, durationS };
    const { notbilledcallerr } = settings();
    if (notbilledcallerr === 0) log.warn('a finished call had no price', fields);
    else log.error('a finished call had no price', { ...fields, critical: notbilledcallerr === 2 });
  }
}

/** What a SIP server insists on that its fields say is not spoken with it. */
function unspokenExtensions(headers: HeaderList, trunk: Trunk | undefined): readonly string[] {
  if (trunk === undefined) return [];
  const off = [...(trunk.use100rel ? [] : ['100rel']), ...(trunk.useSessionTimer ? [] : ['timer'])];
  return off.filter((tag) => namesToken(headers, 'require', tag));
}

function refusalCause({ rule, sipStatus }: Refusal): Cause {
  if (rule === 'registered') return 'unreachable';
  return sipStatus === 404
    ? 'not found'
    : sipStatus === 403 || sipStatus === 503
      ? 'refused'
      : causeOfStatus(sipStatus);
}
