import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentialFor } from '../../../src/accounts/ha1.ts';
import { seededRandom } from '../../kit/seeded-random.ts';
import { password, Stage } from '../stage.ts';
import { assertNoAddressBanned, dayMs, hourMs, listed, minuteMs, phoneAt, unserved, users } from './neighbourhood.ts';

const home = '198.51.100.7';

/** A phone tries again after 30 seconds to 5 minutes, at no fixed time. */
function someTime(seed: number): () => number {
  const random = seededRandom(seed);
  return () => 30_000 + random.below(270_000);
}

test('one phone alone with a wrong password for a week: its user is refused half an hour at a time, no address and no port is banned, and the right password works within the hour', async () => {
  const stage = await Stage.open();
  const phone = phoneAt(
    stage,
    { address: home, port: 5060 },
    { user: 'alice', password: 'wrong', retryMs: someTime(1) },
  );
  await phone.start();
  for (let hour = 0; hour < 7 * 24; hour++) {
    stage.clock.advance(hourMs);
    assertNoAddressBanned(stage);
    assert.deepEqual(
      listed(stage).filter((line) => line.startsWith('ban ') && !line.includes('user at address')),
      [],
    );
  }
  const { counts } = stage.server.guard.findings;
  assert.ok(
    counts['wrong password'] >= 1500 && counts['wrong password'] <= 20 * 168,
    `${counts['wrong password']} looked at`,
  );
  assert.ok(counts['refused user'] > 500);
  phone.life.password = password;
  stage.clock.advance(hourMs);
  assert.deepEqual(unserved(stage, [phone]), []);
});

test('the same phone in an office of 20: the others are served all week', async () => {
  const stage = await Stage.open({ accounts: users(20) });
  const others = Array.from({ length: 20 }, (_, index) =>
    phoneAt(stage, { address: home, port: 6000 + index }, { user: `user${index}`, refreshMs: 50 * minuteMs }),
  );
  const wrong = phoneAt(
    stage,
    { address: home, port: 5060 },
    { user: 'alice', password: 'wrong', retryMs: someTime(2) },
  );
  for (const phone of [...others, wrong]) await phone.start();
  for (let day = 0; day < 7; day++) {
    stage.clock.advance(dayMs);
    assertNoAddressBanned(stage);
    assert.deepEqual(unserved(stage, others), []);
  }
  assert.ok(others.every(({ counts }) => counts.refused + counts.unanswered === 0));
});

test('100 phones whose passwords were changed on the server: the old one is no guess, they are not counted, and each works as soon as it is told', async () => {
  const stage = await Stage.open({ accounts: users(100) });
  const all = Array.from({ length: 100 }, (_, index) =>
    phoneAt(
      stage,
      { address: home, port: 6000 + index },
      { user: `user${index}`, refreshMs: 5 * minuteMs, retryMs: 30_000 },
    ),
  );
  for (const phone of all) await phone.start();
  stage.clock.advance(minuteMs);
  const { directory } = stage.server;
  for (const { life } of all) {
    const account = stage.accountOf(life.user);
    const credential = credentialFor(account, 'server.example', 'the new password', directory.credentialOf(account.id));
    directory.apply({ kind: 'credential put', credential });
    stage.server.authenticator.purge(account.id);
  }
  stage.clock.advance(hourMs);
  assert.deepEqual(listed(stage), []);
  const { counts } = stage.server.guard.findings;
  assert.equal(counts['wrong password'], 0);
  assert.ok(counts['previous password'] > 2000, 'the operator sees them in the metrics');
  const tries = all.reduce((sum, phone) => sum + phone.counts.answersSent, 0);
  assert.ok(tries < 100 * 125, `${tries}: nobody asks again without end`);
  for (const phone of all) phone.life.password = 'the new password';
  stage.clock.advance(minuteMs);
  assert.deepEqual(unserved(stage, all), []);
});

test('the phone of a deleted user goes on for a month beside two that are served: its name is refused there, and nothing else', async () => {
  const stage = await Stage.open();
  const others = ['alice', 'bob'].map((user, index) =>
    phoneAt(stage, { address: home, port: 6000 + index }, { user, refreshMs: 50 * minuteMs }),
  );
  const deleted = phoneAt(stage, { address: home, port: 5060 }, { user: 'gone', retryMs: hourMs / 3 });
  for (const phone of [...others, deleted]) await phone.start();
  for (let week = 0; week < 4; week++) {
    stage.clock.advance(7 * dayMs);
    assertNoAddressBanned(stage);
    assert.deepEqual(unserved(stage, others), []);
  }
  assert.ok(
    listed(stage).every((line) => line.includes('gone from')),
    listed(stage).join(),
  );
});

test('a deleted user who is alone at its address, and asks each half minute for three days: no address is banned', async () => {
  const stage = await Stage.open();
  const deleted = phoneAt(stage, { address: home, port: 5060 }, { user: 'gone', retryMs: 30_000 });
  await deleted.start();
  for (let day = 0; day < 3; day++) {
    stage.clock.advance(dayMs);
    assertNoAddressBanned(stage);
  }
});
