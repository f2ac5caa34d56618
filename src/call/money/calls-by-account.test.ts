import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallsByAccount } from './calls-by-account.ts';

test('calls are found by each account that their money concerns, until they are removed', () => {
  const calls = new CallsByAccount();
  for (const [callId, accountId] of [
    ['one', 1],
    ['one', 9],
    ['one', 9],
    ['two', 2],
    ['two', 9],
  ] as const) {
    calls.add(callId, accountId);
  }
  const found = (accountId: number): readonly string[] => [...calls.of(accountId)];
  assert.deepEqual([found(1), found(2), found(9), found(7)], [['one'], ['two'], ['one', 'two'], []]);
  calls.remove('one');
  calls.remove('one');
  assert.deepEqual([found(1), found(2), found(9)], [[], ['two'], ['two']]);
});
