import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { browserScript, servePage } from '../../kit/browser-page.ts';
import { ChromiumProcess } from '../../kit/chromium-process.ts';
import type { Environment } from '../../kit/environment.ts';
import { office, password, register } from '../../kit/office.ts';
import { bodyOf } from '../../kit/sip-log.ts';
import { until } from '../../kit/until.ts';

export const title =
  'JsSIP in Chromium registers over secure WebSocket, sends a text to a phone on UDP, gets one from it, and comes back after its connection was lost';

/** Runs in the page: a phone that keeps what happens to it. */
const startPhone = (uri: string, socket: string): string => `
  window.seen = { registered: 0, disconnected: 0, texts: [], sent: [] };
  window.phone = new JsSIP.UA({
    sockets: [new JsSIP.WebSocketInterface(${JSON.stringify(socket)})],
    uri: ${JSON.stringify(uri)},
    password: ${JSON.stringify(password)},
    register_expires: 600,
    connection_recovery_min_interval: 1,
  });
  phone.on('registered', () => { seen.registered += 1; });
  phone.on('registrationFailed', (told) => { seen.failed = String(told.cause); });
  phone.on('disconnected', () => { seen.disconnected += 1; });
  phone.on('newMessage', ({ originator, request }) => { if (originator === 'remote') seen.texts.push(request.body); });
  void phone.start();`;

const write = (uri: string, text: string): string => `
  void phone.sendMessage(${JSON.stringify(uri)}, ${JSON.stringify(text)}, {
    eventHandlers: {
      succeeded: ({ response }) => seen.sent.push(response.status_code),
      failed: ({ cause }) => seen.sent.push(String(cause)),
    },
  });`;

interface Seen {
  readonly registered: number;
  readonly disconnected: number;
  readonly failed?: string;
  readonly texts: readonly string[];
  readonly sent: readonly unknown[];
}

export async function run(env: Environment): Promise<void> {
  const address = env.serverAddress;
  const server = await env.startServer(office(env), { min_registration_subscription_time_sec: '60' });
  const { url, http } = await servePage(address, browserScript(fileURLToPath(import.meta.resolve('jssip')), 'JsSIP'));
  env.atEnd(async () => void http.close());
  const certificate = readFileSync(join(server.dataFolder, 'selfsigned-cert.pem'), 'utf8');
  const browser = new ChromiumProcess(join(env.folder, 'browser'), certificate);
  env.atEnd(() => browser.stop());
  await browser.open(url);
  const seen = async (): Promise<Seen> => (await browser.evaluate('seen')) as Seen;
  await browser.evaluate(startPhone(`sip:alice@${address}`, `wss://${address}:7443/`));
  await until('JsSIP is registered', 20_000, async () => {
    const { registered, failed } = await seen();
    if (failed !== undefined) throw new Error(`JsSIP is not registered: ${failed}`);
    return registered === 1;
  });
  const bound = async (): Promise<string[]> => {
    const { bindings } = await server.ask('bindings list', {});
    return bindings.map(({ user, transport }) => `${user} ${transport}`).sort();
  };
  assert.deepEqual(await bound(), ['alice wss']);

  await register(env, 'bob');
  const bob = await env.sipp('reads.xml', 'bob').ready();
  await browser.evaluate(write(`sip:bob@${address}`, 'grüße aus dem browser'));
  await bob.passed();
  const message = bob.onlyReceived('MESSAGE');
  assert.equal(bodyOf(message).trim(), 'grüße aus dem browser');
  assert.match(message, /^From: .*<sip:alice@/m);
  await until('JsSIP has its answer', 10_000, async () => (await seen()).sent.length === 1);
  assert.deepEqual((await seen()).sent, [200]);

  const toAlice = { user: 'bob', username: 'bob', password, number: 'alice', headers: '' };
  const writing = { authUri: `alice@${address}`, variables: toAlice };
  await env.sipp('writes.xml', 'bob', writing).passed();
  assert.deepEqual(
    (await seen()).texts.map((text) => text.trim()),
    ['see you at noon'],
  );

  // The connection is cut under the phone, as by a server that is started anew.
  await server.kill();
  await until('JsSIP misses the server', 20_000, async () => (await seen()).disconnected > 0);
  await server.start();
  await until('JsSIP is back', 40_000, async () => (await seen()).registered > 1);
  assert.ok((await bound()).includes('alice wss'));
}
