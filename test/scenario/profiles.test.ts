import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { profileValues } from '../../src/settings/index.ts';
import { marketOf, movement, packetOf, priceRow } from '../kit/money.ts';
import { sdp } from './scripted-peer.ts';
import { serverEndpoint, Stage, trunkAt } from './stage.ts';

const listen = [serverEndpoint.address];

describe('with the profile hardened', () => {
  const settings = { ...profileValues('hardened'), listen, home_country: '43' };

  test('two users who have registered talk and hang up as ever [misc.hardened]', async () => {
    const stage = await Stage.open({ settings });
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    const invite = await stage.invite(alice, 'alice', 'sip:bob@server.example');
    bob.respond(bob.request('INVITE'), 180);
    await stage.run(2000);
    bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22') });
    await stage.run(50);
    const answer = alice.response('INVITE', 200);
    alice.ack(invite, answer);
    await stage.run(5000);
    alice.send(alice.inDialog('BYE', invite, answer));
    await stage.run(50);
    bob.respond(bob.request('BYE'), 200);
    await stage.run(50);
    assert.deepEqual([stage.store.cdrs[0]?.cause, stage.decisions.length], ['answered', 0]);
  });

  test('a user with a price calls the country that is allowed, and no other [misc.hardened]', async () => {
    const market = marketOf({ 1: priceRow(60_000n, { prefix: '43' }), 3: priceRow(20_000n) });
    const packets = market.packets.map((packet) => ({ ...packet, prefixes: ['43'] }));
    const stage = await Stage.open({
      settings: { ...settings, allowed_directions: ['43'] },
      accounts: [{ name: 'carrier', kind: 'sipserver', trunk: trunkAt('192.0.2.50'), packetIds: [packetOf(3)] }],
      dialRules: [{ pattern: '00.', routes: [{ sipServerId: 3, priority: 1, weight: 1 }] }],
      ...{ ...market, packets, postings: [movement(1, 1_000_000_000n)] },
    });
    stage.change('alice', { packetIds: [packetOf(1)] });
    const carrier = await stage.peer('192.0.2.50');
    const alice = await stage.phone('alice', '192.0.2.21');
    await stage.invite(alice, 'alice', 'sip:00431234567@server.example');
    assert.equal(carrier.requests('INVITE').length, 1, JSON.stringify(stage.decisions));
    const again = await stage.invite(alice, 'alice', 'sip:00493012345678@server.example');
    assert.equal(alice.response('INVITE', 403).callId, again.callId);
    assert.equal(carrier.requests('INVITE').length, 1);
  });
});

test('with the profile stress_test one address may call a thousand times a second, which is stopped without it [misc.stress-test]', async () => {
  const challenged = { stress_test: 0, default: 0 };
  for (const profile of ['stress_test', 'default'] as const) {
    const stage = await Stage.open({ settings: { ...profileValues(profile), listen } });
    const alice = await stage.phone('alice', '192.0.2.21');
    for (let tenth = 0; tenth < 10; tenth++) {
      for (let call = 0; call < 100; call++) {
        alice.send(alice.build('INVITE', 'sip:bob@server.example', 'alice', { body: sdp('192.0.2.21') }));
      }
      await stage.run(100);
    }
    challenged[profile] = alice.statuses('INVITE').filter((status) => status === 407).length;
    if (profile === 'stress_test') assert.equal(stage.bans.size, 0);
  }
  assert.equal(challenged.stress_test, 1000);
  assert.ok(challenged.default < 1000, `${challenged.default}`);
});
