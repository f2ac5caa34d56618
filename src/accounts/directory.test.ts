import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blankAccount } from './blank-account.ts';
import { blankDialRule } from './blank-dial-rule.ts';
import { blankTrunk } from './blank-trunk.ts';
import { AccountDirectory } from './directory.ts';
import type { Account } from './model.ts';

const base = blankAccount(1, '201', 'enduser');

function directoryOf(accounts: readonly Partial<Account>[]): AccountDirectory {
  const full = accounts.map((account, at) => ({ ...base, id: at + 1, name: `a${at + 1}`, ...account }));
  return new AccountDirectory({ accounts: full, credentials: [], numbers: [], dialRules: [], nextId: 1 });
}

function sender(needAuth: Account['needAuth'], authIp: readonly string[], techPrefix = ''): Partial<Account> {
  return { kind: 'trafficsender', needAuth, authIp, techPrefix };
}

test('a digest user name matches exactly, uniqueness does not look at case', () => {
  const directory = directoryOf([{ name: 'Alice' }]);
  assert.equal(directory.accountByName('alice'), undefined);
  assert.equal(directory.accountByNameIgnoringCase('alice')?.name, 'Alice');
});

test('[auth.needauth] each mode of a traffic sender matches what it names', () => {
  const directory = directoryOf([
    sender(3, ['192.0.2.1/32'], '11112222'),
    sender(3, ['192.0.2.1/32'], '1111222233'),
    sender(1, ['192.0.2.2/32']),
    sender(2, [], '99998888'),
    sender(6, ['192.0.2.3:5070']),
    sender(9, ['198.51.100.0/24']),
    sender(1, ['2001:db8::7/128']),
  ]);
  const rows: readonly (readonly [string, string, number | undefined, string])[] = [
    ['192.0.2.1', '1111222243123', undefined, '1/8'],
    ['192.0.2.1', '111122223343123', undefined, '2/10'],
    ['192.0.2.1', '43123', undefined, '-'],
    ['::ffff:192.0.2.1', '1111222243123', undefined, '1/8'],
    ['192.0.2.2', '43123', undefined, '3/0'],
    ['203.0.113.9', '9999888843123', undefined, '4/8'],
    ['192.0.2.3', '43123', 5070, '5/0'],
    ['192.0.2.3', '43123', 5060, '-'],
    ['192.0.2.3', '43123', undefined, '-'],
    ['198.51.100.200', '43123', undefined, '6/0'],
    ['2001:DB8:0::7', '43123', undefined, '7/0'],
    ['203.0.113.9', '43123', undefined, '-'],
  ];
  for (const [address, dialled, port, wanted] of rows) {
    const match = directory.matchTrafficSender(address, dialled, port);
    assert.equal(match === undefined ? '-' : `${match.account.id}/${match.strip}`, wanted, `${address} ${dialled}`);
  }
});

test('SIP servers are known by numeric host, further addresses and ranges, never by host name', () => {
  const trunk = { ...blankTrunk, host: '203.0.113.5', addresses: ['203.0.113.64/28'] };
  const directory = directoryOf([
    { kind: 'sipserver', trunk },
    { kind: 'sipserver', trunk: { ...trunk, host: 'sip.example.com', addresses: [] } },
  ]);
  const names = (address: string): string[] => directory.sipServersAt(address).map((account) => account.name);
  assert.deepEqual(names('203.0.113.5'), ['a1']);
  assert.deepEqual(names('203.0.113.70'), ['a1']);
  assert.deepEqual(names('203.0.113.6'), []);
  assert.deepEqual(names('sip.example.com'), []);
  assert.equal(directory.sipServers().length, 2);
});

test('a changed account is no longer found by what it had before', () => {
  const directory = directoryOf([sender(1, ['192.0.2.1/32', '10.0.0.0/16'])]);
  const account = directory.accountById(1);
  assert.ok(account);
  const origin = { by: 't', atMs: 0 };
  directory.apply({ kind: 'account put', account: { ...account, authIp: ['192.0.2.9/32'] }, fields: [], origin });
  assert.equal(directory.matchTrafficSender('192.0.2.1', '1'), undefined);
  assert.equal(directory.matchTrafficSender('10.0.3.1', '1'), undefined);
  assert.equal(directory.matchTrafficSender('192.0.2.9', '1')?.account.id, 1);
  directory.apply({ kind: 'account remove', accountId: 1 });
  assert.equal(directory.matchTrafficSender('192.0.2.9', '1'), undefined);
  assert.equal(directory.nextId, 2, 'ids are not used again');
});

test('an account that is removed takes its numbers with it', () => {
  const directory = directoryOf([{}]);
  directory.apply({ kind: 'number put', ownership: { number: '43123', accountId: 1 } });
  assert.equal(directory.numberOwner('43123')?.id, 1);
  directory.apply({ kind: 'account remove', accountId: 1 });
  assert.equal(directory.numberOwner('43123'), undefined);
});

test('dial rules belong to one plan, in the order in which they were made', () => {
  const rule = { ...blankDialRule(7, 'seven'), pattern: 'X.', dialPlan: 'inland' };
  const directory = directoryOf([]);
  directory.apply({ kind: 'dial rule put', rule });
  directory.apply({ kind: 'dial rule put', rule: { ...rule, id: 5, name: 'five' } });
  directory.apply({ kind: 'dial rule put', rule: { ...rule, id: 6, name: 'common', dialPlan: '' } });
  const names = (plan: string): string[] => directory.dialRules(plan).map((one) => one.name);
  assert.deepEqual(names('inland'), ['five', 'seven']);
  directory.apply({ kind: 'dial rule put', rule: { ...rule, dialPlan: '' } });
  assert.deepEqual([names('inland'), names('')], [['five'], ['common', 'seven']]);
  directory.apply({ kind: 'dial rule remove', ruleId: 5 });
  assert.deepEqual(names('inland'), []);
});

test('a look-up by address among 20,000 traffic senders takes microseconds', () => {
  const many = Array.from({ length: 20_000 }, (_, at) => sender(1, [`10.${at >> 8}.${at & 255}.1/32`]));
  const directory = directoryOf(many);
  const start = performance.now();
  for (let at = 0; at < 1000; at++) assert.ok(directory.matchTrafficSender(`10.3.${at & 255}.1`, '43123'));
  assert.ok(performance.now() - start < 200);
});
