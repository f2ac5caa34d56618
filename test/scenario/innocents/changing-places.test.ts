import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../kit/seeded-random.ts';
import { password, serverEndpoint, Stage } from '../stage.ts';
import { assertNoAddressBanned, dayMs, hourMs, listed, minuteMs, phoneAt, unserved, users } from './neighbourhood.ts';

test('a user who changes its address 50 times a day for three days is served at each of them, and nothing is held against any', async () => {
  const stage = await Stage.open();
  const phone = phoneAt(stage, { address: '198.51.100.1', port: 5060 }, { user: 'alice', refreshMs: 5 * minuteMs });
  await phone.start();
  for (let move = 0; move < 150; move++) {
    stage.clock.advance(dayMs / 50);
    assert.deepEqual(unserved(stage, [phone]), [], `address ${move}`);
    await phone.moveTo({ address: `203.0.${move}.${move}`, port: 20_000 + move });
  }
  assert.deepEqual(listed(stage), []);
  assert.equal(phone.counts.refused + phone.counts.unanswered, 0);
});

test('a phone whose NAT takes another port for each packet cannot answer by UDP and is not banned; its neighbours are served, and so is it over TCP', async () => {
  const stage = await Stage.open({ accounts: users(3) });
  const neighbours = users(3).map(({ name = '' }, index) =>
    phoneAt(stage, { address: '198.51.100.7', port: 6000 + index }, { user: name, refreshMs: 5 * minuteMs }),
  );
  let port = 10_000;
  const odd = phoneAt(stage, { address: '198.51.100.7', port }, { user: 'alice', portForEachPacket: () => ++port });
  for (const phone of [...neighbours, odd]) await phone.start();
  await stage.run(2 * hourMs);
  assertNoAddressBanned(stage);
  assert.deepEqual(unserved(stage, neighbours), []);
  assert.equal(stage.server.guard.findings.counts['wrong password'], 0, 'it is no evidence of anything');
  const overTcp = stage.tcpPeer('198.51.100.7');
  await stage.register(overTcp, 'alice');
  overTcp.close();
});

test('phones on a line that loses 30 of 100 packets, doubles 10 and lets them overtake each other: they are served, and nobody is listed', async () => {
  const stage = await Stage.open({ accounts: users(50) });
  stage.network.faults = { lossPerMille: 300, duplicatePerMille: 100, minDelayMs: 30, maxDelayMs: 900 };
  const all = Array.from({ length: 50 }, (_, index) =>
    phoneAt(stage, { address: '198.51.100.7', port: 6000 + index }, { user: `user${index}`, refreshMs: 5 * minuteMs }),
  );
  for (const phone of all) await phone.start();
  stage.clock.advance(6 * hourMs);
  assert.deepEqual(unserved(stage, all), []);
  assert.deepEqual(listed(stage), []);
});

test('20 phones that take 8 seconds to answer a challenge are served; their challenges count as unanswered and are too few to stop them', async () => {
  const stage = await Stage.open({ accounts: users(20) });
  const all = Array.from({ length: 20 }, (_, index) =>
    phoneAt(
      stage,
      { address: '198.51.100.7', port: 6000 + index },
      { user: `user${index}`, answerMs: 8000, refreshMs: 5 * minuteMs },
    ),
  );
  for (const phone of all) await phone.start();
  stage.clock.advance(12 * hourMs);
  assert.deepEqual(unserved(stage, all), []);
  assert.deepEqual(listed(stage), []);
});

test('IPv6 phones that take a new privacy address in their /64 each hour, one of them with a wrong password: the others are served, and no address and no network is banned', async () => {
  const stage = await Stage.open({
    accounts: users(10),
    settings: { listen: [serverEndpoint.address, '2001:db8::9'] },
  });
  const server = { address: '2001:db8::9', port: serverEndpoint.port };
  const random = seededRandom(3);
  const privacy = (): string => `2001:db8:1:2:${[0, 0, 0, 0].map(() => random.below(65_536).toString(16)).join(':')}`;
  const all = Array.from({ length: 10 }, (_, index) =>
    phoneAt(
      stage,
      { address: privacy(), port: 5060 },
      {
        ...{ user: `user${index}`, refreshMs: 10 * minuteMs, retryMs: minuteMs },
        ...{ password: index === 9 ? 'wrong' : password, server },
      },
    ),
  );
  for (const phone of all) await phone.start();
  for (let hour = 0; hour < 48; hour++) {
    stage.clock.advance(hourMs);
    assert.deepEqual(unserved(stage, all.slice(0, 9)), []);
    for (const phone of all) await phone.moveTo({ address: privacy(), port: 5060 });
  }
  assertNoAddressBanned(stage);
  assert.equal(all[9]?.counts.served, 0);
});
