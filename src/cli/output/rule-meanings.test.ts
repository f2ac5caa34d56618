import assert from 'node:assert/strict';
import { test } from 'node:test';
import { profileValues } from '../../settings/index.ts';
import { ruleMeaning } from './rule-meanings.ts';

const moneyRules = [
  ...['credit', 'maxdailycredit', 'maxdailycreditforenduser', 'maxdailycreditforts', 'maxmonthlycredit'],
  ...['checkmaxdyndailycredit', 'maxcostperip', 'maxnegativemargin', 'ceiling', 'ledger', 'blocknotbilledcalls'],
  ...['blocknotprofitablecalls', 'blockhighcostcalls', 'blocksatellitecalls', 'blockpremiumnumbers', 'international'],
];

test('every rule about money has a meaning, and a remedy whose settings there are', () => {
  for (const rule of moneyRules) {
    const { meaning, remedy } = ruleMeaning(rule) ?? { meaning: '', remedy: '' };
    assert.ok(meaning.length > 10 && remedy.length > 10, rule);
    for (const [, name] of remedy.matchAll(/settings set (\w+)/g))
      assert.ok(String(name) in profileValues('default'), `${rule}: ${name}`);
  }
  assert.equal(ruleMeaning('toString'), undefined);
});
