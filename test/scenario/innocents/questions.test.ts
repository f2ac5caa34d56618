import assert from 'node:assert/strict';
import { test } from 'node:test';
import { password, Stage, trunkAt } from '../stage.ts';
import { assertNoAddressBanned, hourMs, listed, minuteMs, phoneAt, unserved } from './neighbourhood.ts';
import type { ScriptedPeer } from '../scripted-peer.ts';

const pbx = '198.51.100.20';

/** A PBX looks after 2,000 extensions that are not ours, each once a minute. */
function askAll(stage: Stage, peer: ScriptedPeer): void {
  for (let extension = 0; extension < 2000; extension++) {
    stage.clock.after(extension * 30, () =>
      peer.send(peer.build('OPTIONS', `sip:${7000 + extension}@server.example`, 'pbx')),
    );
  }
}

test('a PBX that has registered sends OPTIONS for 2,000 extensions each minute: it is answered and nothing is held against it', async () => {
  const stage = await Stage.open({ accounts: [{ name: 'pbx' }] });
  const peer = await stage.phone('pbx', pbx);
  for (let minute = 0; minute < 5; minute++) {
    askAll(stage, peer);
    stage.clock.advance(minuteMs);
  }
  assert.equal(peer.statuses('OPTIONS').filter((status) => status === 200).length, 10_000);
  assert.deepEqual(listed(stage), []);
});

test('the same of a PBX that is a SIP server of ours, and of one that is a traffic sender', async () => {
  const rows = [
    { name: 'carrier', kind: 'sipserver', authIp: [pbx], trunk: trunkAt(pbx) },
    { name: 'wholesale', kind: 'trafficsender', authIp: [pbx], techPrefix: '12345678', needAuth: 3 },
  ] as const;
  for (const account of rows) {
    const stage = await Stage.open({ accounts: [account] });
    const peer = await stage.peer(pbx);
    askAll(stage, peer);
    stage.clock.advance(minuteMs + 1000);
    assert.equal(peer.statuses('OPTIONS').filter((status) => status === 200).length, 2000, account.kind);
    assert.deepEqual(listed(stage), [], account.kind);
  }
});

test('a PBX that asks for its 2,000 extensions before it has registered is shed like a scan, gets in by its registration all the same, and is served from then on', async () => {
  const stage = await Stage.open({ accounts: [{ name: 'pbx' }] });
  const peer = await stage.peer(pbx);
  askAll(stage, peer);
  stage.clock.advance(10_000);
  assert.deepEqual(listed(stage), [`shed address ${pbx} [blockscanning_treshold]`]);
  const line = phoneAt(stage, { address: pbx, port: 5070 }, { user: 'pbx', password });
  await line.start();
  stage.clock.advance(5000);
  assert.deepEqual(unserved(stage, [line]), []);
  stage.clock.advance(minuteMs);
  const before = peer.statuses('OPTIONS').length;
  askAll(stage, peer);
  stage.clock.advance(minuteMs + 1000);
  assert.equal(peer.statuses('OPTIONS').length - before, 2000);
  assertNoAddressBanned(stage);
});

test('a monitoring system that sends OPTIONS each second and never says who it is gets an answer each second of six hours', async () => {
  const stage = await Stage.open();
  const peer = await stage.peer('203.0.113.80');
  const oneHour = hourMs / 1000;
  for (let hour = 0; hour < 6; hour++) {
    for (let second = 0; second < oneHour; second++) {
      stage.clock.after(second * 1000, () => peer.send(peer.build('OPTIONS', 'sip:server.example', 'monitor')));
    }
    stage.clock.advance(hourMs);
    assert.equal(peer.responses('OPTIONS').length, oneHour);
    peer.received.length = 0;
    peer.datagrams.length = 0;
  }
  assert.deepEqual(listed(stage), []);
});
