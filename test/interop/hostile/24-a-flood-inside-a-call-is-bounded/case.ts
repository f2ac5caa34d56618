import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import type { Environment } from '../../kit/environment.ts';
import { office, password } from '../../kit/office.ts';
import { headerValue } from '../../kit/sip-log.ts';
import { RoguePeer, sdp, token } from '../rogue-peer.ts';

export const title = 'a phone that floods its own call with re-INVITE and INFO is remembered for a few of them only';
export const alone = true;

const floodOf = 1500;
/** Of one call, both legs together; the flood has many times as many requests. */
const maxTransactions = 200;
const metricsPort = '19664';

export async function run(env: Environment): Promise<void> {
  const { serverAddress } = env;
  await env.startServer(office(env), { metrics_port: metricsPort, log_level: 'info' });
  const alice = await RoguePeer.bind('alice', env.address('alice'), serverAddress);
  const bob = await RoguePeer.bind('bob', env.address('bob'), serverAddress);
  env.atEnd(() => alice.close());
  env.atEnd(() => bob.close());
  await bob.register({ user: 'bob', password });
  const uri = `sip:bob@${serverAddress}`;
  const call = { callId: token(), fromTag: token() };
  const headers = `Contact: <sip:alice@${alice.address}>\r\nContent-Type: application/sdp\r\n`;
  const body = sdp(alice.address, 30_000);
  const answered = alice.ask({ method: 'INVITE', uri, ...call, headers, body }, { user: 'alice', password });
  bob.respond(await bob.expect('INVITE', (text) => text.startsWith('INVITE')), 200, sdp(bob.address, 31_000));
  const answer = await answered;
  const target = /<(.*)>/.exec(headerValue(answer, 'Contact'))?.[1] ?? '';
  const dialog = { uri: target, to: headerValue(answer, 'To'), ...call };
  alice.send(alice.request({ method: 'ACK', cseq: 2, ...dialog }));
  for (let at = 0; at < floodOf; at++) {
    const method = at % 2 === 0 ? 'INVITE' : 'INFO';
    alice.send(alice.request({ method, cseq: 10 + at, ...dialog, headers, body }));
    if (at % 50 === 0) await wait(10);
  }
  await wait(500);
  const transactions = await transactionsNow();
  assert.ok(transactions <= maxTransactions, `${transactions} transactions after ${floodOf} requests in one call`);
  alice.send(alice.request({ method: 'BYE', cseq: 20_000, ...dialog }));
  const isAnswer = (text: string): boolean =>
    headerValue(text, 'CSeq') === '20000 BYE' && text.startsWith('SIP/2.0 200');
  await alice.expect('200 to BYE', isAnswer);
}

async function transactionsNow(): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  return Number(/^ringfence_transactions (\d+)/m.exec(text)?.[1] ?? Number.NaN);
}
