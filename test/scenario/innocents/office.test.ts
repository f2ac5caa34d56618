import assert from 'node:assert/strict';
import { test } from 'node:test';
import { password, Stage } from '../stage.ts';
import { assertNoAddressBanned, hourMs, listed, minuteMs, phoneAt, unserved, users } from './neighbourhood.ts';

const office = '198.51.100.7';
const phones = 200;
const failing = 5;

/** Phone 195 and later have the password of last year. */
function passwordOf(index: number): string {
  return index >= phones - failing ? 'the password of last year' : password;
}

test('an office of 200 phones behind one NAT comes back at once after an outage, 5 with old passwords: the others are served, and the address is not banned', async () => {
  const stage = await Stage.open({ accounts: users(phones) });
  const all = Array.from({ length: phones }, (_, index) =>
    phoneAt(
      stage,
      { address: office, port: 10_000 + index },
      {
        ...{ user: `user${index}`, password: passwordOf(index), userAgent: `Desk ${index % 3}` },
        ...{ refreshMs: 10 * minuteMs, retryMs: 30_000, nonce: 'of.another.life.of.the.server' },
      },
    ),
  );
  for (const phone of all) await phone.start();
  const good = all.slice(0, -failing);
  stage.clock.advance(2000);
  assert.deepEqual(unserved(stage, good), [], 'all within two seconds');
  stage.clock.advance(2 * hourMs);
  assert.deepEqual(unserved(stage, good), []);
  assert.ok(good.every(({ counts }) => counts.refused + counts.unanswered === 0));
  assert.ok(all.slice(-failing).every(({ counts }) => counts.served === 0));
  assertNoAddressBanned(stage);
  const stopped = listed(stage).filter((line) => !line.startsWith('ban user at address'));
  assert.deepEqual(stopped, [], 'what the operator sees are the five users');
  assert.ok(listed(stage).every((line) => /user19[5-9] from 198\.51\.100\.7 \[sip_register_failed_times\]/.test(line)));
  assert.ok(stage.server.guard.findings.counts['wrong password'] >= 5 * 30);
});

test('the same office after a restart of the server: every phone was known before, and is served though its nonce is of the last life', async () => {
  const before = await Stage.open({ accounts: users(phones) });
  const first = Array.from({ length: phones }, (_, index) =>
    phoneAt(before, { address: office, port: 10_000 + index }, { user: `user${index}` }),
  );
  for (const phone of first) await phone.start();
  before.clock.advance(minuteMs);
  const stage = await Stage.open({ accounts: users(phones) }, [...before.bindings.values()]);
  const all = first.map(({ nonce, life }, index) =>
    phoneAt(
      stage,
      { address: office, port: 10_000 + index },
      { ...life, password: passwordOf(index), nonce: `x${nonce}`, retryMs: 30_000 },
    ),
  );
  for (const phone of all) await phone.start();
  stage.clock.advance(2000);
  assert.deepEqual(unserved(stage, all.slice(0, -failing)), []);
  assert.ok(stage.server.guard.served.P1 > 0, 'its address is known from its registrations');
  stage.clock.advance(hourMs);
  assertNoAddressBanned(stage);
  assert.deepEqual(unserved(stage, all.slice(0, -failing)), []);
});

test('a user with ten phones at ten addresses is known at each of them after a restart', async () => {
  const before = await Stage.open();
  const addresses = Array.from({ length: 10 }, (_, index) => `198.51.100.${index + 1}`);
  for (const address of addresses) await phoneAt(before, { address, port: 5060 }, { user: 'alice' }).start();
  before.clock.advance(minuteMs);
  assert.equal(before.server.registrar.countOf(before.accountOf('alice').id), 10);
  const { server } = await Stage.open({}, [...before.bindings.values()]);
  assert.deepEqual(
    addresses.filter((address) => !server.guard.hasProven(address)),
    [],
  );
});

test('an office that was away for two days comes back with all its 100 passwords wrong: users are refused, the address is not, and all are served once the passwords are right', async () => {
  const stage = await Stage.open({ accounts: users(100) });
  const all = Array.from({ length: 100 }, (_, index) =>
    phoneAt(stage, { address: office, port: 10_000 + index }, { user: `user${index}`, retryMs: minuteMs }),
  );
  for (const phone of all) await phone.start();
  stage.clock.advance(minuteMs);
  for (const phone of all) phone.stop();
  stage.clock.advance(48 * hourMs);
  for (const phone of all) {
    phone.life.password = 'typed wrongly into the provisioning';
    phone.nonce = '';
    await phone.start();
  }
  stage.clock.advance(90 * minuteMs);
  assertNoAddressBanned(stage);
  for (const phone of all) phone.life.password = password;
  stage.clock.advance(90 * minuteMs);
  assert.deepEqual(unserved(stage, all), []);
});
