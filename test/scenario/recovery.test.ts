import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CallAnswer, UnfinishedCall } from '../../src/call/record.ts';
import { priceRow } from '../kit/money.ts';
import { heartbeatAt } from '../kit/records.ts';
import { connectedCall, ids, moneyStage } from './money-stage.ts';
import type { Stage } from './stage.ts';

const halt = { reason: 'database older than journal', message: 'resume it' } as const;

/** What a server leaves that dies during a call of alice, who has 0.10 and pays 0.06 a minute. */
async function diedInCall(): Promise<{ readonly unfinished: UnfinishedCall; readonly answeredAtMs: number }> {
  const stage = await pricedStage();
  await connectedCall(stage, await stage.phone('alice', '192.0.2.21'), await stage.peer('192.0.2.50'));
  const [answer] = stage.store.answers;
  assert.ok(answer);
  return { unfinished: { ...answer, invites: [] }, answeredAtMs: answer.answeredAtMs };
}

function pricedStage(): Promise<Stage> {
  return moneyStage({
    rows: { [ids.alice]: priceRow(60_000n), [ids.carrier]: priceRow(30_000n) },
    balances: { [ids.alice]: 100_000n },
  });
}

describe('a call of a dead server whose ledger is halted, as after the restore of a backup', () => {
  test('is ended on both legs, and waits with the end that it had for its charge and CDR', async () => {
    const { unfinished, answeredAtMs } = await diedInCall();
    const stage = await pricedStage();
    stage.postings.refused = halt;
    const [alice, carrier] = [await stage.peer('192.0.2.21'), await stage.peer('192.0.2.50')];
    await stage.server.endDeadCalls({
      unfinishedCalls: [unfinished],
      lastHeartbeat: heartbeatAt(answeredAtMs + 12_000),
    });
    await stage.run(20);
    assert.deepEqual([alice.requests('BYE').length, carrier.requests('BYE').length], [1, 1]);
    assert.deepEqual([stage.store.cdrs.length, stage.balanceOf('alice')], [0, 100_000n]);
    const waiting = onDisk(stage.store.answers);
    // The next server is halted too, and has a heartbeat of its own.
    const next = await pricedStage();
    next.postings.refused = halt;
    await next.server.endDeadCalls({
      unfinishedCalls: [waiting],
      lastHeartbeat: heartbeatAt(answeredAtMs + 3_600_000),
    });
    next.postings.refused = undefined;
    const stillWaiting = onDisk(next.store.answers);
    await next.server.ledgerResumed([stillWaiting]);
    await next.server.ledgerResumed([stillWaiting]);
    assert.deepEqual(
      next.store.cdrs.map((cdr) => [cdr.cause, (cdr.endedAtMs ?? 0) - answeredAtMs]),
      [['server restart', 12_000]],
    );
    assert.deepEqual([next.balanceOf('alice'), next.balanceOf('carrier')], [88_000n, -6000n]);
    assert.equal(next.server.money.heldCounters.size, 0);
  });

  test('gets its CDR and no second charge when the journal gave its charges back', async () => {
    const { unfinished, answeredAtMs } = await diedInCall();
    const stage = await pricedStage();
    stage.postings.refused = halt;
    await stage.server.endDeadCalls({
      unfinishedCalls: [unfinished],
      lastHeartbeat: heartbeatAt(answeredAtMs + 12_000),
    });
    stage.postings.refused = undefined;
    await stage.server.ledgerResumed([{ ...onDisk(stage.store.answers), money: '' }]);
    assert.deepEqual([stage.store.cdrs.length, stage.balanceOf('alice')], [1, 100_000n]);
  });

  test('that was not answered costs nothing, and gets its CDR at once', async () => {
    const { unfinished, answeredAtMs } = await diedInCall();
    const stage = await pricedStage();
    stage.postings.refused = halt;
    const ringing = { ...unfinished, answeredAtMs: undefined, caller: undefined, callee: undefined, money: '' };
    await stage.server.endDeadCalls({ unfinishedCalls: [ringing], lastHeartbeat: heartbeatAt(answeredAtMs) });
    assert.deepEqual([stage.store.cdrs.length, stage.balanceOf('alice')], [1, 100_000n]);
  });
});

/** The row of a call as the next start reads it. */
function onDisk(answers: readonly CallAnswer[]): UnfinishedCall {
  const [answer] = answers;
  assert.ok(answer);
  return { ...answer, invites: [] };
}
