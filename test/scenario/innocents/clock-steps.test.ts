import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sdp } from '../scripted-peer.ts';
import { Stage } from '../stage.ts';
import { assertNoAddressBanned, dayMs, hourMs, listed, minuteMs, phoneAt, unserved, users } from './neighbourhood.ts';

for (const [what, byMs] of [
  ['forward', dayMs],
  ['back', -dayMs],
] as const) {
  test(`the server's clock is set ${what} by a day in the middle of a working day: nobody is banned, bans keep their length, and every phone stays registered and can be called`, async () => {
    const stage = await Stage.open({ accounts: users(20) });
    const all = Array.from({ length: 20 }, (_, index) =>
      phoneAt(stage, { address: '198.51.100.7', port: 6000 + index }, { user: `user${index}` }),
    );
    for (const phone of all) await phone.start();
    const scanner = stage.tcpPeer('203.0.113.66');
    for (let name = 0; name < 60; name++) scanner.send(scanner.build('OPTIONS', `sip:${name}@server.example`, 'x'));
    stage.clock.advance(20 * minuteMs);
    assert.deepEqual(listed(stage), ['ban address 203.0.113.66 [blockscanning_treshold]']);
    const bob = await stage.phone('bob', '192.0.2.22');
    stage.clock.stepWall(byMs);
    const user3 = stage.accountOf('user3');
    assert.equal(stage.server.registrar.bindingsOf(user3).length, 1, 'at once');
    // The guard asks for the place: who fails there in its name repeats what it heard.
    assert.ok(stage.server.registrar.isBoundAt(user3.id, { address: '198.51.100.7', port: 6003 }), 'and at its place');
    stage.clock.advance(20_000);
    for (const { life } of all) {
      const [binding] = stage.server.registrar.bindingsOf(stage.accountOf(life.user));
      const leftMs = (binding?.expiresAtMs ?? 0) - stage.clock.wallMs();
      assert.ok(leftMs > 20 * minuteMs && leftMs < hourMs, `${life.user}: ${leftMs} ms by the new clock`);
    }
    const alice = await stage.phone('alice', '192.0.2.21');
    await stage.invite(alice, 'alice', 'sip:bob@server.example', sdp('192.0.2.21'));
    assert.equal(bob.requests('INVITE').length, 1);
    bob.respond(bob.request('INVITE'), 486);
    await stage.run(100);
    stage.clock.advance(5 * hourMs);
    assert.deepEqual(unserved(stage, all), []);
    assert.ok(all.every(({ counts }) => counts.refused + counts.unanswered === 0));
    assert.deepEqual(listed(stage), ['ban address 203.0.113.66 [blockscanning_treshold]']);
    stage.clock.advance(hourMs);
    assert.deepEqual(listed(stage), [], 'six hours after it began');
    assertNoAddressBanned(stage);
  });
}
