import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LivingPhone } from '../../kit/living-phone.ts';
import { password, Stage } from '../stage.ts';
import {
  assertNoAddressBanned,
  hourMs,
  listed,
  minuteMs,
  phoneAt,
  unserved,
  users,
} from '../innocents/neighbourhood.ts';

const bots = 10_000;

/** A machine somewhere, with an address of its own, that has one more password to try now and then. */
function bot(stage: Stage, index: number, user: string, everyMs: number): LivingPhone {
  const address = `${11 + (index >> 12)}.${(index >> 4) & 255}.${(index & 15) * 16}.7`;
  return phoneAt(
    stage,
    { address, port: 5060 },
    { user, password: `guess ${index}`, userAgent: `A${index % 7}`, retryMs: everyMs },
  );
}

test('10,000 slow guessers at one user for 24 hours: 20 passwords an hour are looked at, her own devices are served, and a new one gets in where she is logged in, or where an operator allows it', async () => {
  const stage = await Stage.open();
  const own = [
    phoneAt(stage, { address: '198.51.100.7', port: 5060 }, { user: 'alice', userAgent: 'Desk' }),
    phoneAt(stage, { address: '203.0.113.7', port: 5060 }, { user: 'alice', userAgent: 'Mobile' }),
  ];
  for (const phone of own) await phone.start();
  stage.clock.advance(minuteMs);
  const octets = stage.server.guard.octets;
  for (let index = 0; index < bots; index++)
    await bot(stage, index, 'alice', 12 * hourMs).start(((index % 600) * 12 * hourMs) / 600);
  const { counts } = stage.server.guard.findings;
  for (let hour = 1; hour <= 24; hour++) {
    stage.clock.advance(hourMs);
    assert.deepEqual(unserved(stage, own), [], `hour ${hour}`);
    if (hour % 6 === 0) await own[1]?.moveTo({ address: `203.0.113.${hour + 8}`, port: 5060 });
  }
  assert.ok(
    counts['wrong password'] <= 20 * 25 && counts['wrong password'] >= 20 * 23,
    `${counts['wrong password']} looked at`,
  );
  assert.ok(counts.unverified > 15_000, `${counts.unverified} were not`);
  assert.ok(own.every((phone) => phone.counts.refused + phone.counts.unanswered === 0));
  assertNoAddressBanned(stage);
  assert.deepEqual(
    listed(stage),
    ['report user alice [max_guesses_per_user]'],
    'the operator is told of whom they guess at',
  );
  assert.equal(stage.server.guard.octets, octets);

  const atHome = phoneAt(stage, { address: '198.51.100.7', port: 5070 }, { user: 'alice', userAgent: 'New desk' });
  const elsewhere = phoneAt(
    stage,
    { address: '192.0.2.200', port: 5060 },
    { user: 'alice', userAgent: 'New', retryMs: minuteMs },
  );
  await atHome.start();
  stage.clock.advance(5 * minuteMs);
  assert.deepEqual(unserved(stage, [atHome]), []);
  const said = { rule: 'manual', reason: '', evidence: '', count: 1, by: 'anna', atMs: 0, untilMs: undefined };
  stage.server.guard.put({
    key: 'address 192.0.2.200',
    action: 'allow',
    scope: 'address',
    subject: '192.0.2.200',
    ...said,
  });
  await elsewhere.start();
  stage.clock.advance(2 * minuteMs);
  assert.deepEqual(unserved(stage, [elsewhere]), []);
});

test('10,000 guessers at 500 users: no user is guessed at more than 20 times an hour, and all who have a phone are served', async () => {
  const stage = await Stage.open({ accounts: users(500) });
  const phones = users(500).map(({ name: user = '' }, index) =>
    phoneAt(stage, { address: `198.51.${index >> 6}.${index & 63}`, port: 5060 }, { user, password }),
  );
  for (const phone of phones) await phone.start();
  stage.clock.advance(minuteMs);
  const looked = new Map<string, number>();
  const { guard } = stage.server;
  const observe = guard.observe.bind(guard);
  guard.observe = (finding) => {
    if (finding.kind === 'wrong password') looked.set(finding.user, (looked.get(finding.user) ?? 0) + 1);
    observe(finding);
  };
  for (let index = 0; index < bots; index++) {
    await bot(stage, index, `user${index % 500}`, 24 * minuteMs).start((index % 1000) * 1440);
  }
  stage.clock.advance(hourMs);
  const most = Math.max(...looked.values());
  assert.equal(looked.size, 500);
  assert.ok(most <= 20, `${most} passwords of one user`);
  assert.deepEqual(unserved(stage, phones), []);
  assertNoAddressBanned(stage);
});
