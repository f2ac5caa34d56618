import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '../../../kit/seeded-random.ts';
import type { Environment } from '../../kit/environment.ts';
import { damaged } from '../../kit/mutations.ts';
import { answer, dial, office, register } from '../../kit/office.ts';
import { until } from '../../kit/until.ts';

export const title =
  'neither the torture messages of RFC 4475 and RFC 5118 nor thousands of damaged messages, with the identifiers of a call that is up, end the server or the call [protocol.malformed-packet-drop]';

const vectors = ['rfc4475', 'rfc5118'].flatMap((name) => {
  const folder = fileURLToPath(new URL(`../../../vectors/${name}/`, import.meta.url));
  return readdirSync(folder).map((file) => readFileSync(folder + file));
});
const datagrams = 6000;
const streams = 150;
const methods = [
  'REGISTER',
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'OPTIONS',
  'INFO',
  'MESSAGE',
  'SUBSCRIBE',
  'NOTIFY',
  'REFER',
  'PRACK',
  'UPDATE',
  'PUBLISH',
];

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env), { log_level: 'info' });
  await register(env, 'bob');
  const bob = await answer(env, 'bob');
  const alice = dial(env, 'bob', { variables: { talkMs: 9000 } });
  await until('the call is up', 20_000, async () => (await server.calls())[0]?.phase === 'connected');
  await wait(200);
  const seed = Number(process.env['SEED'] ?? 1);
  const random = seededRandom(seed);
  // Without bob's own answers: their branch is a secret of ours by which he proves that he was asked.
  const asked = bob.messages().filter(({ direction }) => direction === 'received');
  const seen = [...alice.messages(), ...asked].map(({ text }) => text);
  const originals = [...seen, ...seen.flatMap(inOtherMethods)];
  const pick = (): Buffer => damaged(originals[random.below(originals.length)] ?? '', random);
  let sent = 'nothing';
  const alive = (): void => assert.ok(server.running, `the server ended after\n${sent}\n${server.log().slice(-2000)}`);
  for (let at = 0; at < datagrams + vectors.length; at += 50) {
    const batch = Array.from({ length: 50 }, (_, offset) => vectors[at + offset] ?? pick());
    sent = batch.map(String).join('\n-----\n');
    await sendDatagrams(env.address('stranger'), env.serverAddress, batch);
    alive();
  }
  for (let at = 0; at < streams; at++) {
    const octets = Buffer.concat([pick(), pick(), pick()]);
    sent = String(octets);
    await sendOverTcp(env.serverAddress, octets);
    alive();
  }
  await alice.passed();
  await bob.passed();
  const cdr = await server.onlyCdr();
  assert.deepEqual([cdr.callerName, cdr.cause, cdr.endedBy], ['alice', 'answered', 'caller']);
}

/** A request that was seen, as it would be with each other method, so that its identifiers reach every path. */
function inOtherMethods(text: string): string[] {
  if (text.startsWith('SIP/')) return [];
  const [method = ''] = text.split(' ', 1);
  return methods.map((other) => text.replaceAll(`${method} `, `${other} `).replace(/^(CSeq: \d+) \w+/m, `$1 ${other}`));
}

function sendDatagrams(from: string, to: string, batch: readonly Buffer[]): Promise<void> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.bind(0, from, () => {
      for (const octets of batch) socket.send(octets, 5060, to, () => {});
      // A little time for the answers, which nobody reads, and for the server to die.
      setTimeout(() => socket.close(() => resolve()), 20);
    });
  });
}

function sendOverTcp(to: string, octets: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: to, port: 5060, noDelay: true }, () => {
      socket.end(octets);
      setTimeout(() => socket.destroy(), 15);
    });
    socket.on('error', () => {});
    socket.on('data', () => {});
    socket.on('close', () => resolve());
  });
}
