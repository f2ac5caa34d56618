import type { Account } from '../../accounts/model.ts';
import { sourceKey } from '../../base/net/source-key.ts';
import type { CallLifecycle, DialledLeg, LineLease, LiveCall } from '../../billing/seam.ts';
import { parsePricePeriods, type PricePeriods } from '../../billing/rating/price-periods.ts';
import type { Refusal } from '../../guard/decision.ts';
import { hasRoom, limitRefusal, type LimitOrigin, type Measure } from '../../guard/limit.ts';
import { systemLimit } from '../../settings/index.ts';
import { HelpSeekers } from './help-seekers.ts';
import { Leases } from './leases.ts';
import { fieldOrigin } from './limit-origin.ts';
import type { LimitServices } from './limit-services.ts';
import { RateWindows } from './rate-window.ts';
import { type SourceCall, SourceCalls } from './source-calls.ts';
import { TalkLimits } from './talk-limits.ts';

const dayMs = 86_400_000;

/** A call as the limits see it before it is admitted. */
export interface AskedCall {
  readonly callId: string;
  /** The account that pays. */
  readonly payer: Account;
  readonly sourceAddress: string;
}

/** One limit: a pure look at what is in use. Nothing is counted before every limit has said yes. */
export type LimitCheck = (call: AskedCall) => Refusal | 'yes';

/** The limits in counts and time, with what they count. */
export class CallLimits implements CallLifecycle {
  /** Calls by the account that pays. */
  readonly lines: Leases;
  /** Calls by the SIP server that carries them. */
  readonly serverLines: Leases;
  /** Emergency calls, by account and on the whole server. */
  readonly emergencies: Leases;
  readonly helpSeekers: HelpSeekers;
  readonly talk: TalkLimits;
  readonly #services: LimitServices;
  readonly #rates: RateWindows;
  readonly #sources = new SourceCalls();
  readonly #sourceCalls = new Map<string, SourceCall>();
  #peak: { readonly hours: string; readonly periods: PricePeriods | undefined } = { hours: '', periods: undefined };

  constructor(services: LimitServices) {
    this.#services = services;
    this.lines = new Leases(services.clock);
    this.serverLines = new Leases(services.clock);
    this.emergencies = new Leases(services.clock);
    this.helpSeekers = new HelpSeekers(services.clock);
    this.#rates = new RateWindows(services.clock);
    this.talk = new TalkLimits(services);
  }

  /** In the order in which they are asked: what counts the most work first. */
  readonly checks: readonly LimitCheck[] = [
    (call) => this.#checkRate('maxcps', `account ${call.payer.id}`, call.payer),
    (call) => this.#checkRate('maxcpsperip', sourceKey(call.sourceAddress), undefined),
    (call) => this.#checkSourceCalls(call),
    (call) => this.#checkSourceTime(call),
    (call) => this.talk.check(call.payer),
    (call) => this.#checkLines(call),
  ];

  /** Counts a call that every limit has let pass. @returns its line, to be given back when it is over. */
  admitted(call: AskedCall): LineLease {
    const { callId, payer, sourceAddress } = call;
    const source = sourceKey(sourceAddress);
    this.#rates.count(`account ${payer.id}`, this.#rateOf('maxcps', payer));
    this.#rates.count(source, this.#rateOf('maxcpsperip', undefined));
    const { maxcallperip, maxdurationperip } = this.#services.settings();
    if ((maxcallperip > 0 || maxdurationperip > 0) && isCountedBySource(payer)) {
      this.#sourceCalls.set(callId, this.#sources.add(source, this.#services.periods.nowMs()));
    }
    this.talk.began(callId);
    return this.lines.take(payer.id, callId);
  }

  /** A call of an earlier life of the server, as its CDR has it. */
  remember(sourceAddress: string, startedAtMs: number, answeredAtMs: number | undefined, endedAtMs: number): void {
    const call = this.#sources.add(sourceKey(sourceAddress), startedAtMs);
    if (answeredAtMs !== undefined) call.answered(answeredAtMs);
    call.ended(endedAtMs);
  }

  /** Whether the SIP server may be sent one more call now. */
  checkServer(server: Account): Refusal | 'yes' {
    const rate = this.#checkRate('maxcps', `account ${server.id}`, server);
    return rate === 'yes' ? this.talk.check(server) : rate;
  }

  beforeDial(_call: LiveCall, leg: DialledLeg): undefined {
    const server = leg.kind === 'trunk' ? this.#services.directory.accountById(leg.accountId) : undefined;
    if (server !== undefined) this.#rates.count(`account ${server.id}`, this.#rateOf('maxcps', server));
  }

  dialled(): void {}

  answered(call: LiveCall, leg: DialledLeg): void {
    this.#sourceCalls.get(call.callId)?.answered(this.#services.periods.nowMs());
    this.talk.answered(call, leg);
  }

  ended(call: LiveCall): void {
    this.#sourceCalls.get(call.callId)?.ended(this.#services.periods.nowMs());
    this.#sourceCalls.delete(call.callId);
    this.talk.ended(call);
  }

  /** [limits.licensecfg] `callsNow` are on the whole server. */
  checkSystem(callsNow: number): Refusal | 'yes' {
    const limit = systemLimit(this.#services.settings().licensecfg, 'calls');
    if (hasRoom(callsNow, 1, limit)) return 'yes';
    const measure = { measured: callsNow, asked: 1, limit };
    const origin = this.#services.settingOrigin('licensecfg');
    return limitRefusal({
      ...{ rule: 'licensecfg', sipStatus: 503, measure, unit: 'calls', origin },
      evidence: 'calls on the whole server',
    });
  }

  #checkRate(rule: 'maxcps' | 'maxcpsperip', subject: string, account: Account | undefined): Refusal | 'yes' {
    const limit = this.#rateOf(rule, account);
    if (limit === 0 || this.#rates.hasRoom(subject, limit)) return 'yes';
    const own = account?.limits.maxCps !== undefined;
    const origin =
      own && account !== undefined
        ? fieldOrigin(this.#services, account, 'maxcps')
        : this.#services.settingOrigin(rule);
    const measure = { measured: this.#rates.measured(subject, limit), asked: 1, limit };
    const status = account?.kind === 'sipserver' ? 503 : undefined;
    return this.#quota({ rule, measure, unit: 'calls', origin, evidence: `within a second, ${subject}` }, status);
  }

  /** Of a SIP server only its own field counts: what is sent to it, nobody has started at it. */
  #rateOf(rule: 'maxcps' | 'maxcpsperip', account: Account | undefined): number {
    const settings = this.#services.settings();
    if (account === undefined) return settings[rule];
    return account.limits.maxCps ?? (account.kind === 'sipserver' ? 0 : settings[rule]);
  }

  #checkSourceCalls({ payer, sourceAddress }: AskedCall): Refusal | 'yes' {
    const { maxcallperip: limit } = this.#services.settings();
    if (limit <= 0 || !this.#isLimitedBySource(payer)) return 'yes';
    const source = sourceKey(sourceAddress);
    const measured = this.#sources.count(source, this.#sourceSinceMs());
    if (hasRoom(measured, 1, limit)) return 'yes';
    const measure = { measured, asked: 1, limit };
    return this.#quotaOfSource('maxcallperip', measure, 'calls', source);
  }

  #checkSourceTime({ payer, sourceAddress }: AskedCall): Refusal | 'yes' {
    const { maxdurationperip: limit } = this.#services.settings();
    if (limit <= 0 || !this.#isLimitedBySource(payer)) return 'yes';
    const source = sourceKey(sourceAddress);
    const measured = this.#sources.talkS(source, this.#sourceSinceMs(), this.#services.periods.nowMs());
    if (hasRoom(measured, 1, limit)) return 'yes';
    const measure = { measured, asked: 1, limit };
    return this.#quotaOfSource('maxdurationperip', measure, 's', source);
  }

  #sourceSinceMs(): number {
    return this.#services.periods.nowMs() - this.#services.settings().maxcallperperiod * dayMs;
  }

  /** [limits.maxcallperuserid] */
  #isLimitedBySource(payer: Account): boolean {
    const { maxcallperuserid } = this.#services.settings();
    return isCountedBySource(payer) && (maxcallperuserid <= 0 || maxcallperuserid === payer.id);
  }

  #checkLines({ payer }: AskedCall): Refusal | 'yes' {
    const { maxLines, maxLinesOffpeak } = payer.limits;
    const isOffpeak = maxLinesOffpeak !== undefined && this.#isOffpeak();
    const limit = isOffpeak ? maxLinesOffpeak : maxLines;
    const measured = this.lines.inUse(payer.id);
    if (hasRoom(measured, 1, limit)) return 'yes';
    const field = isOffpeak ? 'maxlinesoffpeak' : 'maxlines';
    return this.#quota({
      ...{ rule: 'maxlines', measure: { measured, asked: 1, limit }, unit: 'calls' },
      origin: fieldOrigin(this.#services, payer, field),
      evidence: `${field}: calls in progress that ${payer.name} pays for`,
    });
  }

  #isOffpeak(): boolean {
    const { peak_hours: text, timezone } = this.#services.settings();
    const hours = `${text} ${timezone}`;
    if (this.#peak.hours !== hours) {
      const parsed = parsePricePeriods(text, timezone);
      this.#peak = { hours, periods: parsed.ok ? parsed.value : undefined };
    }
    const { periods } = this.#peak;
    return periods !== undefined && periods.at(this.#services.clock.wallMs()).period !== 'peak';
  }

  #quotaOfSource(rule: 'maxcallperip' | 'maxdurationperip', measure: Measure, unit: string, source: string): Refusal {
    const days = this.#services.settings().maxcallperperiod;
    const evidence = `source ${source} in ${days} days`;
    return this.#quota({ rule, measure, unit, origin: this.#services.settingOrigin(rule), evidence });
  }

  #quota(
    given: { rule: string; measure: Measure; unit: string; origin: LimitOrigin; evidence: string },
    sipStatus = this.#services.settings().quotadiscreason,
  ): Refusal {
    return limitRefusal({ ...given, sipStatus });
  }
}

/** What SIP servers send is paid by nobody, and comes from one address by its nature. */
function isCountedBySource({ kind }: Account): boolean {
  return kind !== 'sipserver';
}
