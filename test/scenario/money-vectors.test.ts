import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { firstCeiling } from '../../src/billing/ceiling.ts';
import { type Settings, profileValues } from '../../src/settings/index.ts';
import { movement } from '../kit/money.ts';
import { ids, moneyStage, type MoneyStageOptions, sendCalls, startCalls, tally } from './money-stage.ts';

const unit = 1_000_000n;
const { creditcheckforpostp, maxdailycreditperuser, checkmaxdyndailycredit, dynamiclimit, cutrunningcalls } =
  profileValues('seeds');
const seeds = { creditcheckforpostp, maxdailycreditperuser, checkmaxdyndailycredit, dynamiclimit, cutrunningcalls };

interface Vector {
  readonly id: string;
  readonly spent: number;
  readonly by?: 'alice' | 'sender';
  readonly settings?: Partial<Settings>;
  readonly money?: MoneyStageOptions['money'];
  /** What the day before the stage's had. */
  readonly usual?: number;
  readonly sip: number;
}

const dynamic = (usual: number, spent: number, sip: number, checkmaxdyndailycredit: 0 | 1 | 2 = 1) => {
  return { spent, usual, sip, settings: { checkmaxdyndailycredit } };
};
const postpaid = { alice: { isPostpaid: true, monthMicros: 100n * unit } };

/** The steps that start a call, each from its given state; the increment costs 0.001. */
const vectors: readonly Vector[] = [
  { id: 'DYN-1', ...dynamic(10, 69.99, 100) },
  { id: 'DYN-1', ...dynamic(10, 70, 403) },
  { id: 'DYN-1', ...dynamic(10, 70.01, 403) },
  { id: 'DYN-2 Friday', ...dynamic(30, 209.99, 100) },
  { id: 'DYN-2 Friday', ...dynamic(30, 210, 403) },
  { id: 'DYN-3 Saturday', ...dynamic(30, 0, 100) },
  { id: 'DYN-6', ...dynamic(1, 9.99, 100) },
  { id: 'DYN-6', ...dynamic(1, 10, 403) },
  { id: 'DYN-7', by: 'sender', ...dynamic(5, 99.99, 100, 2) },
  { id: 'DYN-7', by: 'sender', ...dynamic(5, 100, 403, 2) },
  { id: 'DYN-8 at 0', ...dynamic(10, 500, 100, 0) },
  { id: 'DYN-8 at 1', ...dynamic(10, 500, 403, 1) },
  { id: 'DYN-8 at 1', by: 'sender', ...dynamic(10, 500, 100, 1) },
  { id: 'DYN-8 at 2', by: 'sender', ...dynamic(10, 500, 403, 2) },
  { id: 'DYN-10', ...dynamic(10, 70, 402), settings: { checkmaxdyndailycredit: 1, quotadiscreason: 402 } },
  { id: 'DAY-1', spent: 19.99, settings: { maxdailycreditforenduser: 20n * unit }, sip: 100 },
  { id: 'DAY-1', spent: 20, settings: { maxdailycreditforenduser: 20n * unit }, sip: 403 },
  { id: 'DAY-1', by: 'sender', spent: 20, settings: { maxdailycreditforenduser: 20n * unit }, sip: 100 },
  { id: 'DAY-1', by: 'sender', spent: 500, settings: { maxdailycreditforts: 500n * unit }, sip: 403 },
  { id: 'DAY-2 after the settings were read', spent: 5, money: { alice: { dayMicros: 5n * unit } }, sip: 403 },
  { id: 'MON-3 false', spent: 100, money: postpaid, settings: { creditcheckforpostp: false }, sip: 100 },
  { id: 'MON-3 true', spent: 100, money: postpaid, settings: { creditcheckforpostp: true }, sip: 403 },
];

/**
 * Steps that are not rows here: DYN-2 to DYN-5 in full, MON-1 and DYN-9 are rows of the tests of their functions; CRE-1 is in money.test.ts; DAY-2
 * before the reload, DAY-3 and MON-2 are about files of another system, which are not imported.
 */
describe('examples of money limits, under the profile seeds', () => {
  for (const { id, spent, by = 'alice', settings, money, usual, sip } of vectors) {
    test(`${id}: ${by} has spent ${spent} and gets ${sip} [credit.${id.startsWith('DYN') ? 'checkmaxdyndailycredit' : 'maxdailycredit'}]`, async () => {
      const account = ids[by];
      const micros = BigInt(Math.round(spent * 1e6));
      const stage = await moneyStage({
        settings: { ...seeds, ...settings },
        ceiling: { ...firstCeiling, spendPerAccountDayMicros: 1000n * unit },
        spentToday: micros === 0n ? {} : { [account]: micros },
        ...(money === undefined ? {} : { money }),
      });
      if (usual !== undefined) {
        await stage.move({ ...movement(account, BigInt(usual) * -unit, '2026-11-22') });
        await stage.move(movement(account, BigInt(usual) * unit));
      }
      if (by === 'alice') {
        const alice = await stage.phone('alice', '192.0.2.21');
        assert.deepEqual(tally(alice, await startCalls(stage, alice, 1)), { [sip]: 1 });
      } else {
        const sender = await stage.peer('192.0.2.60');
        assert.deepEqual(tally(sender, await sendCalls(stage, sender, 1)), { [sip]: 1 });
      }
    });
  }
});
