import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { blankDialRule } from '../../accounts/blank-dial-rule.ts';
import type { DialRule, RouteTarget } from '../../accounts/model.ts';
import { compileRules, orderTargets, selectRule } from './select-rule.ts';

const monday = Date.parse('2026-11-23T10:00:00Z');
const at = { dialPlan: '', nowMs: monday, timeZone: 'UTC' };

function rule(fields: Partial<DialRule>): DialRule {
  return { ...blankDialRule(1, 'International'), pattern: '19XXX', ...fields };
}

function sent(rules: readonly DialRule[], digits: string): string | undefined {
  const choice = selectRule(compileRules(rules), digits, at);
  return choice.kind === 'rule' ? choice.sentNumber : undefined;
}

describe('choice of a dial rule', () => {
  test('pattern 19XXX with delete 2 sends 123 for 19123 [fraud.secret-prefix-for-international-calls] ZY-DIAL-1', () => {
    assert.equal(sent([rule({ deleteDigits: 2 })], '19123'), '123');
  });

  test('123 alone matches no rule, so the secret digits are needed [fraud.secret-prefix-for-international-calls]', () => {
    assert.equal(sent([rule({ deleteDigits: 2 })], '123'), undefined);
  });

  test('digits are stripped first and added then: 19123 becomes 00123 [fraud.auto-add-digit] ZY-DIAL-3', () => {
    assert.equal(sent([rule({ deleteDigits: 2, addDigits: '00' })], '19123'), '00123');
  });

  test('a rule that would strip the whole number does not apply [fraud.delete-n-digits-prefix-from-the-front]', () => {
    assert.equal(sent([rule({ pattern: 'XX', deleteDigits: 2 })], '19'), undefined);
    assert.equal(sent([rule({ pattern: 'XX', deleteDigits: 3, addDigits: '0' })], '19'), undefined);
  });

  test('a secret prefix is demanded and stripped before the pattern is held against the rest', () => {
    const secret = [rule({ secretPrefix: '77', pattern: '00.', deleteDigits: 2 })];
    assert.equal(sent(secret, '770043123'), '43123');
    assert.equal(sent(secret, '0043123'), undefined);
  });

  test('a rule of another dial plan is not used [misc.extension-form-other-fields]', () => {
    assert.equal(sent([rule({ dialPlan: 'international' })], '19123'), undefined);
  });

  test('outside its times a rule is named as the reason [fraud.time-rule]', () => {
    const choice = selectRule(compileRules([rule({ timeRule: 'Tue 08:00-18:00' })]), '19123', at);
    assert.deepEqual(choice, { kind: 'none', outsideTimes: 'International' });
  });

  test('the most specific of two matching rules wins, whatever their order', () => {
    const open = rule({ name: 'open', pattern: 'X.', addDigits: '1' });
    const exact = rule({ name: 'exact', pattern: '19XXX', addDigits: '2' });
    assert.equal(sent([open, exact], '19123'), '219123');
    assert.equal(sent([exact, open], '19123'), '219123');
  });
});

describe('order of SIP servers', () => {
  const routes: readonly RouteTarget[] = [
    { sipServerId: 3, priority: 2, weight: 1 },
    { sipServerId: 1, priority: 1, weight: 1 },
    { sipServerId: 2, priority: 1, weight: 3 },
  ];

  test('lower priorities come first and every server is tried once [fraud.place-this-call-through]', () => {
    const order = orderTargets(routes, seededRandom(1)).map(({ sipServerId }) => sipServerId);
    assert.equal(order[2], 3);
    assert.deepEqual(
      order.toSorted((one, other) => one - other),
      [1, 2, 3],
    );
  });

  test('among equals the share of first tries follows the weights', () => {
    const random = seededRandom(7);
    let heavyFirst = 0;
    for (let round = 0; round < 4000; round++) {
      if (orderTargets(routes, random)[0]?.sipServerId === 2) heavyFirst++;
    }
    assert.ok(heavyFirst > 2800 && heavyFirst < 3200, `${heavyFirst} of 4000`);
  });
});
