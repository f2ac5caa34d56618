import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint } from '../../../src/base/net/endpoint.ts';
import { seededRandom } from '../../kit/seeded-random.ts';
import { sdp } from '../scripted-peer.ts';
import { serverEndpoint, Stage, trunkAt } from '../stage.ts';
import { assertNoAddressBanned, listed, minuteMs, phoneAt, users } from './neighbourhood.ts';

const random = seededRandom(17);

/** What an attacker writes in somebody's name; nothing in it is ours. */
function forged(kind: number, user: string): Buffer {
  const id = random.hex(8);
  const head = (method: string): string =>
    [
      `${method} sip:${user}@server.example SIP/2.0`,
      `Via: SIP/2.0/UDP 10.0.0.1;rport;branch=z9hG4bK${id}`,
      'Max-Forwards: 70',
      `From: <sip:${user}@server.example>;tag=${id}`,
      `To: <sip:${user}@server.example>`,
      `Call-ID: ${id}`,
      `CSeq: 1 ${method}`,
      'Contact: <sip:x@10.0.0.1>',
      `Authorization: Digest username="${user}", realm="server.example", nonce="${id}${id}", uri="sip:x", response="${id}${id}${id}${id}"`,
      'Content-Length: 0',
    ].join('\r\n');
  if (kind === 2) return Buffer.from(`${id} no SIP at all\r\n\r\n`);
  return Buffer.from(`${head(kind === 0 ? 'REGISTER' : 'INVITE')}\r\n\r\n`);
}

async function senderAt(stage: Stage, source: Endpoint): Promise<(octets: Buffer) => void> {
  const socket = await stage.network.bindUdp(source, () => {});
  return (octets) => socket.send(octets, serverEndpoint);
}

/** Sends so many packets a second in the names of these sources, a thousandth of them each millisecond. */
function flood(
  stage: Stage,
  senders: readonly ((octets: Buffer) => void)[],
  packetsPerS: number,
  durationMs: number,
): void {
  let sent = 0;
  const each = packetsPerS / 1000;
  for (let ms = 0; ms < durationMs; ms++) {
    stage.clock.after(ms, () => {
      for (let packet = 0; packet < each; packet++) {
        senders[sent % senders.length]?.(forged(sent % 3, 'user0'));
        sent++;
      }
    });
  }
}

test('a flood of 4,000 packets/s in the name of a trunk, from its own port and a thousand others: its calls and its answers go on, and it is only reported', async () => {
  const trunk = '203.0.113.50';
  const stage = await Stage.open({
    // A tenth of the default, so that a tenth of a flood is enough.
    settings: { proven_rate_per_source: 40 },
    accounts: [{ name: 'carrier', kind: 'sipserver', authIp: [trunk], trunk: trunkAt(trunk) }],
    dialRules: [{ pattern: 'X.', routes: [{ sipServerId: 3, priority: 1, weight: 1 }] }],
  });
  const carrier = await stage.peer(trunk);
  const alice = await stage.phone('alice', '192.0.2.21');
  const others = await Promise.all(
    Array.from({ length: 1000 }, (_, index) => senderAt(stage, { address: trunk, port: 20_000 + index })),
  );
  const own = (octets: Buffer): void => carrier.sendOctets(octets.toString('latin1'));
  const senders = others.flatMap((other) => [own, other]);
  flood(stage, senders, 4000, 8000);
  stage.clock.advance(1000);
  for (let call = 0; call < 3; call++) {
    const invite = await stage.invite(alice, 'alice', 'sip:0043123456@server.example', sdp('192.0.2.21'));
    await stage.run(200);
    const outbound = carrier.request('INVITE');
    carrier.respond(outbound, 200, { body: sdp(trunk), tag: `t${call}` });
    await stage.run(200);
    alice.ack(invite, alice.response('INVITE', 200));
    await stage.run(1000);
    carrier.send(carrier.inDialogAsCallee('BYE', outbound, undefined, `t${call}`));
    await stage.run(500);
    assert.equal(carrier.statuses('BYE').at(-1), 200, `call ${call} ended by the carrier`);
  }
  assertNoAddressBanned(stage);
  assert.ok(
    listed(stage).every((line) => line.startsWith('report ')),
    listed(stage).join('\n'),
  );
});

test('50 known phones in whose names 20,000 packets/s are forged: 99 of 100 of what they prove is served', async () => {
  const stage = await Stage.open({ accounts: users(50) });
  const all = users(50).map(({ name: user = '' }, index) =>
    phoneAt(stage, { address: `198.51.100.${index + 1}`, port: 5060 }, { user, refreshMs: 2000 }),
  );
  for (const phone of all) await phone.start();
  stage.clock.advance(1000);
  const senders = await Promise.all(
    all.map((_, index) => senderAt(stage, { address: `198.51.100.${index + 1}`, port: 5061 })),
  );
  const before = all.reduce((sum, { counts }) => sum + counts.served, 0);
  let packets = 0;
  stage.network.onSent = ({ to, octets }) => {
    if (to.port === serverEndpoint.port && octets.includes('Phone')) packets++;
  };
  flood(stage, senders, 20_000, 4000);
  stage.clock.advance(4000);
  const served = all.reduce((sum, { counts }) => sum + counts.served, 0) - before;
  assert.ok(served >= 50, `${served} registrations`);
  // Each carries a nonce that is still good, so each packet is proven: what was sent again was lost.
  assert.ok(packets <= served * 1.01 + 50, `${packets} packets for ${served} registrations`);
  assert.ok(all.every(({ counts }) => counts.refused + counts.unanswered === 0));
  assertNoAddressBanned(stage);
  assert.ok(stage.server.guard.lost.known > 20_000, 'what was forged was lost');
  stage.clock.advance(minuteMs);
});
