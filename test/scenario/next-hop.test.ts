import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Trunk } from '../../src/accounts/model.ts';
import { HeaderList, type SipRequest } from '../../src/sip/message/index.ts';
import { type ScriptedPeer, sdp } from './scripted-peer.ts';
import { Stage, type StageOptions, trunkAt } from './stage.ts';

/** A carrier by its domain: DNS says everything else. */
const byName: Trunk = { ...trunkAt('carrier.test'), port: 0, transport: 'auto' };

const options: StageOptions = {
  accounts: [
    { name: 'named', kind: 'sipserver', trunk: byName },
    { name: 'reserve', kind: 'sipserver', trunk: trunkAt('192.0.2.51') },
  ],
  dialRules: [
    {
      pattern: '00.',
      routes: [
        { sipServerId: 3, priority: 1, weight: 1 },
        { sipServerId: 4, priority: 2, weight: 1 },
      ],
    },
  ],
  numbers: [{ number: '4312345', accountId: 2 }],
};

interface Set {
  readonly stage: Stage;
  readonly alice: ScriptedPeer;
  readonly one: ScriptedPeer;
  readonly two: ScriptedPeer;
  readonly reserve: ScriptedPeer;
}

/** A domain with two servers, of which the first is preferred; and another carrier in reserve. */
async function setUp(given: StageOptions = {}): Promise<Set> {
  const stage = await Stage.open({ ...options, ...given }, [], (dns) => {
    dns
      .srv('_sip._udp.carrier.test', '1 1 5070 one.carrier.test', '2 1 5071 two.carrier.test')
      .a('one.carrier.test', '192.0.2.61')
      .a('two.carrier.test', '192.0.2.62');
  });
  const one = await stage.peer('192.0.2.61', 5070);
  const two = await stage.peer('192.0.2.62', 5071);
  const reserve = await stage.peer('192.0.2.51');
  const alice = await stage.phone('alice', '192.0.2.21');
  return { stage, alice, one, two, reserve };
}

function lastCdr(stage: Stage): readonly (readonly [string, number])[] {
  return (stage.store.cdrs.at(-1)?.attempts ?? []).map(({ hop, status }) => [hop ?? '', status]);
}

/** A call that `peer` answers and alice ends. */
async function answered(stage: Stage, alice: ScriptedPeer, invite: SipRequest, peer: ScriptedPeer): Promise<void> {
  peer.respond(peer.request('INVITE'), 200, { body: sdp(peer.local.address) });
  await stage.run(20);
  const ok = alice.response('INVITE', 200);
  alice.ack(invite, ok);
  alice.send(alice.inDialog('BYE', invite, ok));
  await stage.run(20);
  peer.respond(peer.request('BYE'), 200);
  await stage.run(20);
}

describe('a SIP server that is named by its domain', () => {
  test('is called at the server that SRV prefers, and the Request-URI keeps the domain', async () => {
    const { stage, alice, one, two } = await setUp();
    const invite = await stage.invite(alice, 'alice', 'sip:0043123@server.example');
    assert.equal(one.request('INVITE').uri, 'sip:0043123@carrier.test');
    await answered(stage, alice, invite, one);
    assert.equal(two.received.length, 0);
    assert.deepEqual(lastCdr(stage), [['udp:192.0.2.61:5070', 200]]);
  });

  test('is called at its next server when the first one answers 503, and the CDR has both', async () => {
    const { stage, alice, one, two, reserve } = await setUp();
    const invite = await stage.invite(alice, 'alice', 'sip:0043123@server.example');
    one.respond(one.request('INVITE'), 503);
    await stage.run(20);
    await answered(stage, alice, invite, two);
    assert.equal(reserve.received.length, 0);
    assert.deepEqual(lastCdr(stage), [
      ['udp:192.0.2.61:5070', 503],
      ['udp:192.0.2.62:5071', 200],
    ]);
  });

  test('is called at its next server when the first one is silent, by timer B', async () => {
    const { stage, alice, two } = await setUp();
    const invite = await stage.invite(alice, 'alice', 'sip:0043123@server.example');
    await stage.run(31_900);
    assert.equal(two.received.length, 0);
    await stage.run(400);
    await answered(stage, alice, invite, two);
    assert.deepEqual(lastCdr(stage), [
      ['udp:192.0.2.61:5070', 408],
      ['udp:192.0.2.62:5071', 200],
    ]);
  });

  test('has its silent server tried after the others for 30 s', async () => {
    const { stage, alice, one, two } = await setUp({ settings: { call_init_timeout: 2 } });
    await answered(stage, alice, await silentFirst(stage, alice), two);
    const again = await stage.invite(alice, 'alice', 'sip:0043124@server.example');
    await answered(stage, alice, again, two);
    assert.deepEqual(lastCdr(stage), [['udp:192.0.2.62:5071', 200]]);
    await stage.run(30_000);
    one.received.length = 0;
    await stage.invite(alice, 'alice', 'sip:0043125@server.example');
    assert.match(one.request('INVITE').uri, /0043125/);
  });

  test('gets no second try when its first server speaks for it: a 500 leads to the next SIP server', async () => {
    const { stage, alice, one, two, reserve } = await setUp();
    const invite = await stage.invite(alice, 'alice', 'sip:0043123@server.example');
    one.respond(one.request('INVITE'), 500);
    await stage.run(20);
    await answered(stage, alice, invite, reserve);
    assert.equal(two.received.length, 0);
    assert.deepEqual(lastCdr(stage), [
      ['udp:192.0.2.61:5070', 500],
      ['udp:192.0.2.51:5060', 200],
    ]);
  });

  test('is left by the callee’s own word: a 486 from its first server ends the attempts', async () => {
    const { stage, alice, one, two, reserve } = await setUp();
    await stage.invite(alice, 'alice', 'sip:0043123@server.example');
    one.respond(one.request('INVITE'), 486);
    await stage.run(20);
    alice.response('INVITE', 486);
    assert.equal(two.received.length + reserve.received.length, 0);
  });

  test('is followed by the next SIP server when its name leads nowhere', async () => {
    const { stage, alice, reserve } = await setUp({
      accounts: [
        { name: 'named', kind: 'sipserver', trunk: { ...byName, host: 'nowhere.test' } },
        { name: 'reserve', kind: 'sipserver', trunk: trunkAt('192.0.2.51') },
      ],
    });
    const invite = await stage.invite(alice, 'alice', 'sip:0043123@server.example');
    await answered(stage, alice, invite, reserve);
    assert.deepEqual(lastCdr(stage), [
      ['', 503],
      ['udp:192.0.2.51:5060', 200],
    ]);
  });

  test('does not hold a call for longer than 6 s when DNS is slow, and other calls not at all', async () => {
    const { stage, alice, reserve } = await setUp();
    stage.dns.hold();
    const invite = await stage.invite(alice, 'alice', 'sip:0043123@server.example');
    assert.equal(reserve.received.length, 0);
    await stage.run(5900);
    assert.equal(reserve.received.length, 0);
    await stage.run(200);
    await answered(stage, alice, invite, reserve);
    assert.equal(stage.store.cdrs.at(-1)?.cause, 'answered');
  });

  test('may be given up while DNS is asked', async () => {
    const { stage, alice, one, reserve } = await setUp();
    stage.dns.hold();
    const invite = await stage.invite(alice, 'alice', 'sip:0043123@server.example');
    alice.cancel(invite);
    await stage.run(20);
    alice.response('INVITE', 487);
    stage.dns.release();
    await stage.run(7000);
    assert.equal(one.received.length + reserve.received.length, 0);
    assert.equal(stage.store.cdrs.length, 1);
  });
});

describe('a 503 with Retry-After', () => {
  test('leaves that server alone for as long as it asks, and not the other one', async () => {
    const { stage, alice, one, two } = await setUp();
    const invite = await stage.invite(alice, 'alice', 'sip:0043123@server.example');
    one.respond(one.request('INVITE'), 503, { headers: new HeaderList().append('retry-after', '60') });
    await stage.run(20);
    await answered(stage, alice, invite, two);
    one.received.length = 0;
    await answered(stage, alice, await stage.invite(alice, 'alice', 'sip:0043124@server.example'), two);
    assert.equal(one.received.length, 0);
    await stage.run(60_000);
    await stage.invite(alice, 'alice', 'sip:0043125@server.example');
    assert.match(one.request('INVITE').uri, /0043125/);
  });

  test('counts for at most five minutes, whatever it says', async () => {
    const { stage, alice, one, two } = await setUp();
    const invite = await stage.invite(alice, 'alice', 'sip:0043123@server.example');
    one.respond(one.request('INVITE'), 503, { headers: new HeaderList().append('retry-after', '86400') });
    await stage.run(20);
    await answered(stage, alice, invite, two);
    await stage.run(300_000);
    one.received.length = 0;
    await stage.register(alice, 'alice');
    await stage.invite(alice, 'alice', 'sip:0043125@server.example');
    assert.match(one.request('INVITE').uri, /0043125/);
  });

  test('does not refuse a call that has no other way', async () => {
    const { stage, alice, one, two, reserve } = await setUp();
    await stage.invite(alice, 'alice', 'sip:0043123@server.example');
    for (const peer of [one, two, reserve]) {
      peer.respond(peer.request('INVITE'), 503, { headers: new HeaderList().append('retry-after', '60') });
      await stage.run(20);
    }
    alice.response('INVITE', 503);
    for (const peer of [one, two, reserve]) peer.received.length = 0;
    await stage.invite(alice, 'alice', 'sip:0043124@server.example');
    assert.match(one.request('INVITE').uri, /0043124/);
  });
});

describe('calls that come in from a SIP server known by its domain', () => {
  test('are known from every address of every server that DNS names, and only from those', async () => {
    const { stage, two } = await setUp();
    const bob = await stage.phone('bob', '192.0.2.22');
    two.send(two.build('INVITE', 'sip:4312345@server.example', '0049', { body: sdp('192.0.2.62') }));
    await stage.run(20);
    bob.request('INVITE');
    const stranger = await stage.peer('192.0.2.63');
    stranger.send(stranger.build('INVITE', 'sip:4312345@server.example', '0049', { body: sdp('192.0.2.63') }));
    await stage.run(20);
    stranger.response('INVITE', 407);
  });

  test('are known from a new address once the TTL has passed, and no longer from the old one', async () => {
    const { stage, two } = await setUp();
    await stage.phone('bob', '192.0.2.22');
    const three = await stage.peer('192.0.2.63');
    stage.dns.a('two.carrier.test', '192.0.2.63');
    await stage.run(61_000);
    await stage.run(20);
    three.send(three.build('INVITE', 'sip:4312345@server.example', '0049', { body: sdp('192.0.2.63') }));
    two.send(two.build('INVITE', 'sip:4312345@server.example', '0049', { body: sdp('192.0.2.62') }));
    await stage.run(20);
    assert.ok(!three.statuses('INVITE').includes(407), three.heard());
    two.response('INVITE', 407);
  });

  test('are still known while the DNS servers fail', async () => {
    const { stage, two } = await setUp();
    const bob = await stage.phone('bob', '192.0.2.22');
    stage.dns.fail('NAPTR', 'carrier.test').fail('SRV', '_sip._udp.carrier.test').fail('SRV', '_sip._tcp.carrier.test');
    await stage.run(300_000);
    await stage.register(bob, 'bob');
    two.send(two.build('INVITE', 'sip:4312345@server.example', '0049', { body: sdp('192.0.2.62') }));
    await stage.run(20);
    assert.ok(!two.statuses('INVITE').includes(407), two.heard());
  });
});

describe('a SIP server that names its next hop in the dialog', () => {
  const named = new HeaderList().append('record-route', '<sip:edge.carrier.test;lr>');

  test('gets the requests of the dialog where that name leads, when that is an address of its own', async () => {
    const { stage, alice, one, two } = await setUp();
    stage.dns.srv('_sip._udp.edge.carrier.test', '1 1 5071 two.carrier.test');
    const invite = await stage.invite(alice, 'alice', 'sip:0043123@server.example');
    one.respond(one.request('INVITE'), 180, { headers: named });
    await stage.run(20);
    one.respond(one.request('INVITE'), 200, { body: sdp('192.0.2.61'), headers: named });
    await stage.run(20);
    const ok = alice.response('INVITE', 200);
    alice.ack(invite, ok);
    alice.send(alice.inDialog('BYE', invite, ok));
    await stage.run(20);
    assert.equal(two.request('BYE').headers.get('route'), '<sip:edge.carrier.test;lr>');
    assert.equal(one.requests('BYE').length, 0);
  });

  test('keeps them where they are when the name leads to somebody else', async () => {
    const { stage, alice, one } = await setUp();
    stage.dns.a('edge.carrier.test', '192.0.2.99');
    const victim = await stage.peer('192.0.2.99');
    const invite = await stage.invite(alice, 'alice', 'sip:0043123@server.example');
    one.respond(one.request('INVITE'), 200, { body: sdp('192.0.2.61'), headers: named });
    await stage.run(20);
    const ok = alice.response('INVITE', 200);
    alice.ack(invite, ok);
    alice.send(alice.inDialog('BYE', invite, ok));
    await stage.run(20);
    one.request('BYE');
    assert.equal(victim.received.length, 0);
  });

  test('is the only one whose names are asked for: a phone’s Contact is not', async () => {
    const { stage, alice } = await setUp();
    const bob = await stage.phone('bob', '192.0.2.22');
    stage.dns.asked.length = 0;
    const invite = await stage.invite(alice, 'alice', 'sip:bob@server.example');
    const headers = new HeaderList().append('record-route', '<sip:internal.example;lr>');
    bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22'), headers });
    await stage.run(20);
    const ok = alice.response('INVITE', 200);
    alice.ack(invite, ok);
    alice.send(alice.inDialog('BYE', invite, ok));
    await stage.run(20);
    bob.request('BYE');
    assert.deepEqual(stage.dns.asked, []);
  });
});

/** A call whose first hop is silent for the 2 s of the setting. */
async function silentFirst(stage: Stage, alice: ScriptedPeer): Promise<SipRequest> {
  const invite = await stage.invite(alice, 'alice', 'sip:0043123@server.example');
  await stage.run(2100);
  return invite;
}
