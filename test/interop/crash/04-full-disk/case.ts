import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../kit/environment.ts';
import { answer } from '../../kit/office.ts';
import { Skipped } from '../../kit/skipped.ts';
import { until } from '../../kit/until.ts';
import {
  callAs,
  chargedCalls,
  expectFairCharges,
  expectLedgerInOrder,
  prepaidOffice,
  prepaidSettings,
  topUpAll,
} from '../shared/prepaid.ts';

export const title =
  'the disk gets full during a prepaid call: it goes on to what is paid, new ones are refused, and all is charged once there is room';

export const alone = true;
/** The server complains of its disk, as it must. */
export const faultsExpected = true;

export async function run(env: Environment): Promise<void> {
  const folder = join(env.folder, 'server', 'data');
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=0700', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    throw new Skipped('a small disk can only be mounted by root');
  }
  env.atEnd(async () => void execFileSync('umount', ['-l', folder]));
  const server = await env.startServer(prepaidOffice(env), prepaidSettings);
  await topUpAll(server, 'first');
  const carrier = await answer(env, 'carrier', { calls: 5000, variables: { ringMs: 60 }, timeoutS: 170 });
  // Twenty seconds are paid.
  const talking = callAs(env, 'carl', {});
  await until('the call is up', 20_000, async () => (await server.calls()).some(({ phase }) => phase === 'connected'));
  const filler = join(folder, 'filler');
  fill(filler);
  await until('the disk is full', 15_000, async () => {
    fill(filler);
    return !(await server.ask('status', {})).store.healthy;
  });
  const refused = await callAs(env, 'dora', { port: 5070 }).passed();
  assert.equal(refused.received('503').length, 1);
  assert.match(server.log(), /disk of the data folder is full/);
  await talking.passed();
  assert.equal(talking.received('BYE').length, 1, 'the server has ended the call when its money was over');
  rmSync(filler);
  await until('the store is well again', 20_000, async () => (await server.ask('status', {})).store.healthy);
  await until('the call has its CDR', 60_000, () => chargedCalls(server).some(({ caller }) => caller === 'carl'));
  await expectLedgerInOrder(server, 'with room again');
  const paid = expectFairCharges(server, 'with room again').find(({ caller }) => caller === 'carl');
  assert.equal(paid?.chargedMicros, 1_000_000);
  await callAs(env, 'anna', { port: 5071, talkMs: 1000 }).passed();
  await carrier.stop();
}

/** Takes whatever room is left. */
function fill(path: string): void {
  const block = Buffer.alloc(4096, 0x2e);
  try {
    for (;;) appendFileSync(path, block);
  } catch {
    // That was the last of it.
  }
}
