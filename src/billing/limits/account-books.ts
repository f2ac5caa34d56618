import type { AccountDirectory } from '../../accounts/directory.ts';
import type { Account } from '../../accounts/model.ts';
import type { moneyLimitFields } from '../../accounts/money.ts';
import { modeOf, type SettingKey, type Settings } from '../../settings/index.ts';
import { BoundedMap } from '../../base/bounded/bounded-map.ts';
import type { Ceiling } from '../ceiling.ts';
import type { MoneyLimit } from '../hold/money-limit.ts';
import type { Book } from '../hold/vector.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { baselineFloorMicros, decayedBaseline, dynamicLimitMicros } from './dynamic-limit.ts';
import { monthlyLimitMicros } from './monthly-limit.ts';
import type { PeriodSums } from './period-sums.ts';
import type { SlidingSums } from './sliding-sum.ts';
import type { SpendPeaks } from './spend-peaks.ts';

/** Who set a value, and when. */
export interface ValueOrigin {
  readonly by: string;
  readonly atMs: number | undefined;
}

export interface BookSources {
  readonly directory: AccountDirectory;
  readonly settings: () => Settings;
  readonly settingOrigin: (key: SettingKey) => ValueOrigin;
  readonly ledger: Ledger;
  readonly peaks: SpendPeaks;
  readonly sources: SlidingSums;
  /** What each SIP server cost in a UTC hour. */
  readonly hours: PeriodSums;
  /** What the calls of each account cost us in a day beyond what they brought. */
  readonly losses: PeriodSums;
  /** The window of `maxcostperip`. */
  readonly sourceWindowMs: () => number;
  readonly ceiling: Ceiling;
}

const maxRemembered = 50_000;
const summedDays = 4;

type MoneyField = keyof typeof moneyLimitFields;

/**
 * The counters that a call is held on, each with the limits that stand on it now. Limits are read whenever they are
 * judged: a change holds from the next increment of every call on.
 */
export class AccountBooks {
  readonly #from: BookSources;
  #settingsSeen: Settings | undefined;
  #perUserActs = false;
  /** What all payers spent, by day; of the newest days. */
  readonly #all = new Map<string, bigint>();
  readonly #dynamic = new BoundedMap<
    number,
    { readonly day: string; readonly settings: Settings; readonly limitMicros: bigint }
  >(maxRemembered);

  constructor(from: BookSources) {
    this.#from = from;
    this.#usersLimitsAct(from.settings());
  }

  /** The account was charged: its usual day may be another. */
  charged(accountId: number): void {
    this.#dynamic.delete(accountId);
  }

  /** Balances were read anew, as after a resume of the ledger. */
  forgetSums(): void {
    this.#all.clear();
    this.#dynamic.clear();
  }

  /** A payer was charged so much for that day. */
  spent(day: string, amountMicros: bigint): void {
    const sum = this.#all.get(day);
    if (sum !== undefined) this.#all.set(day, sum + amountMicros);
  }

  /** The books of one who pays for a call: the account itself, or a reseller above it. */
  payerBooks(accountId: number, call: { readonly isDomestic: boolean }): readonly Book[] {
    const { ledger } = this.#from;
    const credit: Book = {
      per: 'ever',
      counter: () => creditCounter(accountId),
      postedMicros: () => 0n,
      limits: () => this.#creditLimits(accountId, call.isDomestic),
    };
    const day: Book = {
      per: 'day',
      counter: (period) => `day ${accountId} ${period}`,
      postedMicros: (period) => ledger.balances.chargedOnDay(accountId, period),
      limits: (period) => this.#dayLimits(accountId, period),
    };
    const month: Book = {
      per: 'month',
      counter: (period) => `month ${accountId} ${period}`,
      postedMicros: (period) => ledger.balances.chargedInMonth(accountId, period),
      limits: (period) => this.#monthLimits(accountId, period),
    };
    return [credit, day, month];
  }

  /** [limits.maxcostperip] What the calls from one address cost, whoever pays. */
  sourceBook(address: string, nowMs: () => number): Book {
    return {
      per: 'ever',
      counter: () => `source ${address}`,
      postedMicros: () => this.#from.sources.of(address, nowMs(), this.#from.sourceWindowMs()),
      limits: () => this.#fromSetting(undefined, 'maxcostperip', this.#from.settings().maxcostperip),
    };
  }

  /** What a SIP server can charge us: our exposure there. */
  carrierBooks(accountId: number): readonly Book[] {
    const { ledger } = this.#from;
    return [
      {
        per: 'day',
        counter: (period) => `carrier ${accountId} ${period}`,
        postedMicros: (period) => ledger.balances.chargedOnDay(accountId, period),
        limits: () => {
          const account = this.#from.directory.accountById(accountId);
          return account === undefined ? [] : this.#fromField(account, 'maxdailycredit', account.money.dayMicros);
        },
      },
      {
        per: 'hour',
        counter: (period) => `carrier ${accountId} hour ${period}`,
        postedMicros: (period) => this.#from.hours.of(accountId, period),
        limits: () => [this.#ceilingLimit(accountId, this.#from.ceiling.spendPerTrunkHourMicros)],
      },
    ];
  }

  /** [own.maxnegativemargin] What the calls of an account cost us in a day beyond what they bring. */
  lossBook(payerId: number): Book {
    return {
      per: 'day',
      counter: (period) => `loss ${payerId} ${period}`,
      postedMicros: (period) => this.#from.losses.of(payerId, period),
      limits: () => this.#fromSetting(payerId, 'maxnegativemargin', this.#from.settings().maxnegativemargin),
    };
  }

  /** What all calls together cost in a day, whoever pays. */
  serverBook(): Book {
    return {
      per: 'day',
      counter: (period) => `server ${period}`,
      postedMicros: (period) => this.#spentByAll(period),
      limits: () => [this.#ceilingLimit(undefined, this.#from.ceiling.spendPerServerDayMicros)],
    };
  }

  /** Summed once for each day over all payers, then kept by `spent`: around midnight calls ask for two days in turn. */
  #spentByAll(day: string): bigint {
    const known = this.#all.get(day);
    if (known !== undefined) return known;
    const { directory, ledger } = this.#from;
    let sum = 0n;
    for (const { id, kind } of directory.accounts()) {
      if (kind === 'enduser' || kind === 'trafficsender') sum += ledger.balances.chargedOnDay(id, day);
    }
    this.#all.set(day, sum);
    for (const oldest of this.#all.keys()) {
      if (this.#all.size <= summedDays) break;
      this.#all.delete(oldest);
    }
    return sum;
  }

  #ceilingLimit(accountId: number | undefined, limitMicros: bigint): MoneyLimit {
    const fixed = {
      rule: 'ceiling',
      mode: 'enforce',
      cuts: true,
      setBy: 'the ceiling file',
      setAtMs: undefined,
    } as const;
    return { ...fixed, accountId, limitMicros };
  }

  #creditLimits(accountId: number, isDomestic: boolean): readonly MoneyLimit[] {
    const { directory, ledger, settings } = this.#from;
    const account = directory.accountById(accountId);
    // An account that is gone pays from nothing; a postpaid one has no balance that ends a call.
    if (account?.money.isPostpaid === true) return [];
    const call = { domestic: isDomestic, unclearedCapMicros: settings().maxunclearedcredit };
    return [
      {
        ...{ rule: 'credit', mode: 'enforce', cuts: true, accountId, setBy: 'the ledger', setAtMs: undefined },
        limitMicros: ledger.balances.spendableMicros(accountId, call),
      },
    ];
  }

  #dayLimits(accountId: number, day: string): readonly MoneyLimit[] {
    const account = this.#from.directory.accountById(accountId);
    if (account === undefined) return [];
    const settings = this.#from.settings();
    const own = account.money.dayMicros;
    const fixed =
      own > 0n && this.#usersLimitsAct(settings)
        ? this.#fromField(account, 'maxdailycredit', own)
        : account.kind === 'enduser'
          ? this.#fromSetting(account.id, 'maxdailycreditforenduser', settings.maxdailycreditforenduser)
          : account.kind === 'trafficsender'
            ? this.#fromSetting(account.id, 'maxdailycreditforts', settings.maxdailycreditforts)
            : [];
    const ceiling = this.#ceilingLimit(account.id, this.#from.ceiling.spendPerAccountDayMicros);
    return [...fixed, ...this.#dynamicLimits(account, day, settings), ceiling];
  }

  #dynamicLimits(account: Account, day: string, settings: Settings): readonly MoneyLimit[] {
    const { checkmaxdyndailycredit: checked, maxdyndailycredit_multiplier: multiplier } = settings;
    const isWatched = account.kind === 'enduser' ? checked >= 1 : account.kind === 'trafficsender' && checked === 2;
    if (!isWatched) return [];
    const minimum =
      account.kind === 'enduser' ? settings.maxdyndailycreditforenduser_min : settings.maxdynmaxdailycreditforts_min;
    return this.#fromSetting(
      account.id,
      'checkmaxdyndailycredit',
      this.#dynamicMicros(account.id, day, settings, BigInt(Math.round(multiplier * 1000)), minimum),
    );
  }

  /** Days that are over change when a call that began on one of them is charged, and at no other time. */
  #dynamicMicros(accountId: number, day: string, settings: Settings, thousandths: bigint, minimum: bigint): bigint {
    const known = this.#dynamic.get(accountId);
    if (known?.day === day && known.settings === settings) return known.limitMicros;
    const { peaks } = this.#from;
    const baseline =
      settings.dynamiclimit === 'highest'
        ? peaks.highestMicros(accountId, day)
        : decayedBaseline(peaks.daysOf(accountId), day, baselineFloorMicros(thousandths, minimum));
    const limitMicros = dynamicLimitMicros(baseline, thousandths, minimum);
    this.#dynamic.set(accountId, { day, settings, limitMicros });
    return limitMicros;
  }

  #monthLimits(accountId: number, month: string): readonly MoneyLimit[] {
    const { directory, settings, ledger } = this.#from;
    const account = directory.accountById(accountId);
    if (account === undefined || (account.money.isPostpaid && !settings().creditcheckforpostp)) return [];
    const { monthMicros, monthIncrementMicros, monthEndMicros } = account.money;
    if (monthMicros === 0n) return [];
    const setAtMs = directory.fieldOrigin(account.id, 'maxmonthlycredit')?.atMs;
    const since = setAtMs === undefined ? '' : new Date(setAtMs).toISOString().slice(0, 7);
    const growth = { limitMicros: monthMicros, incrementMicros: monthIncrementMicros, endMicros: monthEndMicros };
    const limitMicros = monthlyLimitMicros(growth, month, since, ledger.balances.monthsOf(account.id).keys());
    return this.#fromField(account, 'maxmonthlycredit', limitMicros);
  }

  /** [credit.maxdailycreditperuser] At 0, users' limits come into effect when settings are read again. */
  #usersLimitsAct(settings: Settings): boolean {
    if (settings.maxdailycreditperuser === 1) return true;
    if (settings !== this.#settingsSeen) {
      this.#settingsSeen = settings;
      this.#perUserActs = false;
      for (const { money } of this.#from.directory.accounts()) if (money.dayMicros > 0n) this.#perUserActs = true;
    }
    return this.#perUserActs;
  }

  #fromField(account: Account, field: MoneyField, limitMicros: bigint): readonly MoneyLimit[] {
    const origin = this.#from.directory.fieldOrigin(account.id, field);
    return this.#limit(account.id, field, limitMicros, origin ?? { by: 'default', atMs: undefined });
  }

  #fromSetting(accountId: number | undefined, key: SettingKey, limitMicros: bigint): readonly MoneyLimit[] {
    return this.#limit(accountId, key, limitMicros, this.#from.settingOrigin(key));
  }

  #limit(
    accountId: number | undefined,
    rule: string,
    limitMicros: bigint,
    { by, atMs }: ValueOrigin,
  ): readonly MoneyLimit[] {
    const mode = modeOf(this.#from.settings(), rule);
    if (mode === 'off' || limitMicros <= 0n) return [];
    const cuts = this.#from.settings().cutrunningcalls === 1;
    return [{ rule, mode, accountId, limitMicros, cuts, setBy: by, setAtMs: atMs }];
  }
}

/** The counter of what calls hold of an account's credit: a transfer must leave that much. */
export function creditCounter(accountId: number): string {
  return `credit ${accountId}`;
}
