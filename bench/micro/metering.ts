// What metering costs while calls run: 10,000 calls of 1,000 prepaid accounts for ten minutes of simulated time, media off.
// Prints the CPU time for each second of those minutes, as a part of one core; the same with one change in the middle that
// concerns every call (as a price list or a setting that is replaced), which all of them learn of; and what a change of one
// account costs. The longest turn of the event loop is told with each. `node bench/micro/metering.ts`
import { blankAccount } from '../../src/accounts/blank-account.ts';
import type { Timer } from '../../src/base/time/clock.ts';
import { AccountDirectory } from '../../src/accounts/directory.ts';
import { LocalPool } from '../../src/billing/hold/pool.ts';
import { AccountBooks } from '../../src/billing/limits/account-books.ts';
import { PeriodSums } from '../../src/billing/limits/period-sums.ts';
import { SlidingSums } from '../../src/billing/limits/sliding-sum.ts';
import { SpendPeaks } from '../../src/billing/limits/spend-peaks.ts';
import { firstCeiling } from '../../src/billing/ceiling.ts';
import type { PricePeriods } from '../../src/billing/rating/price-periods.ts';
import type { LiveCall } from '../../src/billing/seam.ts';
import { CallCharges } from '../../src/call/money/call-charges.ts';
import { MeteredCalls } from '../../src/call/money/metered-calls.ts';
import { profileValues } from '../../src/settings/index.ts';
import { memoryLedger, MemoryPostings } from '../../test/kit/memory-ledger.ts';
import { movement, priceRow } from '../../test/kit/money.ts';
import { SimulatedClock } from '../../test/kit/simulated-clock.ts';

const accountCount = 1000;
const callCount = 10_000;
const seconds = 600;
const plenty = 1_000_000_000n;

/** The longest that any timer took of this process, other processes left out. */
let longestTurnMs = 0;

class TimedClock extends SimulatedClock {
  override after(delayMs: number, fire: () => void): Timer {
    return super.after(delayMs, () => {
      const before = process.cpuUsage();
      fire();
      const { user, system } = process.cpuUsage(before);
      longestTurnMs = Math.max(longestTurnMs, (user + system) / 1000);
    });
  }
}

const clock = new TimedClock(Date.parse('2026-11-23T10:00:00Z'));
const postings = new MemoryPostings();
const accounts = Array.from({ length: accountCount }, (_, at) => blankAccount(at + 1, `u${at}`, 'enduser'));
await postings.post(accounts.map(({ id }) => movement(id, plenty)));
const ledger = memoryLedger(clock, postings);
const directory = new AccountDirectory({ accounts, credentials: [], numbers: [], dialRules: [], nextId: 9999 });
// Limits of this size are never reached here, and are judged all the same.
const settings = { ...profileValues('default'), maxdailycreditforenduser: plenty, maxcostperip: plenty };
const ceiling = { ...firstCeiling, spendPerAccountDayMicros: plenty, spendPerServerDayMicros: plenty * 1000n };
const peaks = new SpendPeaks(ledger.balances, { put: () => {} }, []);
const sources = new SlidingSums(10_000);
const [hours, losses] = [new PeriodSums(10_000), new PeriodSums(10_000)];
const settingOrigin = () => ({ by: 'default', atMs: undefined });
const books = new AccountBooks({
  ...{ directory, settings: () => settings, settingOrigin, ledger, peaks, sources, hours, losses, ceiling },
  sourceWindowMs: () => 86_400_000,
});
const periods: PricePeriods = { at: () => ({ period: 'peak', untilMs: Number.MAX_SAFE_INTEGER }) };
let told = 0;
const observer = {
  refused: () => ({ status: 403, decisionId: '' }),
  wouldRefuse: () => {},
  runningLow: () => {},
};
const prices = { rowOf: () => undefined, periods: () => periods };
const money = new MeteredCalls({
  ...{ clock, directory, ledger, books, peaks, observer, prices, pool: new LocalPool(), epoch: 1 },
  charges: new CallCharges({ directory, ledger, books, prices, trade: { sources, hours, losses } }),
});

let cuts = 0;
function callOf(at: number): LiveCall {
  return {
    ...{ callId: `call ${at}`, payer: { accountId: 1 + (at % accountCount), reason: 'caller' } },
    ...{ canonicalNumber: '4312345', numberClass: 'domestic', callerNumber: '', price: priceRow(6000n) },
    sourceAddress: `192.0.2.${at % 250}`,
    cut: () => cuts++,
    setPaidUntil: () => told++,
    decidedBy: () => {},
  };
}

for (let at = 0; at < callCount; at++) {
  const live = callOf(at);
  const leg = { kind: 'trunk', accountId: 9000, sentNumber: '4312345', cost: undefined } as const;
  money.admit(live);
  money.beforeDial(live, leg);
  money.dialled(live);
  money.answered(live);
  // Calls begin one after the other, as they do.
  clock.advance(3);
}

/** Lets so many seconds pass; each timer is a turn of the event loop. */
function pass(durationS: number): number {
  const before = process.cpuUsage();
  longestTurnMs = 0;
  clock.advance(durationS * 1000);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / durationS;
}

function tell(what: string, cpuMsPerSecond: number): void {
  process.stdout.write(
    `${what}: ${cpuMsPerSecond.toFixed(2)} ms of CPU time a second, ${(cpuMsPerSecond / 10).toFixed(2)} % of a core; ` +
      `the longest turn took ${longestTurnMs.toFixed(1)} ms of it\n`,
  );
}

told = 0;
process.stdout.write(`${money.size} calls in progress on ${accountCount} prepaid accounts\n`);
tell(`${seconds} s of talk`, pass(seconds));
process.stdout.write(`the media plane was told ${(told / seconds).toFixed(0)} times a second; ${cuts} cuts\n`);

const begun = performance.now();
money.recheck();
const firstMs = performance.now() - begun;
tell(`60 s with a change that concerns all calls (its first turn ${firstMs.toFixed(1)} ms)`, pass(60));

const disabling = performance.now();
money.recheck(1);
process.stdout.write(`a change of one account with ten calls: ${(performance.now() - disabling).toFixed(2)} ms\n`);

// The ceiling of the whole server is nearly reached: every call shares what is left, and a new one asks the others for it.
Object.assign(ceiling, { spendPerServerDayMicros: heldByAll() + 50n });
const live = callOf(callCount);
const asking = performance.now();
const refusal = money.admit(live);
process.stdout.write(
  `a new call while all of the server's ceiling is held: ${refusal === undefined ? 'admitted' : 'refused'} after ${(performance.now() - asking).toFixed(1)} ms\n`,
);
tell('60 s with that ceiling', pass(60));

function heldByAll(): bigint {
  let sum = 0n;
  for (const [counter, micros] of money.heldCounters) if (counter.startsWith('server ')) sum += micros;
  return sum;
}
