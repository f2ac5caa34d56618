import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import type { Environment } from '../../kit/environment.ts';
import { answer, dial, office, register } from '../../kit/office.ts';
import { headerValue, type LoggedMessage } from '../../kit/sip-log.ts';
import type { SippProcess } from '../../kit/sipp-process.ts';
import { until } from '../../kit/until.ts';

export const title =
  'twenty times killed under load and started again: the data opens, both phones of every answered call get BYE, each call has one CDR, registrations stand';

/** It loads the machine, and its calls must not wait for those of others. */
export const alone = true;

const rounds = 20;
/** Registrations are durable within a second. */
const durableMs = 1200;

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env), { log_level: 'info' });
  await register(env, 'bob');
  await wait(durableMs);
  const answeredCalls = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    const load = { calls: 1000, variables: { ringMs: 100 }, timeoutS: 60 };
    const bob = await answer(env, 'bob', load);
    const alice = dial(env, 'bob', { calls: 1000, rate: 25, timeoutS: 60 }, 'call-hung-up-on.xml');
    await until('the first call is up', 10_000, async () =>
      (await server.calls()).some(({ phase }) => phase === 'connected'),
    );
    // The kill meets calls in every phase: the moments differ from round to round.
    await wait(300 + round * 40);
    await server.kill();
    const atAlice = answered(alice);
    const atBob = answered(bob);
    assert.ok(atAlice.size > 3, `only ${atAlice.size} calls were up in round ${round}`);
    await alice.stop();
    await bob.stop();
    const listeners = [await listen(env, 'alice'), await listen(env, 'bob')] as const;
    await server.start();
    await expectByes(listeners[0], atAlice, `alice, round ${round}`);
    await expectByes(listeners[1], atBob, `bob, round ${round}`);
    for (const listener of listeners) await listener.stop();
    for (const callId of atAlice) answeredCalls.add(callId);
    assert.ok((await server.ask('status', {})).store.healthy);
    assert.equal((await server.ask('bindings list', {})).total, 1);
  }
  const { cdrs } = await server.ask('cdr list', { limit: 10_000 });
  const records = new Map<string, number>();
  for (const { sipCallId } of cdrs) records.set(sipCallId, (records.get(sipCallId) ?? 0) + 1);
  for (const callId of answeredCalls) assert.equal(records.get(callId), 1, `CDRs of ${callId}`);
  for (const [callId, count] of records) assert.equal(count, 1, `CDRs of ${callId}`);
  await until('no call is left', 5000, async () => (await server.calls()).length === 0);
  const bob = await answer(env, 'bob');
  await dial(env, 'bob').passed();
  await bob.passed();
}

/** A phone that is still there after the crash, and answers every BYE. */
function listen(env: Environment, host: 'alice' | 'bob'): Promise<SippProcess> {
  return env.sipp('answers-bye.xml', host, { calls: 1000, timeoutS: 60 }).ready();
}

/** Call-IDs of the calls that were answered, as the phone saw it: the caller got 200, the callee's 200 its ACK. */
function answered(phone: SippProcess): Set<string> {
  const tells = ({ direction, kind, text }: LoggedMessage): boolean =>
    direction === 'received' &&
    ((kind === '200' && headerValue(text, 'CSeq').endsWith('INVITE')) || (kind === 'ACK' && !text.includes('407')));
  return new Set(
    phone
      .messages()
      .filter(tells)
      .map(({ text }) => headerValue(text, 'Call-ID')),
  );
}

async function expectByes(phone: SippProcess, calls: ReadonlySet<string>, who: string): Promise<void> {
  let missing: readonly string[] = [...calls];
  await until(`${who}: every call gets its BYE`, 8000, () => {
    const ended = new Set(phone.received('BYE').map((text) => headerValue(text, 'Call-ID')));
    missing = [...calls].filter((callId) => !ended.has(callId));
    return missing.length === 0;
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${missing.length} of ${calls.size} missing, such as ${missing[0]}`);
  });
}
