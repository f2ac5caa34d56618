import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import type { Environment } from '../../kit/environment.ts';
import { office, password } from '../../kit/office.ts';
import { answerChallenge, RoguePeer } from '../rogue-peer.ts';

export const title =
  'one account that sends texts and failing calls without end has a bounded number of them under way';
export const alone = true;

const floodOf = 1200;
const maxTransactions = 400;
const metricsPort = '19665';

export async function run(env: Environment): Promise<void> {
  const { serverAddress } = env;
  await env.startServer(office(env), { metrics_port: metricsPort, log_level: 'info' });
  const alice = await RoguePeer.bind('alice', env.address('alice'), serverAddress);
  const bob = await RoguePeer.bind('bob', env.address('bob'), serverAddress);
  env.atEnd(() => alice.close());
  env.atEnd(() => bob.close());
  await bob.register({ user: 'bob', password });
  await flood(alice, 'MESSAGE', `sip:bob@${serverAddress}`);
  const texts = await transactionsNow();
  await flood(alice, 'INVITE', `sip:nobody@${serverAddress}`);
  const calls = (await transactionsNow()) - texts;
  const what = `${texts} transactions after ${floodOf} MESSAGE, ${calls} more after as many INVITE`;
  assert.ok(texts <= maxTransactions && calls <= maxTransactions, what);
}

/** As fast as one challenge allows; nothing that comes back is answered or acknowledged. */
async function flood(alice: RoguePeer, method: string, uri: string): Promise<void> {
  const challenge = await alice.ask({ method, uri });
  for (let count = 1; count <= floodOf; count++) {
    const headers = answerChallenge(challenge, method, uri, { user: 'alice', password }, count);
    alice.send(alice.request({ method, uri, headers, body: 'x'.repeat(1000) }));
    if (count % 40 === 0) await wait(10);
  }
  await wait(300);
}

async function transactionsNow(): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  return Number(/^ringfence_transactions (\d+)/m.exec(text)?.[1] ?? Number.NaN);
}
