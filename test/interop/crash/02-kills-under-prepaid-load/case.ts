import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import type { Environment } from '../../kit/environment.ts';
import { answer } from '../../kit/office.ts';
import type { ServerProcess } from '../../kit/server-process.ts';
import { headerValue } from '../../kit/sip-log.ts';
import type { SippProcess } from '../../kit/sipp-process.ts';
import { until } from '../../kit/until.ts';
import {
  balancesMicros,
  callAll,
  callers,
  expectFairCharges,
  expectLedgerInOrder,
  prepaidOffice,
  prepaidSettings,
  priceMicros,
  topUpAll,
  unfinishedCalls,
} from '../shared/prepaid.ts';

// How often: CRASH_ROUNDS=100 node_modules/.bin/node test/interop/run.ts crash/02
const rounds = Number(process.env['CRASH_ROUNDS'] ?? 8);

export const title = `killed ${rounds} times under prepaid load, and stalled in between: no account below zero, each call charged once`;

export const alone = true;
export const timeoutS = 60 + 20 * rounds;

/** Heartbeats are a second apart, and a kill may come between a second and the next. */
const heartbeatMs = 1000;

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(prepaidOffice(env), prepaidSettings);
  const connected = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    await topUpAll(server, `round-${round}`);
    const carrier = await answer(env, 'carrier', { calls: 5000, variables: { ringMs: 60 }, timeoutS: 170 });
    const phones = callAll(env, 6, 1500 + 400 * (round % 5));
    await until('calls are up', 20_000, async () => {
      return (await server.calls()).filter(({ phase }) => phase === 'connected').length > 2;
    });
    // The moments differ from round to round; each third round the process stands still first, as a stalled machine does.
    await wait(100 + ((round * 370) % 2200));
    if (round % 3 === 2) await stall(server, 1500 + 500 * (round % 4));
    await server.kill();
    for (const callId of [...phones.flatMap(answered)]) connected.add(callId);
    for (const phone of [...phones, carrier]) await phone.stop();
    await server.start();
    const when = `after kill ${round + 1}`;
    await expectLedgerInOrder(server, when);
    assert.equal(unfinishedCalls(server), 0, when);
    expectFairCharges(server, when);
  }
  const calls = expectFairCharges(server, 'at the end');
  const recorded = new Set(calls.map(({ sipCallId }) => sipCallId));
  assert.deepEqual(
    [...connected].filter((callId) => !recorded.has(callId)),
    [],
    'calls that were connected and have no CDR',
  );
  expectExactCharges(calls);
  await expectHoldsBack(env, server);
  console.log(`        ${rounds} kills, ${calls.length} CDRs, ${connected.size} connected calls seen by phones`);
}

/** Who hung up in time is charged exactly; who was in a dead server up to its last heartbeat and no more. */
function expectExactCharges(calls: ReturnType<typeof expectFairCharges>): void {
  let exact = 0;
  for (const { caller, cause, connectedMs, chargedMicros } of calls) {
    if (connectedMs === 0) continue;
    const packet = callers.find(({ name }) => name === caller)?.packet ?? 'minutes';
    const atLeastMs = cause === 'server restart' ? connectedMs - heartbeatMs : connectedMs;
    if (chargedMicros >= priceMicros(packet, Math.max(1, Math.ceil(atLeastMs / 1000)))) exact++;
  }
  // The others were cut for want of money, or ended late because the process stood still.
  assert.ok(exact > calls.filter(({ connectedMs }) => connectedMs > 0).length / 2, `${exact} of ${calls.length}`);
}

/** What is left of every credit can be spent to the last increment: nothing of it is held by calls that are gone. */
async function expectHoldsBack(env: Environment, server: ServerProcess): Promise<void> {
  await topUpAll(server, 'last');
  const carrier = await answer(env, 'carrier', { calls: 5000, variables: { ringMs: 60 }, timeoutS: 170 });
  const phones = callAll(env, 6, 60_000);
  const secondsCallers = callers.filter(({ packet }) => packet === 'seconds');
  await until('credit by the second is spent', 40_000, () => {
    const balances = balancesMicros(server);
    return secondsCallers.every(({ name }) => (balances.get(name) ?? 0) < priceMicros('seconds', 1));
  });
  for (const phone of phones) await phone.stop();
  for (const call of await server.calls()) await server.ask('end', { callId: call.callId }).catch(() => undefined);
  await carrier.stop();
  await until('no call is left', 60_000, async () => (await server.calls()).length === 0);
  await until('no row is left', 40_000, () => unfinishedCalls(server) === 0);
  await expectLedgerInOrder(server, 'when all is spent');
  expectFairCharges(server, 'when all is spent');
}

async function stall(server: ServerProcess, durationMs: number): Promise<void> {
  server.signal('SIGSTOP');
  await wait(durationMs);
  server.signal('SIGCONT');
  // What the phones sent meanwhile comes in one heap.
  await wait(400);
}

function answered(phone: SippProcess): readonly string[] {
  const isAnswer = (text: string): boolean => headerValue(text, 'CSeq').endsWith('INVITE');
  return phone
    .received('200')
    .filter(isAnswer)
    .map((text) => headerValue(text, 'Call-ID'));
}
