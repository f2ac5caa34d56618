import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '../../test/kit/simulated-clock.ts';
import { AccountDirectory } from './directory.ts';
import { credentialFor } from './ha1.ts';
import { blankAccount } from './blank-account.ts';
import { WeakPasswordWatch } from './weak-password-watch.ts';

const realm = 'test.example';

function watched(
  passwords: Readonly<Record<string, string>>,
  isOn: () => boolean,
): { clock: SimulatedClock; replaced: string[] } {
  const accounts = Object.keys(passwords).map((name, index) => blankAccount(index + 1, name, 'enduser'));
  const credentials = accounts.map((each) => credentialFor(each, realm, passwords[each.name] ?? ''));
  const directory = new AccountDirectory({ accounts, credentials, numbers: [], dialRules: [], nextId: 99 });
  const clock = new SimulatedClock();
  const replaced: string[] = [];
  new WeakPasswordWatch(clock, directory, isOn, ({ name }) => replaced.push(name)).start();
  return { clock, replaced };
}

test('an account with the password 1234 is found within a day and a strong one is never touched [auth.enforcestrongauth]', () => {
  const { clock, replaced } = watched({ weak: '1234', self: 'self', strong: 'hT7w_Qm29xLz' }, () => true);
  clock.advance(24 * 3600 * 1000);
  assert.deepEqual(replaced, ['weak', 'self', 'weak', 'self'].slice(0, replaced.length));
  assert.ok(replaced.length >= 2);
});

test('with enforcestrongauth off nothing is looked at', () => {
  const { clock, replaced } = watched({ weak: '1234' }, () => false);
  clock.advance(25 * 3600 * 1000);
  assert.deepEqual(replaced, []);
});
