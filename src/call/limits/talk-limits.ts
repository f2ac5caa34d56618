import type { Account } from '../../accounts/model.ts';
import type { Timer } from '../../base/time/clock.ts';
import type { CallLifecycle, DialledLeg, LiveCall } from '../../billing/seam.ts';
import type { Refusal } from '../../guard/decision.ts';
import { hasRoom, limitRefusal } from '../../guard/limit.ts';
import { modeOf } from '../../settings/index.ts';
import type { LimitServices } from './limit-services.ts';
import { fieldOrigin } from './limit-origin.ts';
import { monthOf, type Talk, TalkTime, usedUpInMs } from './talk-time.ts';

const rules = ['maxslperday', 'maxslpermonth'] as const;
type TalkRule = (typeof rules)[number];

/**
 * Seconds of talk in a day and a month: of a user the calls that it starts, of a SIP server the calls that are sent to
 * it. Minutes belong to the day on which the call began. When running calls use a period up, they end.
 */
export class TalkLimits implements Pick<CallLifecycle, 'answered' | 'ended'> {
  readonly #services: LimitServices;
  readonly #time = new TalkTime();
  readonly #talks = new Map<string, { readonly call: LiveCall; readonly talks: Talk[] }>();
  readonly #timers = new Map<number, Timer>();
  /** The day on which each call began that is not over. */
  readonly #begun = new Map<string, string>();

  constructor(services: LimitServices) {
    this.#services = services;
  }

  /** Talk of earlier calls, by the time at which they began. */
  remember(accountId: number, startedAtMs: number, talkMs: number): void {
    this.#time.remember(accountId, this.#services.periods.dayAt(startedAtMs), talkMs);
  }

  /** The call was admitted: this is its day. */
  began(callId: string): void {
    this.#begun.set(callId, this.#services.periods.today().day);
  }

  /** Whether the account may begin, or be sent, one more call. */
  check(account: Account): Refusal | 'yes' {
    const day = this.#services.periods.today().day;
    for (const rule of rules) {
      const verdict = this.#checkRule(rule, account, day);
      if (verdict !== 'yes') return verdict;
    }
    return 'yes';
  }

  answered(call: LiveCall, leg: DialledLeg): void {
    if (call.numberClass === 'emergency') return;
    const day = this.#begun.get(call.callId) ?? this.#services.periods.today().day;
    const sinceMs = this.#services.clock.monotonicMs();
    const payers = call.payer === undefined ? [] : [call.payer.accountId];
    const accountIds = leg.kind === 'trunk' ? [...payers, leg.accountId] : payers;
    const talks = accountIds.map((accountId): Talk => ({ accountId, callId: call.callId, day, sinceMs }));
    this.#talks.set(call.callId, { call, talks });
    for (const talk of talks) this.#time.begin(talk);
    for (const accountId of accountIds) this.#plan(accountId);
  }

  ended({ callId }: LiveCall): void {
    this.#begun.delete(callId);
    const found = this.#talks.get(callId);
    this.#talks.delete(callId);
    for (const talk of found?.talks ?? []) {
      this.#time.end(talk, this.#services.clock.monotonicMs());
      this.#plan(talk.accountId);
    }
  }

  /** A limit was changed: running calls end when the new one says so. */
  accountChanged(accountId: number): void {
    this.#plan(accountId);
  }

  #checkRule(rule: TalkRule, account: Account, day: string): Refusal | 'yes' {
    const limit = this.#limitS(rule, account);
    if (limit === 0) return 'yes';
    const usedMs = this.#time.usedMs(account.id, periodOf(rule, day), this.#services.clock.monotonicMs());
    const measured = Math.floor(usedMs / 1000);
    if (hasRoom(measured, 1, limit)) return 'yes';
    return limitRefusal({
      rule,
      sipStatus: account.kind === 'sipserver' ? 503 : this.#services.settings().quotadiscreason,
      measure: { measured, asked: 1, limit },
      unit: 's',
      origin: fieldOrigin(this.#services, account, rule),
      evidence: `talk time of ${account.name} in ${periodOf(rule, day)}`,
    });
  }

  /** 0 where there is no limit, or calcmxsl has switched it off. */
  #limitS(rule: TalkRule, { limits }: Account): number {
    if (this.#services.settings().calcmxsl === 0) return 0;
    return rule === 'maxslperday' ? limits.maxSlPerDayS : limits.maxSlPerMonthS;
  }

  /** Sets the one timer of an account: when the first of its periods will be used up by the calls that talk now. */
  #plan(accountId: number): void {
    this.#timers.get(accountId)?.cancel();
    this.#timers.delete(accountId);
    const soonestMs = this.#usedUp(accountId).reduce((soonest, { inMs }) => Math.min(soonest, inMs), Infinity);
    if (soonestMs === Infinity) return;
    // Node's timers hold 24 days; no call is that long.
    const delayMs = Math.min(soonestMs, 86_400_000);
    this.#timers.set(
      accountId,
      this.#services.clock.after(delayMs, () => this.#onTimer(accountId)),
    );
  }

  #onTimer(accountId: number): void {
    this.#timers.delete(accountId);
    for (const { talks, inMs } of this.#usedUp(accountId)) {
      if (inMs > 0) continue;
      for (const { callId } of talks) this.#talks.get(callId)?.call.cut('limit reached');
    }
    this.#plan(accountId);
  }

  /** The periods in which calls of the account run under a limit that ends them, and when each is used up. */
  #usedUp(accountId: number): readonly { readonly talks: readonly Talk[]; readonly inMs: number }[] {
    const account = this.#services.directory.accountById(accountId);
    const settings = this.#services.settings();
    if (account === undefined || settings.cutrunningcalls === 0) return [];
    const limited = rules.filter((rule) => this.#limitS(rule, account) > 0 && modeOf(settings, rule) === 'enforce');
    if (limited.length === 0) return [];
    const running = this.#time.running(accountId);
    const nowMs = this.#services.clock.monotonicMs();
    return limited.flatMap((rule) => {
      const limitS = this.#limitS(rule, account);
      return [...new Set(running.map(({ day }) => periodOf(rule, day)))].map((period) => {
        const talks = running.filter(({ day }) => day.startsWith(period));
        const usedMs = this.#time.usedMs(accountId, period, nowMs);
        return { talks, inMs: usedUpInMs({ limitS, usedMs, callsNow: talks.length }) };
      });
    });
  }
}

function periodOf(rule: TalkRule, day: string): string {
  return rule === 'maxslperday' ? day : monthOf(day);
}
