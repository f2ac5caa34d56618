import assert from 'node:assert/strict';
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Environment } from '../../kit/environment.ts';
import { answer } from '../../kit/office.ts';
import { until } from '../../kit/until.ts';
import {
  balancesMicros,
  callAll,
  callAs,
  expectLedgerInOrder,
  prepaidOffice,
  prepaidSettings,
  topUpAll,
  unfinishedCalls,
} from '../shared/prepaid.ts';

export const title =
  'a backup made under prepaid load is restored: the server starts, refuses priced calls until the resume, and charges nothing twice [admin.backups]';

export const alone = true;
/** The server complains of the ledger that is halted, as it must. */
export const faultsExpected = true;

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(prepaidOffice(env), prepaidSettings);
  await topUpAll(server, 'first');
  const carrier = await answer(env, 'carrier', { calls: 5000, variables: { ringMs: 60 }, timeoutS: 170 });
  const phones = callAll(env, 3, 3000);
  await until('calls are up', 20_000, async () => {
    return (await server.calls()).filter(({ phase }) => phase === 'connected').length > 2;
  });
  const backup = join(env.folder, 'backup.db');
  await server.ask('backup', { path: backup });
  await topUpAll(server, 'second');
  await wait(4000);
  await server.kill();
  const before = balancesMicros(server);
  for (const phone of [...phones, carrier]) await phone.stop();
  const database = join(server.dataFolder, 'ringfence.db');
  for (const end of ['', '-wal', '-shm']) rmSync(`${database}${end}`, { force: true });
  copyFileSync(backup, database);
  await server.start();
  const { refusal, notes } = await server.ask('ledger check', {});
  assert.match(refusal ?? '', /older than its journal/);
  assert.match(notes.join(), /calls of a dead server wait/);
  const refused = await callAs(env, 'carl', {}).passed();
  assert.equal(refused.received('503').length, 1);
  const { decisions } = await server.ask('decision list', { user: 'carl' });
  assert.equal(decisions[0]?.rule, 'ledger');
  const { restored } = await server.ask('ledger resume', {});
  // The top-ups at least, and what ended meanwhile.
  assert.ok(restored >= 5, `${restored} postings came back`);
  await until('no call waits', 5000, () => unfinishedCalls(server) === 0);
  const lost = await expectLedgerInOrder(server, 'after the resume');
  assert.match(lost.join(), /came back from the journal after a restore; the CDRs of their calls are lost/);
  for (const [name, micros] of balancesMicros(server)) {
    const most = before.get(name) ?? 0;
    assert.ok(micros >= 0 && micros <= most, `${name} had ${most} and has ${micros}`);
  }
  const again = await answer(env, 'carrier', { timeoutS: 60 });
  await topUpAll(server, 'third');
  await callAs(env, 'carl', { talkMs: 1500 }).passed();
  await again.passed();
  await until('the call has ended', 5000, async () => (await server.calls()).length === 0);
  await expectLedgerInOrder(server, 'at the end');
}
