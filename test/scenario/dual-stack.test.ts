import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sdp } from './scripted-peer.ts';
import { serverEndpoint, Stage } from './stage.ts';

const inner6 = '2001:db8::9';
const public4 = '203.0.113.9';
const public6 = '2001:db8:9::1';

/** Behind a NAT in both families; alice is outside on IPv4, bob on IPv6. */
async function callAcross(settings: NonNullable<Parameters<typeof Stage.open>[0]>['settings']) {
  const stage = await Stage.open({ settings: { listen: [serverEndpoint.address, inner6], ...settings } });
  const alice = await stage.phone('alice', '198.51.100.21');
  const bob = await stage.peer('2001:db8:7::22', 5060, { address: inner6, port: 5060 });
  await stage.register(bob, 'bob');
  await stage.invite(alice, 'alice', 'sip:bob@server.example');
  const invite = bob.request('INVITE');
  bob.respond(invite, 200, { body: sdp('2001:db8:7::22') });
  await stage.run(20);
  return { stage, alice, invite, answer: alice.response('INVITE', 200) };
}

describe('a server behind NAT in both families', () => {
  test('tells each peer the public address of its family, in Via, Contact and SDP', async () => {
    const { invite, answer } = await callAcross({ public_address: [public4, public6] });
    assert.match(invite.headers.get('via') ?? '', /^SIP\/2\.0\/UDP \[2001:db8:9::1\]:5060;/);
    assert.match(invite.headers.get('contact') ?? '', /@\[2001:db8:9::1\]:5060>/);
    assert.match(invite.body, /^c=IN IP6 2001:db8:9::1\r$/m);
    assert.match(answer.headers.get('contact') ?? '', /@203\.0\.113\.9:5060>/);
    assert.match(answer.body, /^c=IN IP4 203\.0\.113\.9\r$/m);
  });

  test('tells its local address in the family that has no public one', async () => {
    const { invite, answer } = await callAcross({ public_address: [public4] });
    assert.match(invite.headers.get('contact') ?? '', /@\[2001:db8::9\]:5060>/);
    assert.match(invite.body, /^c=IN IP6 2001:db8::9\r$/m);
    assert.match(answer.body, /^c=IN IP4 203\.0\.113\.9\r$/m);
  });

  test('binds media where media_address says, and tells peers outside the public address all the same', async () => {
    const media = { media_address: ['192.0.2.9', inner6] };
    const { stage, invite, answer } = await callAcross({ public_address: [public6], ...media });
    assert.match(invite.body, /^c=IN IP6 2001:db8:9::1\r$/m);
    assert.match(answer.body, /^c=IN IP4 192\.0\.2\.9\r$/m);
    const [session] = stage.plane.sessions;
    assert.deepEqual([session?.ports(0, 'a').address, session?.ports(0, 'b').address], ['192.0.2.9', inner6]);
  });

  for (const address of [public4, public6, '2001:DB8:9:0::1']) {
    test(`never sends media to ${address}, which is its own`, async () => {
      const stage = await Stage.open({ settings: { public_address: [public4, public6] } });
      const alice = await stage.phone('alice', '198.51.100.21');
      await stage.phone('bob', '198.51.100.22');
      const invite = await stage.invite(alice, 'alice', 'sip:bob@server.example', sdp(address, 20_000));
      assert.equal(alice.responses('INVITE').at(-1)?.status, 488, invite.body);
    });
  }

  test('serves requests for either public address where localdomain is set', async () => {
    const settings = { public_address: [public4, public6], localdomain: ['sip.example'] };
    const stage = await Stage.open({ settings });
    const alice = await stage.phone('alice', '198.51.100.21');
    await stage.phone('bob', '198.51.100.22');
    for (const [host, expected] of [
      [public4, 100],
      ['[2001:DB8:9:0:0::1]', 100],
      ['203.0.113.10', 403],
    ] as const) {
      await stage.invite(alice, 'alice', `sip:bob@${host}`);
      assert.equal(alice.statuses('INVITE').at(-1), expected, host);
    }
  });
});
