import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseTimeRule } from './time-rule.ts';

const office = 'Mon-Fri 08:00-18:00';

const rows: readonly { rule: string; at: string; zone: string; allowed: boolean }[] = [
  { rule: office, at: '2026-11-23T08:00:00Z', zone: 'UTC', allowed: true },
  { rule: office, at: '2026-11-23T07:59:59Z', zone: 'UTC', allowed: false },
  { rule: office, at: '2026-11-23T18:00:00Z', zone: 'UTC', allowed: true },
  { rule: office, at: '2026-11-23T18:00:01Z', zone: 'UTC', allowed: false },
  { rule: office, at: '2026-11-22T12:00:00Z', zone: 'UTC', allowed: false },
  { rule: office, at: '2026-11-23T07:30:00Z', zone: 'Europe/Vienna', allowed: true },
  { rule: 'Fri-Mon 00:00-24:00', at: '2026-11-22T23:59:59Z', zone: 'UTC', allowed: true },
  { rule: 'Fri-Mon 00:00-24:00', at: '2026-11-25T12:00:00Z', zone: 'UTC', allowed: false },
  { rule: `${office}; Sat 09:00-12:00`, at: '2026-11-21T09:30:00Z', zone: 'UTC', allowed: true },
  { rule: '', at: '2026-11-22T03:00:00Z', zone: 'UTC', allowed: true },
];

describe('time rules', () => {
  for (const { rule, at, zone, allowed } of rows) {
    test(`'${rule}' ${allowed ? 'admits' : 'refuses'} a call at ${at} in ${zone} [fraud.time-rule]`, () => {
      const parsed = parseTimeRule(rule);
      assert.ok(parsed.ok);
      assert.equal(parsed.value.allows(Date.parse(at), zone), allowed);
    });
  }

  test('a time rule that cannot be read is refused with the part that is wrong', () => {
    for (const text of ['Mon', 'Mon-Fry 08:00-18:00', 'Mon 18:00-08:00', 'Mon 08:60-09:00', 'Mon 8-18']) {
      assert.equal(parseTimeRule(text).ok, false, text);
    }
  });
});
