import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Stage } from '../stage.ts';
import { assertNoAddressBanned, hourMs, listed, minuteMs, phoneAt, unserved, users } from './neighbourhood.ts';

const addresses = ['100.64.1.1', '100.64.1.2', '100.64.1.3', '100.64.1.4'];

test('2,000 users behind four addresses of a provider, one of whom guesses at all the others: no address is banned, the users are served, and the guesses are few', async () => {
  const stage = await Stage.open({ accounts: users(2000) });
  const all = users(2000).map(({ name: user = '' }, index) =>
    phoneAt(stage, { address: addresses[index % 4] ?? '', port: 10_000 + index }, { user, refreshMs: 50 * minuteMs }),
  );
  for (const [index, phone] of all.entries()) await phone.start(index * 20);
  stage.clock.advance(2 * minuteMs);
  assert.deepEqual(unserved(stage, all), []);
  // A subscriber who has an account of ours, and a new port for each guess.
  const { findings } = stage.server.guard;
  for (let victim = 0; victim < 200; victim++) {
    const guess = phoneAt(
      stage,
      { address: '100.64.1.1', port: 30_000 + victim },
      {
        ...{ user: `user${victim * 4}`, password: 'guess', userAgent: 'guesser' },
        retryMs: 10 * minuteMs,
      },
    );
    await guess.start(victim * 5000);
  }
  stage.clock.advance(2 * hourMs);
  assert.deepEqual(unserved(stage, all), []);
  assert.ok(all.every(({ counts }) => counts.refused + counts.unanswered === 0));
  assertNoAddressBanned(stage);
  // 10 users an hour, and one in twenty of the 500 accounts there, each up to ten times.
  assert.ok(
    findings.counts['wrong password'] < 3 * 35 * 20,
    `${findings.counts['wrong password']} passwords looked at`,
  );
  assert.ok(findings.counts.unverified > 500, 'the others were not looked at');
  assert.ok(
    listed(stage).includes('report address 100.64.1.1 [max_failed_users_per_address]'),
    listed(stage).join('\n'),
  );
});

test('at a provider address where 20 of 500 users have a wrong password, a new user still gets in', async () => {
  const stage = await Stage.open({ accounts: users(520) });
  const all = users(500).map(({ name: user = '' }, index) =>
    phoneAt(stage, { address: '100.64.1.1', port: 10_000 + index }, { user, refreshMs: 50 * minuteMs }),
  );
  const wrong = Array.from({ length: 20 }, (_, index) =>
    phoneAt(stage, { address: '100.64.1.1', port: 20_000 + index }, { user: `user${500 + index}`, password: 'wrong' }),
  );
  for (const [index, phone] of [...all, ...wrong].entries()) await phone.start(index * 20);
  stage.clock.advance(hourMs / 2);
  const newcomer = phoneAt(stage, { address: '100.64.1.1', port: 40_000 }, { user: 'alice' });
  await newcomer.start();
  stage.clock.advance(minuteMs);
  assert.deepEqual(unserved(stage, [...all, newcomer]), []);
  assertNoAddressBanned(stage);
});
