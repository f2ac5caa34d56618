import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Stage } from '../stage.ts';
import type { ScriptedPeer } from '../scripted-peer.ts';
import {
  assertNoAddressBanned,
  hourMs,
  listed,
  minuteMs,
  phoneAt,
  unserved,
  users,
} from '../innocents/neighbourhood.ts';

/** The last answer without what is new in each: nonce, tag, branch, Call-ID and number. */
function lastAnswer(peer: ScriptedPeer): string {
  const text = peer.datagrams.at(-1) ?? 'silence';
  peer.datagrams.length = 0;
  const changing = /nonce="[^"]*"|tag=\w+|branch=\S+|^(?:Call-ID|CSeq|Via): .*$/gimu;
  return text.replace(changing, '').replaceAll(/alice|nobod/gu, 'USER');
}

/** What somebody hears who tries a wrong password so many times, each with a challenge before it. */
async function answersTo(method: 'REGISTER' | 'INVITE', user: string, tries: number): Promise<readonly string[]> {
  const stage = await Stage.open();
  const peer = await stage.peer('203.0.113.66');
  const heard: string[] = [];
  for (let attempt = 0; attempt < tries; attempt++) {
    const request = peer.build(method, 'sip:server.example', user);
    peer.send(request);
    stage.clock.advance(20);
    heard.push(lastAnswer(peer));
    const challenge = peer.responses(method).at(-1);
    if (challenge !== undefined && (challenge.status === 401 || challenge.status === 407)) {
      peer.send(peer.authorised(request, challenge, user, 'wrong'));
    }
    stage.clock.advance(20_000);
    heard.push(lastAnswer(peer));
  }
  return heard;
}

for (const method of ['REGISTER', 'INVITE'] as const) {
  test(`whoever tries wrong passwords by ${method} hears the same of a user that is there as of one that is not, before and after it is stopped`, async () => {
    const [there, notThere] = [await answersTo(method, 'alice', 120), await answersTo(method, 'nobod', 120)];
    assert.deepEqual(there, notThere);
    assert.ok(there.some((answer) => answer.startsWith('SIP/2.0 403')));
  });
}

test('one source that stays below every limit for a day: 20 passwords an hour for one user, 50 names an hour, and not one user more is known to it', async () => {
  const stage = await Stage.open({ accounts: users(20) });
  const own = phoneAt(stage, { address: '198.51.100.7', port: 5060 }, { user: 'alice' });
  await own.start();
  const guesser = phoneAt(
    stage,
    { address: '203.0.113.66', port: 5060 },
    { user: 'alice', password: 'x', retryMs: 90_000 },
  );
  await guesser.start();
  const scanner = await stage.peer('203.0.113.66', 5080);
  for (let hour = 0; hour < 24; hour++) {
    for (let name = 0; name < 45; name++) {
      const user = `scan${hour * 45 + name}`;
      stage.clock.after(name * 79_000, () => scanner.send(scanner.build('REGISTER', 'sip:server.example', user)));
    }
    stage.clock.advance(hourMs);
  }
  const { counts } = stage.server.guard.findings;
  assert.ok(counts['wrong password'] <= 20 * 25, `${counts['wrong password']} passwords looked at`);
  assert.equal(new Set(scanner.responses('REGISTER').map(({ status }) => status)).size, 1);
  assert.deepEqual(unserved(stage, [own]), []);
  assertNoAddressBanned(stage);
});

test('10,000 sources that look for user names, five each, for an hour: they hear one answer, the tables keep their size, and phones are served', async () => {
  const stage = await Stage.open({ accounts: users(100) });
  const phones = users(100).map(({ name: user = '' }, index) =>
    phoneAt(stage, { address: `198.51.100.${index}`, port: 5060 }, { user, refreshMs: 5 * minuteMs }),
  );
  for (const phone of phones) await phone.start();
  const { guard } = stage.server;
  const { octets } = guard;
  const heard = new Set<string>();
  for (let index = 0; index < 10_000; index++) {
    const remote = { address: `${11 + (index >> 8)}.${index & 255}.9.9`, port: 5060 };
    const socket = await stage.network.bindUdp(remote, (answer) => {
      heard.add(answer.toString('latin1', 0, 11));
    });
    for (let name = 0; name < 5; name++) {
      const user = `user${(index * 5 + name) % 20_000}`;
      const request = `REGISTER sip:server.example SIP/2.0\r\nVia: SIP/2.0/UDP 10.1.1.1;rport;branch=z9hG4bK${index}-${name}\r\nMax-Forwards: 70\r\nFrom: <sip:${user}@server.example>;tag=1\r\nTo: <sip:${user}@server.example>\r\nCall-ID: ${index}-${name}\r\nCSeq: 1 REGISTER\r\nContact: <sip:x@10.1.1.1>\r\nContent-Length: 0\r\n\r\n`;
      stage.clock.after((index % 1200) * 3000 + name * 200, () =>
        socket.send(Buffer.from(request), { address: '192.0.2.9', port: 5060 }),
      );
    }
  }
  stage.clock.advance(hourMs + minuteMs);
  assert.deepEqual([...heard], ['SIP/2.0 401']);
  assert.equal(guard.octets, octets);
  assert.deepEqual(unserved(stage, phones), []);
  assert.deepEqual(listed(stage), [], 'none of them did enough to be held back by itself');
  assert.ok(guard.findings.counts.challenged > 25_000, `${guard.findings.counts.challenged} were asked who they are`);
});
