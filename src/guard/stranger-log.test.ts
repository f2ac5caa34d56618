import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '../../test/kit/simulated-clock.ts';
import { type Log, type LogFields, silentLog } from '../base/log/log.ts';
import { StrangerLog } from './stranger-log.ts';

function told(): { log: Log; lines: (readonly [string, LogFields | undefined])[] } {
  const lines: (readonly [string, LogFields | undefined])[] = [];
  return { lines, log: { ...silentLog, info: (message, fields) => lines.push([message, fields]) } };
}

test('a stranger writes five lines a minute, however often it is refused, and the rest is one number', () => {
  const clock = new SimulatedClock();
  const { log, lines } = told();
  const strangers = new StrangerLog(clock, log);
  for (let asked = 0; asked < 10_000; asked++) strangers.refused('refused', '192.0.2.66', { userName: 'x' });
  assert.equal(lines.length, 5);
  clock.advance(60_000);
  strangers.refused('refused', '192.0.2.66', {});
  assert.deepEqual(lines[5], ['more refusals of strangers were not told one by one', { count: 9995 }]);
});

test('ten thousand strangers together write two hundred lines a minute', () => {
  const { log, lines } = told();
  const strangers = new StrangerLog(new SimulatedClock(), log);
  for (let stranger = 0; stranger < 10_000; stranger++) strangers.refused('refused', `s${stranger}`, {});
  assert.equal(lines.length, 200);
});

test('what a stranger calls itself is cut where it is as long as a message', () => {
  const { log, lines } = told();
  new StrangerLog(new SimulatedClock(), log).refused('refused', '192.0.2.66', {
    userName: 'x'.repeat(60_000),
    port: 5,
  });
  assert.deepEqual(lines[0]?.[1], { userName: 'x'.repeat(200), port: 5, source: '192.0.2.66' });
});
