import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ScriptedPeer } from './scripted-peer.ts';
import { Stage, type StageOptions, trunkAt } from './stage.ts';

const pinged: StageOptions = {
  settings: { options_ping_interval: 10 },
  accounts: [
    { name: 'first', kind: 'sipserver', trunk: trunkAt('192.0.2.50') },
    { name: 'second', kind: 'sipserver', trunk: { ...trunkAt('192.0.2.51'), pingS: 0 } },
  ],
  dialRules: [
    {
      pattern: '00.',
      routes: [
        { sipServerId: 3, priority: 1, weight: 1 },
        { sipServerId: 4, priority: 2, weight: 1 },
      ],
    },
  ],
};

/** Lets the ping interval pass and answers what came, until so many pings have been asked. */
async function pings(stage: Stage, peer: ScriptedPeer, count: number, status: number | 'silent'): Promise<void> {
  for (let asked = 0; asked < count; asked++) {
    const before = new Set(peer.requests('OPTIONS').map(({ callId }) => callId));
    for (let second = 0; second < 12; second++) {
      await stage.run(1000);
      const fresh = peer.requests('OPTIONS').find(({ callId }) => !before.has(callId));
      if (fresh === undefined) continue;
      if (status !== 'silent') peer.respond(fresh, status);
      break;
    }
  }
  await stage.run(5100);
}

function stateOf(stage: Stage): string {
  return stage.server.sipServers.pings
    .health()
    .map(({ account, state }) => `${account.name} ${state}`)
    .join();
}

describe('OPTIONS to SIP servers', () => {
  test('are sent to those that the setting or their own field names, and to no other', async () => {
    const stage = await Stage.open(pinged);
    const first = await stage.peer('192.0.2.50');
    const second = await stage.peer('192.0.2.51');
    await pings(stage, first, 2, 200);
    const { uri, headers, maxForwards } = first.request('OPTIONS');
    assert.deepEqual([uri, headers.get('cseq'), maxForwards], ['sip:192.0.2.50:5060', '1 OPTIONS', 70]);
    assert.equal(second.received.length, 0);
    assert.equal(stateOf(stage), 'first up');
  });

  for (const status of [404, 405, 401, 483, 500]) {
    test(`a ${status} is a sign of life`, async () => {
      const stage = await Stage.open(pinged);
      await pings(stage, await stage.peer('192.0.2.50'), 1, status);
      assert.equal(stateOf(stage), 'first up');
    });
  }

  for (const answer of [503, 'silent'] as const) {
    test(`three in a row with ${answer} take a SIP server down, and two with an answer bring it up again`, async () => {
      const stage = await Stage.open(pinged);
      const first = await stage.peer('192.0.2.50');
      await pings(stage, first, 1, 200);
      await pings(stage, first, 2, answer);
      assert.equal(stateOf(stage), 'first up');
      await pings(stage, first, 1, answer);
      assert.equal(stateOf(stage), 'first down');
      await pings(stage, first, 1, 200);
      assert.equal(stateOf(stage), 'first down');
      await pings(stage, first, 1, 200);
      assert.equal(stateOf(stage), 'first up');
      assert.deepEqual(stage.server.sipServers.pings.counts, { up: 2, down: 1 });
    });
  }

  test('one that comes and goes keeps its state', async () => {
    const stage = await Stage.open(pinged);
    const first = await stage.peer('192.0.2.50');
    await pings(stage, first, 1, 200);
    for (let round = 0; round < 4; round++) {
      await pings(stage, first, 2, 503);
      await pings(stage, first, 1, 200);
      assert.equal(stateOf(stage), 'first up');
    }
  });

  test('a SIP server that is down is called last', async () => {
    const stage = await Stage.open(pinged);
    const first = await stage.peer('192.0.2.50');
    const second = await stage.peer('192.0.2.51');
    const alice = await stage.phone('alice', '192.0.2.21');
    await pings(stage, first, 3, 503);
    assert.equal(stateOf(stage), 'first down');
    await stage.invite(alice, 'alice', 'sip:0043123@server.example');
    assert.equal(first.requests('INVITE').length, 0);
    second.respond(second.request('INVITE'), 503);
    await stage.run(20);
    assert.match(first.request('INVITE').uri, /0043123/);
  });

  test('a SIP server with two places is down when both are, and calls go to the one that is up', async () => {
    const trunk = { ...trunkAt('carrier.test'), port: 0, transport: 'udp' as const };
    const accounts = [{ name: 'first', kind: 'sipserver' as const, trunk }];
    const stage = await Stage.open(
      { ...pinged, accounts, dialRules: [{ pattern: '00.', routes: [{ sipServerId: 3, priority: 1, weight: 1 }] }] },
      [],
      (dns) => {
        dns
          .srv('_sip._udp.carrier.test', '1 1 5060 one.carrier.test', '2 1 5060 two.carrier.test')
          .a('one.carrier.test', '192.0.2.61')
          .a('two.carrier.test', '192.0.2.62');
      },
    );
    const one = await stage.peer('192.0.2.61');
    const two = await stage.peer('192.0.2.62');
    const alice = await stage.phone('alice', '192.0.2.21');
    await stage.run(2000);
    for (let round = 0; round < 4; round++) {
      two.respond(two.request('OPTIONS'), 200);
      await stage.run(10_000);
    }
    assert.equal(stateOf(stage), 'first up');
    await stage.invite(alice, 'alice', 'sip:0043123@server.example');
    assert.equal(one.requests('INVITE').length, 0);
    assert.match(two.request('INVITE').uri, /0043123/);
    await stage.run(60_000);
    assert.equal(stateOf(stage), 'first down');
  });

  test('a SIP server that is removed is pinged no more, and a stopped server leaves no timer', async () => {
    const stage = await Stage.open(pinged);
    const first = await stage.peer('192.0.2.50');
    await pings(stage, first, 1, 200);
    stage.server.directory.apply({ kind: 'account remove', accountId: 3 });
    stage.server.accountChanged(3);
    first.received.length = 0;
    await stage.run(60_000);
    assert.equal(first.received.length, 0);
    stage.server.close();
    assert.equal(stage.clock.pendingCount, 0);
  });

  test('a change of the setting holds at once', async () => {
    const stage = await Stage.open({ ...pinged, settings: {} });
    const first = await stage.peer('192.0.2.50');
    await stage.run(60_000);
    assert.equal(first.received.length, 0);
    stage.settings = { ...stage.settings, options_ping_interval: 10 };
    stage.server.settingsChanged();
    await pings(stage, first, 1, 200);
    assert.equal(stateOf(stage), 'first up');
  });
});
