import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ScriptedPeer } from './scripted-peer.ts';
import { Stage, type StageOptions, trunkAt } from './stage.ts';

const url = 'https://lists.example/bad.txt';

/** A server with a list in effect, or waiting for a yes. */
async function withList(
  text: string,
  options: StageOptions = {},
  before: (stage: Stage) => Promise<void> = async () => {},
): Promise<Stage> {
  const stage = await Stage.open(options);
  await before(stage);
  stage.lists.sources.set(url, text);
  const added = stage.server.blockLists?.add({
    name: 'bad',
    source: url,
    format: 'plain',
    allowsHttp: false,
    by: 'root',
  });
  assert.ok(added?.ok);
  await added.value;
  return stage;
}

async function isServed(stage: Stage, peer: ScriptedPeer): Promise<boolean> {
  const before = peer.received.length;
  peer.send(peer.build('OPTIONS', 'sip:server.example', 'x'));
  await stage.run(20);
  return peer.received.length > before;
}

const carrier = { name: 'carrier', kind: 'sipserver', trunk: trunkAt('198.51.100.20') } as const;

test('a ban by hand names the phones, SIP servers and traffic senders that it would cut off', async () => {
  const sender = { name: 'bulk', kind: 'trafficsender', needAuth: 3, techPrefix: '12345678' } as const;
  const stage = await Stage.open({ accounts: [carrier, { ...sender, authIp: ['203.0.113.0/24'] }] });
  await stage.phone('alice', '198.51.100.7');
  await stage.phone('bob', '192.0.2.22');
  const [phone] = [...stage.server.registrar.bindings.all()].flat();
  const rows = [
    ['address', '198.51.100.7', ['alice'], []],
    ['address and port', `198.51.100.7:${phone?.sourcePort}`, ['alice'], []],
    ['address and port', '198.51.100.7:1', [], []],
    ['prefix', '198.51.100.0/24', ['alice'], ['carrier']],
    ['address', '198.51.100.20', [], ['carrier']],
    ['address', '203.0.113.200', [], ['bulk']],
    ['prefix', '203.0.0.0/16', [], ['bulk']],
    ['prefix', '192.0.2.16/28', ['bob'], []],
    ['user', 'alice', ['alice'], []],
    ['user agent', 'zoiper', [], []],
    ['address', '192.0.2.99', [], []],
  ] as const;
  for (const [scope, subject, bindings, peers] of rows) {
    assert.deepEqual(stage.server.cutOffBy({ scope, subject }), { bindings, calls: [], peers }, `${scope} ${subject}`);
  }
});

describe('a block list', () => {
  test('stops who is on it in silence, and nobody else [blacklist.dynamic-ip-block-list]', async () => {
    const stage = await withList('198.51.100.0/28\n2001:db8:66::/48');
    const rows: readonly (readonly [address: string, served: boolean])[] = [
      ['198.51.100.1', false],
      ['198.51.100.15', false],
      ['198.51.100.16', true],
    ];
    for (const [address, served] of rows)
      assert.equal(await isServed(stage, await stage.peer(address)), served, address);
    assert.equal(stage.server.guard.lost['block list'], 2);
  });

  test('an allowed address, a trusted one and a SIP server are served although they are on it', async () => {
    const stage = await withList('198.51.100.0/24', {
      accounts: [carrier],
      settings: { trusted_addresses: ['198.51.100.30'] },
    });
    assert.equal(stage.server.blockLists?.states()[0]?.record.heldWhy, '');
    const said = {
      rule: 'manual',
      reason: '',
      evidence: 'an operator',
      count: 1,
      by: 'root',
      atMs: 0,
      untilMs: undefined,
    };
    stage.server.guard.put({
      key: 'address 198.51.100.40',
      action: 'allow',
      scope: 'address',
      subject: '198.51.100.40',
      ...said,
    });
    for (const [address, served] of [
      ['198.51.100.20', true],
      ['198.51.100.30', true],
      ['198.51.100.40', true],
      ['198.51.100.50', false],
    ] as const) {
      assert.equal(await isServed(stage, await stage.peer(address)), served, address);
    }
  });

  test('that names a registered phone waits, and cuts it off only after the yes of the operator', async () => {
    const alice: ScriptedPeer[] = [];
    const stage = await withList('198.51.100.0/24', {}, async (opened) => {
      alice.push(await opened.phone('alice', '198.51.100.7'));
    });
    const lists = stage.server.blockLists;
    const [phone] = alice;
    assert.ok(lists !== undefined && phone !== undefined);
    assert.equal(lists.states()[0]?.record.heldWhy, 'it would cut off 1 phones');
    assert.equal(await isServed(stage, phone), true);
    assert.deepEqual((await lists.preview('bad'))?.cutOff.bindings, ['alice']);
    await lists.accept('bad', 'root');
    assert.equal(await isServed(stage, phone), false);
  });

  test('names SIP servers and traffic senders that it would cut off where nothing trusts them', async () => {
    const sender = {
      name: 'bulk',
      kind: 'trafficsender',
      needAuth: 3,
      techPrefix: '12345678',
      authIp: ['198.51.100.0/30'],
    } as const;
    const stage = await withList('198.51.100.2\n198.51.100.20', {
      accounts: [carrier, sender],
      settings: { allowtrustedip: 0 },
    });
    const preview = await stage.server.blockLists?.preview('bad');
    assert.deepEqual(preview?.cutOff.peers, ['carrier', 'bulk']);
  });

  for (const [ends, left] of [
    [false, 1],
    [true, 0],
  ] as const) {
    test(`calls of who is on it are ${ends ? 'ended' : 'kept'} when it comes into effect, by setting [own.end-calls-of-banned]`, async () => {
      const stage = await withList('198.51.100.0/24', { settings: { end_calls_of_banned: ends } }, async (opened) => {
        const caller = await opened.phone('alice', '198.51.100.7');
        const bob = await opened.phone('bob', '192.0.2.22');
        await opened.invite(caller, 'alice', 'sip:bob@server.example');
        bob.respond(bob.request('INVITE'), 180);
        await opened.run(20);
      });
      assert.match(stage.server.blockLists?.states()[0]?.record.heldWhy ?? '', /1 phones, 1 calls/);
      await stage.server.blockLists?.accept('bad', 'root');
      await stage.run(20);
      assert.equal(stage.server.calls.count, left);
    });
  }

  for (const [mode, served, report] of [
    ['enforce', false, []],
    ['observe', true, ['report 198.51.100.1 block_lists']],
    ['off', true, []],
  ] as const) {
    test(`in mode ${mode} it ${served ? 'stops nobody' : 'stops'} and lists ${report.length} reports [own.mode.block_lists]`, async () => {
      const stage = await withList('198.51.100.0/28', { settings: { 'mode.block_lists': mode } });
      const peer = await stage.peer('198.51.100.1');
      assert.equal(await isServed(stage, peer), served);
      assert.equal(await isServed(stage, peer), served);
      const bans = [...stage.server.guard.bans.all()].map(
        ({ action, subject, rule }) => `${action} ${subject} ${rule}`,
      );
      assert.deepEqual(bans, report);
    });
  }
});
