import type { Account } from '../../accounts/model.ts';
import type { Timer } from '../../base/time/clock.ts';
import type { CallLifecycle, DialledLeg, LiveCall } from '../../billing/seam.ts';
import type { Refusal } from '../../guard/decision.ts';
import { hasRoom, limitRefusal } from '../../guard/limit.ts';
import { modeOf } from '../../settings/index.ts';
import { ranAndEnded } from '../stopped-calls.ts';
import type { LimitServices } from './limit-services.ts';
import { fieldOrigin } from './limit-origin.ts';
import { monthOf, type Talk, TalkTime, usedUpInMs } from './talk-time.ts';

const rules = ['maxslperday', 'maxslpermonth'] as const;
type TalkRule = (typeof rules)[number];

interface TalkingCall {
  readonly call: LiveCall;
  readonly talks: readonly Talk[];
  /** Limits that are only watched and were told of already, as `RULE ACCOUNT`. */
  readonly told: Set<string>;
}

/** A period that running calls use up together. */
interface UsedUp {
  readonly rule: TalkRule;
  readonly isWatched: boolean;
  readonly period: string;
  /** Calls that end then, or are told of. */
  readonly talks: readonly Talk[];
  readonly inMs: number;
}

/**
 * Seconds of talk in a day and a month: of a user the calls that it starts, of a SIP server the calls that are sent to
 * it. Minutes belong to the day on which the call began. When running calls use a period up, they end.
 */
export class TalkLimits implements Pick<CallLifecycle, 'answered' | 'ended'> {
  readonly #services: LimitServices;
  readonly #time = new TalkTime();
  readonly #talks = new Map<string, TalkingCall>();
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
    this.#talks.set(call.callId, { call, talks, told: new Set() });
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

  /** The same for a setting, such as a mode, which concerns every account that talks. */
  settingsChanged(): void {
    const talks = [...this.#talks.values()].flatMap((talking) => talking.talks);
    for (const accountId of new Set(talks.map((talk) => talk.accountId))) this.#plan(accountId);
  }

  #checkRule(rule: TalkRule, account: Account, day: string): Refusal | 'yes' {
    const limit = this.#limitS(rule, account);
    if (limit === 0) return 'yes';
    const period = periodOf(rule, day);
    return hasRoom(this.#usedS(account, period), 1, limit) ? 'yes' : this.#refusal(rule, account, period);
  }

  #usedS(account: Account, period: string): number {
    return Math.floor(this.#time.usedMs(account.id, period, this.#services.clock.monotonicMs()) / 1000);
  }

  #refusal(rule: TalkRule, account: Account, period: string): Refusal {
    return limitRefusal({
      rule,
      sipStatus: account.kind === 'sipserver' ? 503 : this.#services.settings().quotadiscreason,
      measure: { measured: this.#usedS(account, period), asked: 1, limit: this.#limitS(rule, account) },
      unit: 's',
      origin: fieldOrigin(this.#services, account, rule),
      evidence: `talk time of ${account.name} in ${period}`,
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
    const waiting = this.#usedUp(accountId).filter(({ talks }) => talks.length > 0);
    const soonestMs = waiting.reduce((soonest, { inMs }) => Math.min(soonest, inMs), Infinity);
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
    const account = this.#services.directory.accountById(accountId);
    if (account === undefined) return;
    for (const usedUp of this.#usedUp(accountId)) if (usedUp.inMs === 0) this.#stop(account, usedUp);
    this.#plan(accountId);
  }

  /** Ends what talks in a period that is used up, or tells that it would have. */
  #stop(account: Account, { rule, isWatched, period, talks }: UsedUp): void {
    const { fileStop } = this.#services;
    const refused = this.#refusal(rule, account, period);
    for (const { callId } of talks) {
      const talking = this.#talks.get(callId);
      // An earlier rule has ended it.
      if (talking === undefined) continue;
      if (isWatched) {
        talking.told.add(`${rule} ${account.id}`);
        fileStop(refused, { account: account.name, callId }, 'observe');
        continue;
      }
      talking.call.decidedBy(fileStop(ranAndEnded(refused), { account: account.name, callId }, 'enforce'));
      talking.call.cut('limit reached');
    }
  }

  /** The periods in which calls of the account run under a limit, and when each is used up. */
  #usedUp(accountId: number): readonly UsedUp[] {
    const account = this.#services.directory.accountById(accountId);
    const settings = this.#services.settings();
    if (account === undefined || settings.cutrunningcalls === 0) return [];
    const limited = rules.filter((rule) => this.#limitS(rule, account) > 0 && modeOf(settings, rule) !== 'off');
    if (limited.length === 0) return [];
    const running = this.#time.running(accountId);
    const nowMs = this.#services.clock.monotonicMs();
    return limited.flatMap((rule) => {
      const limitS = this.#limitS(rule, account);
      const isWatched = modeOf(settings, rule) === 'observe';
      return [...new Set(running.map(({ day }) => periodOf(rule, day)))].map((period) => {
        const all = running.filter(({ day }) => day.startsWith(period));
        const usedMs = this.#time.usedMs(accountId, period, nowMs);
        const inMs = usedUpInMs({ limitS, usedMs, callsNow: all.length });
        return {
          rule,
          isWatched,
          period,
          talks: isWatched ? all.filter((talk) => !this.#isTold(rule, talk)) : all,
          inMs,
        };
      });
    });
  }

  #isTold(rule: TalkRule, { callId, accountId }: Talk): boolean {
    return this.#talks.get(callId)?.told.has(`${rule} ${accountId}`) === true;
  }
}

function periodOf(rule: TalkRule, day: string): string {
  return rule === 'maxslperday' ? day : monthOf(day);
}
