import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prepaid } from '../../src/accounts/money.ts';
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
