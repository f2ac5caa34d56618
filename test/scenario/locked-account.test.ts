import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prepaid } from '../../src/accounts/money.ts';
import { sdp } from './scripted-peer.ts';
import { Stage } from './stage.ts';

test('an account that a chargeback locked is refused with 403, and the decision names the chargeback', async () => {
  const stage = await Stage.open({
    accounts: [{ name: 'mallory', money: { ...prepaid, lockedBy: 'cb-17' } }],
  });
  const mallory = await stage.phone('mallory', '192.0.2.21');
  await stage.phone('bob', '192.0.2.22');
  await stage.invite(mallory, 'mallory', 'sip:bob@server.example');
  mallory.response('INVITE', 403);
  const [decision] = stage.decisions;
  assert.deepEqual([decision?.rule, decision?.outcome, decision?.measured], ['locked', 'refused', 'cb-17']);
});

test('a reseller that is disabled or locked ends the calls of everybody below it, and refuses new ones by name', async () => {
  for (const [fields, rule, measured] of [
    [{ enabled: false }, 'enabled', 'upper'],
    [{ money: { ...prepaid, lockedBy: 'cb-18' } }, 'locked', 'cb-18'],
  ] as const) {
    const stage = await Stage.open({
      accounts: [
        { id: 10, name: 'upper', kind: 'reseller' },
        { id: 11, name: 'lower', kind: 'reseller', resellerId: 10 },
        { id: 12, name: 'carol', resellerId: 11 },
      ],
    });
    const carol = await stage.phone('carol', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    const invite = await stage.invite(carol, 'carol', 'sip:bob@server.example');
    bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22') });
    await stage.run(20);
    carol.ack(invite, carol.response('INVITE', 200));
    stage.change('upper', fields);
    await stage.run(100);
    assert.deepEqual([bob.requests('BYE').length, carol.requests('BYE').length], [1, 1]);
    await stage.invite(carol, 'carol', 'sip:bob@server.example');
    const [decision] = stage.decisions;
    assert.deepEqual([decision?.rule, decision?.sipStatus, decision?.measured], [rule, 403, measured]);
  }
});
