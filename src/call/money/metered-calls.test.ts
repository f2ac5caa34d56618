import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MemoryPostings } from '../../../test/kit/memory-ledger.ts';
import { priceRow } from '../../../test/kit/money.ts';
import { SimulatedClock } from '../../../test/kit/simulated-clock.ts';
import { sourceKey } from '../../base/net/source-key.ts';
import { blankAccount } from '../../accounts/blank-account.ts';
import { AccountDirectory } from '../../accounts/directory.ts';
import type { Account, AccountMoney } from '../../accounts/model.ts';
import { firstCeiling } from '../../billing/ceiling.ts';
import { type HoldOutcome, type HoldRequest, LocalPool, type Pool } from '../../billing/hold/pool.ts';
import { Ledger } from '../../billing/ledger/ledger.ts';
import { Periods } from '../../billing/ledger/periods.ts';
import type { Posting } from '../../billing/ledger/posting.ts';
import { AccountBooks } from '../../billing/limits/account-books.ts';
import { PeriodSums } from '../../billing/limits/period-sums.ts';
import { SlidingSums } from '../../billing/limits/sliding-sum.ts';
import { SpendPeaks } from '../../billing/limits/spend-peaks.ts';
import { type PriceRow, priceOf } from '../../billing/rating/price.ts';
import { parsePricePeriods, type PricePeriods } from '../../billing/rating/price-periods.ts';
import type { DialledLeg, LiveCall } from '../../billing/seam.ts';
import { profileValues } from '../../settings/index.ts';
import type { CallPrices } from '../../billing/rating/call-prices.ts';
import { CallCharges } from './call-charges.ts';
import { MeteredCalls } from './metered-calls.ts';

const ids = { alice: 1, bob: 2, reseller: 3, carrier: 4 } as const;
const plenty = 1_000_000_000n;

/** A wall clock that somebody sets; what has passed is not touched by that. */
class SetClock extends SimulatedClock {
  byMs = 0;

  override wallMs(): number {
    return super.wallMs() + this.byMs;
  }
}

/** A pool behind a line that loses answers: whatever was asked is asked again, and must change nothing. */
class RepeatingPool implements Pool {
  readonly local = new LocalPool();
  /** Holds that were there when they were given back, by their id. */
  readonly released: string[] = [];
  readonly #repeats: () => boolean;
  readonly #open = new Set<string>();

  constructor(repeats: () => boolean) {
    this.#repeats = repeats;
  }

  hold(request: HoldRequest): HoldOutcome {
    const first = this.local.hold(request);
    if (first.granted) this.#open.add(request.holdId);
    if (!this.#repeats()) return first;
    const again = this.local.hold(request);
    assert.equal(again.granted, first.granted, 'a repeated request has the same answer');
    return first;
  }

  release(holdId: string): void {
    if (this.#open.delete(holdId)) this.released.push(holdId);
    this.local.release(holdId);
    if (this.#repeats()) this.local.release(holdId);
  }

  heldOn(counter: string): bigint {
    return this.local.heldOn(counter);
  }

  counters(): ReadonlyMap<string, bigint> {
    return this.local.counters();
  }
}

interface BankOptions {
  readonly startMs: number;
  readonly balances: Readonly<Record<number, bigint>>;
  readonly money?: Readonly<Record<number, Partial<AccountMoney>>>;
  readonly maxCostPerIp?: bigint;
  readonly rows: Readonly<Record<number, PriceRow>>;
  readonly peakHours?: string;
  readonly repeats?: () => boolean;
}

function periodsOf(peakHours: string, timeZone: string): PricePeriods {
  const parsed = parsePricePeriods(peakHours, timeZone);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

/** Metered calls on the real pool, ledger, books and days of Vienna, in virtual time. */
class Bank {
  readonly clock: SetClock;
  readonly store = new MemoryPostings();
  readonly pool: RepeatingPool;
  readonly ledger: Ledger;
  readonly trade = { sources: new SlidingSums(100), hours: new PeriodSums(9), losses: new PeriodSums(9) };
  readonly calls: MeteredCalls;
  readonly steps: number[] = [];
  pricePeriods: PricePeriods;
  readonly #given: BankOptions;

  constructor(given: BankOptions) {
    this.#given = given;
    this.clock = new SetClock(given.startMs);
    this.pool = new RepeatingPool(given.repeats ?? (() => false));
    this.pricePeriods = periodsOf(given.peakHours ?? '', 'Europe/Vienna');
    const { clock, store } = this;
    const periods = new Periods({
      ...{ clock, timeZone: 'Europe/Vienna', stored: [], onPeriod: () => {} },
      onStep: (byMs) => this.steps.push(byMs),
    });
    for (const [id, amount] of Object.entries(given.balances)) {
      if (amount > 0n) store.postings.set(`opening/${id}`, opening(Number(id), amount));
    }
    const ledger = new Ledger({ balances: store.balances(), periods, store, currency: 'EUR', postedCurrency: 'EUR' });
    this.ledger = ledger;
    const settings = {
      ...profileValues('default'),
      ...{ maxcostperip: given.maxCostPerIp ?? 0n, checkmaxdyndailycredit: 0 as const },
    };
    const directory = new AccountDirectory({
      accounts: [
        account(ids.alice, given.money, ids.reseller),
        account(ids.bob, given.money, ids.reseller),
        { ...account(ids.reseller, given.money), kind: 'reseller' },
        { ...account(ids.carrier, given.money), kind: 'sipserver' },
      ],
      ...{ credentials: [], numbers: [], dialRules: [], nextId: 10 },
    });
    const peaks = new SpendPeaks(ledger.balances, { put: () => {} }, []);
    const ceiling = { ...firstCeiling, spendPerAccountDayMicros: plenty, spendPerServerDayMicros: plenty };
    const books = new AccountBooks({
      ...{ directory, ledger, peaks, ...this.trade, ceiling, settings: () => settings },
      settingOrigin: () => ({ by: 'test', atMs: undefined }),
      sourceWindowMs: () => 86_400_000,
    });
    const prices: CallPrices = { rowOf: (id) => given.rows[id], periods: () => this.pricePeriods };
    this.calls = new MeteredCalls({
      ...{ clock, directory, ledger, pool: this.pool, books, peaks, prices, epoch: 1 },
      charges: new CallCharges({ directory, ledger, books, prices, trade: this.trade }),
      observer: {
        refused: () => ({ status: 403, decisionId: '' }),
        wouldRefuse: () => {},
        runningLow: () => {},
      },
    });
  }

  /** A call from its INVITE on: it rings, talks and ends as planned, or is refused or cut before. */
  call({ id, payer, ringsMs, lastsMs, row, cost, source }: Plan): void {
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      this.calls.ended(live);
      // Told twice, and written twice: the second time is for nothing.
      if (this.#repeats()) this.calls.ended(live);
      void this.calls.charge(live, (charges) => this.#commit(charges));
      void this.calls.charge(live, (charges) => this.#commit(charges));
    };
    const live: LiveCall = {
      ...{
        callId: id,
        payer: { accountId: payer, reason: 'caller' },
        canonicalNumber: '431',
        numberClass: 'international',
      },
      ...{ price: row, callerNumber: '', sourceAddress: source },
      ...{ cut: end, setPaidUntil: () => {}, decidedBy: () => {} },
    };
    const leg: DialledLeg = { kind: 'trunk', accountId: ids.carrier, sentNumber: '431', cost };
    if (this.calls.admit(live) !== undefined) return;
    if (this.calls.beforeDial(live, leg) !== undefined) return end();
    this.calls.dialled(live);
    this.clock.after(ringsMs, () => {
      if (!isOver) this.calls.answered(live);
    });
    this.clock.after(ringsMs + lastsMs, end);
  }

  #repeats(): boolean {
    return this.#given.repeats?.() ?? false;
  }

  async #commit(charges: readonly Posting[]): Promise<void> {
    await this.store.post(charges);
    if (this.#repeats()) await this.store.post(charges);
  }

  /** What every limit must hold at any time; sums come from the postings, not from what the limits read. */
  check(): void {
    const { balances } = this.ledger;
    for (const id of [ids.alice, ids.bob, ids.reseller]) {
      assert.ok(balances.postedMicros(id) >= 0n, `account ${id} is at ${balances.postedMicros(id)}`);
    }
    for (const [id, { dayMicros = 0n, monthMicros = 0n }] of Object.entries(this.#given.money ?? {})) {
      for (const [day, spent] of balances.daysOf(Number(id))) {
        assert.ok(dayMicros === 0n || spent <= dayMicros, `account ${id} spent ${spent} of ${dayMicros} on ${day}`);
      }
      for (const [month, spent] of balances.monthsOf(Number(id))) {
        assert.ok(monthMicros === 0n || spent <= monthMicros, `account ${id} spent ${spent} in ${month}`);
      }
    }
    const { maxCostPerIp = 0n } = this.#given;
    for (const source of new Set(sources.map(sourceKey))) {
      const spent = this.trade.sources.of(source, this.ledger.periods.nowMs(), 86_400_000);
      assert.ok(maxCostPerIp === 0n || spent <= maxCostPerIp, `${source} spent ${spent} of ${maxCostPerIp}`);
    }
  }

  /** When all is over: nothing is held, each hold was given back once, and memory and disk agree. */
  checkEnd(): void {
    this.check();
    assert.deepEqual([this.pool.local.size, this.pool.counters().size, this.clock.pendingCount], [0, 0, 0]);
    assert.equal(new Set(this.pool.released).size, this.pool.released.length, 'a hold was given back twice');
    const onDisk = this.store.balances();
    for (const id of Object.values(ids)) {
      assert.equal(this.ledger.balances.postedMicros(id), onDisk.postedMicros(id));
    }
  }
}

function account(id: number, money: BankOptions['money'], resellerId?: number): Account {
  const blank = blankAccount(id, `account ${id}`, 'enduser');
  return { ...blank, money: { ...blank.money, ...money?.[id] }, resellerId };
}

function opening(accountId: number, amountMicros: bigint): Posting {
  return {
    ...{
      id: `opening/${accountId}`,
      accountId,
      kind: 'top-up',
      amountMicros,
      currency: 'EUR',
      cause: '',
      actor: 'test',
    },
    ...{ atMs: 0, day: '2026-01-01', callId: '', cleared: true, reverses: '' },
  };
}

interface Plan {
  readonly id: string;
  readonly payer: number;
  readonly beginsMs: number;
  readonly ringsMs: number;
  readonly lastsMs: number;
  readonly row: PriceRow;
  readonly cost: PriceRow | undefined;
  readonly source: string;
}

const sources = ['192.0.2.1', '2001:db8::1', '2001:db8::2'] as const;
/** Instants around which money has an edge, in UTC: all days are those of Vienna. */
const edges = {
  'a usual hour': '2026-11-18T10:00:00Z',
  midnight: '2026-11-18T23:00:00Z',
  'the end of a month': '2026-11-30T23:00:00Z',
  'the day that has 23 hours, at its skipped hour': '2026-03-29T01:00:00Z',
  'the midnight after it': '2026-03-29T22:00:00Z',
  'the day that has 25 hours, at its repeated hour': '2026-10-25T01:00:00Z',
  'the midnight after that': '2026-10-25T23:00:00Z',
  'the beginning of the peak': '2026-11-18T07:00:00Z',
  'the end of the peak': '2026-11-18T19:00:00Z',
} as const;

const anyRow = fc
  .record({
    peak: fc.bigInt(1000n, 600_000n),
    offPeak: fc.bigInt(1000n, 600_000n),
    first: fc.constantFrom(1, 6, 30, 60),
    next: fc.constantFrom(1, 6, 60),
    fee: fc.constantFrom(0n, 5000n),
    minimum: fc.constantFrom(0n, 30_000n),
    freeSeconds: fc.constantFrom(0, 0, 7),
  })
  .map(({ peak, offPeak, first, next, fee, minimum, freeSeconds }) =>
    priceRow(peak, {
      ...{ offPeakPerMinuteMicros: offPeak, weekendPerMinuteMicros: offPeak, freeSeconds },
      ...{ firstIncrementS: first, nextIncrementS: next, connectFeeMicros: fee, minimumChargeMicros: minimum },
    }),
  );
const anyPlan = fc.record({
  payer: fc.constantFrom(ids.alice, ids.alice, ids.bob),
  beginsMs: fc.integer({ min: 0, max: 150_000 }),
  ringsMs: fc.integer({ min: 0, max: 60_000 }),
  lastsMs: fc.integer({ min: 1, max: 400_000 }),
  row: anyRow,
  cost: fc.option(anyRow, { nil: undefined }),
  source: fc.constantFrom(...sources),
});
const anyPlans = fc
  .array(anyPlan, { minLength: 1, maxLength: 8 })
  .map((plans) => plans.map((plan, at): Plan => ({ ...plan, id: `call ${(at * 7) % 10}${at}` })));
const tight = fc.bigInt(0n, 1_500_000n);
const anyLimits = fc.record({
  alice: tight,
  bob: tight,
  reseller: tight,
  day: tight,
  month: tight,
  carrierDay: tight,
  source: tight,
  resellerRow: anyRow,
});
const longestMs = 700_000;

describe('charges of whatever calls', () => {
  for (const [name, edge] of Object.entries(edges)) {
    test(`never pass a limit around ${name}, with messages that come twice [credit.credit] [credit.maxdailycredit] [credit.maxmonthlycredit]`, () => {
      fc.assert(
        fc.property(anyPlans, anyLimits, fc.infiniteStream(fc.boolean()), (plans, limits, repeats) => {
          const bank = new Bank({
            startMs: Date.parse(edge) - 150_000,
            balances: { [ids.alice]: limits.alice, [ids.bob]: limits.bob, [ids.reseller]: limits.reseller },
            money: {
              [ids.alice]: { dayMicros: limits.day, monthMicros: limits.month },
              [ids.carrier]: { dayMicros: limits.carrierDay },
            },
            maxCostPerIp: limits.source,
            rows: { [ids.reseller]: limits.resellerRow },
            peakHours: 'Mon-Sun 08:00-20:00',
            repeats: () => repeats.next().value === true,
          });
          for (const plan of plans) bank.clock.after(plan.beginsMs, () => bank.call(plan));
          for (let atMs = 0; atMs < longestMs; atMs += 10_000) {
            bank.clock.advance(10_000);
            bank.check();
          }
          bank.checkEnd();
          assert.deepEqual(bank.steps, []);
        }),
        { numRuns: 40 },
      );
    });
  }

  test('never pass a limit where the wall clock is set and the peak hours move to another zone within calls', () => {
    const change = fc.record({
      atMs: fc.integer({ min: 1000, max: 500_000 }),
      byMs: fc.constantFrom(-90_000_000, -7_200_000, -3000, 3000, 7_200_000, 90_000_000),
      zone: fc.constantFrom('America/New_York', 'Asia/Tokyo', 'Europe/Vienna'),
    });
    const at = fc.constantFrom(...Object.values(edges));
    fc.assert(
      fc.property(anyPlans, anyLimits, change, at, (plans, limits, { atMs, byMs, zone }, edge) => {
        const bank = new Bank({
          startMs: Date.parse(edge) - 150_000,
          balances: { [ids.alice]: limits.alice, [ids.bob]: limits.bob, [ids.reseller]: limits.reseller },
          money: { [ids.alice]: { dayMicros: limits.day, monthMicros: limits.month } },
          maxCostPerIp: limits.source,
          rows: { [ids.reseller]: limits.resellerRow },
          peakHours: 'Mon-Sun 08:00-20:00',
        });
        for (const plan of plans) bank.clock.after(plan.beginsMs, () => bank.call(plan));
        let daysBefore = '';
        bank.clock.after(atMs, () => {
          daysBefore = bank.ledger.periods.today().day;
          bank.clock.byMs = byMs;
          bank.pricePeriods = periodsOf('Mon-Sun 08:00-20:00', zone);
          bank.calls.recheck();
          assert.equal(bank.ledger.periods.today().day, daysBefore, 'a clock that is set begins no day');
        });
        for (let passedMs = 0; passedMs < longestMs; passedMs += 10_000) {
          bank.clock.advance(10_000);
          bank.check();
        }
        bank.checkEnd();
        assert.deepEqual(bank.steps, [byMs]);
        assert.ok(bank.ledger.periods.frozen || bank.ledger.periods.today().day !== daysBefore);
      }),
      { numRuns: 150 },
    );
  });

  test('are the same whatever the order of what happens, and what each call costs by itself', () => {
    fc.assert(
      fc.property(anyPlans, fc.constantFrom(...Object.values(edges)), fc.integer(), (plans, edge, seed) => {
        const sums = [0, 1].map((turn) => {
          const bank = new Bank({
            startMs: Date.parse(edge) - 150_000,
            balances: { [ids.alice]: plenty, [ids.bob]: plenty },
            rows: {},
            peakHours: 'Mon-Sun 08:00-20:00',
          });
          // Other ids are another order wherever two things happen at once; another order of setting is another one of timers.
          const ordered = turn === 0 ? plans : plans.toReversed();
          for (const plan of ordered) {
            const id =
              turn === 0 ? plan.id : `${(seed % 97) + plan.id.length}${plan.id.split('').toReversed().join('')}`;
            bank.clock.after(plan.beginsMs, () => bank.call({ ...plan, id }));
          }
          bank.clock.advance(longestMs);
          bank.checkEnd();
          return Object.values(ids).map((id) => bank.ledger.balances.postedMicros(id));
        });
        assert.deepEqual(sums[0], sums[1]);
        const periods = periodsOf('Mon-Sun 08:00-20:00', 'Europe/Vienna');
        const costs = plans.map(({ beginsMs, ringsMs, lastsMs, row, payer }) => {
          const startMs = Date.parse(edge) - 150_000 + beginsMs + ringsMs;
          return { payer, costMicros: priceOf(row, startMs, Math.ceil(lastsMs / 1000), periods) };
        });
        for (const [index, id] of [ids.alice, ids.bob].entries()) {
          const cost = costs.reduce((sum, each) => (each.payer === id ? sum + each.costMicros : sum), 0n);
          assert.equal(plenty - (sums[0]?.[index] ?? 0n), cost);
        }
      }),
      { numRuns: 100 },
    );
  });
});
