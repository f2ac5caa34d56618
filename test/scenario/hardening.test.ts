import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { HeaderList, SipRequest } from '../../src/sip/message/index.ts';
import { sdp } from './scripted-peer.ts';
import { password, Stage, trunkAt } from './stage.ts';

describe('hostile messages through the whole server', () => {
  for (const folder of ['rfc4475', 'rfc5118']) {
    const url = new URL(`../vectors/${folder}/`, import.meta.url);
    for (const file of readdirSync(url)) {
      test(`${folder}/${file} breaks no invariant, also when its To is unreadable`, async () => {
        const stage = await Stage.open();
        const stranger = await stage.peer('192.0.2.66');
        const octets = readFileSync(new URL(file, url)).toString('latin1');
        stranger.sendOctets(octets);
        for (const to of ['', '<sip:a b>', '<sip:a@b>;tag=', '"', '<sip:a@b>;tag=x;tag=y']) {
          stranger.sendOctets(octets.replace(/^(To|t)\s*:.*$/im, `To: ${to}`));
        }
        await stage.run(100);
        assert.equal(stage.store.cdrs.length, 0);
      });
    }
  }

  test('a stranger never gets more than three times the octets that it sent', async () => {
    const stage = await Stage.open();
    const stranger = await stage.peer('192.0.2.66');
    for (const method of ['INVITE', 'REGISTER', 'OPTIONS', 'MESSAGE', 'REFER', 'FLY', 'BYE']) {
      for (const padding of [0, 40, 200]) {
        const octets = `${method} sip:a SIP/2.0\r\nv:SIP/2.0/UDP a\r\nf:sip:a\r\nt:sip:a\r\ni:${'i'.repeat(1 + padding)}\r\nCSeq:1 ${method}\r\n\r\n`;
        const before = stranger.octetsReceived;
        stranger.sendOctets(octets);
        await stage.run(20);
        const answered = stranger.octetsReceived - before;
        assert.ok(answered <= 3 * octets.length, `${method}: ${octets.length} octets got ${answered}`);
      }
    }
    assert.ok(stranger.received.length > 7);
  });
});

describe('what a peer may do to a call', () => {
  async function ringing() {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    const invite = await stage.invite(alice, 'alice', 'sip:bob@server.example');
    bob.respond(bob.request('INVITE'), 180);
    await stage.run(20);
    return { stage, alice, bob, invite };
  }

  const early: readonly { method: string; status: number }[] = [
    { method: 'OPTIONS', status: 200 },
    { method: 'INFO', status: 500 },
    { method: 'UPDATE', status: 500 },
  ];
  for (const { method, status } of early) {
    test(`${method} while it rings is answered ${status}, never 481, which would end the call`, async () => {
      const { stage, alice, bob, invite } = await ringing();
      alice.send(alice.inDialog(method, invite, alice.response('INVITE', 180)));
      bob.send(bob.inDialogAsCallee(method, bob.request('INVITE')));
      await stage.run(20);
      assert.deepEqual([alice.statuses(method), bob.statuses(method)], [[status], [status]]);
    });
  }

  test('CANCEL of a re-INVITE is answered and the re-INVITE gets 487, while the call goes on (RFC 3261 §9.2)', async () => {
    const { stage, alice, bob, invite } = await ringing();
    bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22') });
    await stage.run(20);
    const answer = alice.response('INVITE', 200);
    alice.ack(invite, answer);
    await stage.run(20);
    const hold = alice.inDialog('INVITE', invite, answer, sdp('192.0.2.21', 40_000, ['a=sendonly']));
    alice.send(hold);
    await stage.run(20);
    alice.cancel(hold);
    await stage.run(20);
    assert.deepEqual([alice.statuses('CANCEL'), alice.statuses('INVITE').at(-1)], [[200], 487]);
    assert.equal(stage.server.calls.count, 1);
  });

  test('of requests that one side sends the other inside a call, eight wait at once and the next gets 503', async () => {
    const { stage, alice, bob, invite } = await ringing();
    bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22') });
    await stage.run(20);
    const answer = alice.response('INVITE', 200);
    alice.ack(invite, answer);
    for (let asked = 0; asked < 300; asked++) alice.send(alice.inDialog('INFO', invite, answer, 'Signal=1\r\n'));
    await stage.run(50);
    assert.ok(bob.requests('INFO').length <= 8, `${bob.requests('INFO').length} passed at once`);
    assert.ok(alice.statuses('INFO').includes(503));
  });

  test('one call relays four streams at most, and refuses the others line by line', async () => {
    const { stage, alice, bob } = await ringing();
    const many = Array.from({ length: 15 }, (_, line) => `m=audio ${41_000 + line * 2} RTP/AVP 0\r\n`).join('');
    const free = stage.plane.capacity().free;
    await stage.invite(alice, 'alice', 'sip:bob@server.example', sdp('192.0.2.21') + many);
    assert.equal(free - stage.plane.capacity().free, 8);
    const ports = [...bob.request('INVITE').body.matchAll(/m=audio (\d+)/g)].map(([, port]) => port !== '0');
    assert.deepEqual([ports.length, ports.filter(Boolean).length], [16, 4]);
  });

  test('the other side never learns why an account was cut off', async () => {
    const { stage, alice, bob, invite } = await ringing();
    bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22') });
    await stage.run(20);
    alice.ack(invite, alice.response('INVITE', 200));
    await stage.run(20);
    stage.server.calls.endCallsOf(1);
    await stage.run(20);
    assert.equal(bob.request('BYE').headers.get('reason'), 'Q.850;cause=21');
    assert.deepEqual(
      stage.store.cdrs.map(({ cause }) => cause),
      ['account disabled'],
    );
  });
});

test('one account has twenty messages under way at most; the next one gets 503 and reaches nobody', async () => {
  const stage = await Stage.open();
  const alice = await stage.phone('alice', '192.0.2.21');
  const bob = await stage.phone('bob', '192.0.2.22');
  for (let sent = 0; sent < 25; sent++) {
    const message = alice.build('MESSAGE', 'sip:bob@server.example', 'alice');
    alice.send(message);
    await stage.run(5);
    alice.send(alice.authorised(message, alice.response('MESSAGE', 407), 'alice', password));
    await stage.run(5);
  }
  assert.equal(new Set(bob.requests('MESSAGE').map(({ callId }) => callId)).size, 20);
  assert.equal(alice.statuses('MESSAGE').filter((status) => status === 503).length, 5);
});

test('an account whose calls fail without end has fifty of them remembered at most, and each its CDR', async () => {
  const stage = await Stage.open();
  const alice = await stage.phone('alice', '192.0.2.21');
  for (let call = 0; call < 60; call++) await stage.invite(alice, 'alice', 'sip:nobody@server.example');
  assert.ok(stage.server.stack.transactionCount <= 52, `${stage.server.stack.transactionCount}`);
  assert.equal(stage.store.cdrs.length, 60);
});

describe('SIP servers', () => {
  const rule = {
    pattern: '00.',
    routes: [
      { sipServerId: 3, priority: 1, weight: 1 },
      { sipServerId: 4, priority: 2, weight: 1 },
    ],
  };

  test('a SIP server is never sent more calls at once than its maxcalls; the next one is tried', async () => {
    const stage = await Stage.open({
      accounts: [
        { name: 'small', kind: 'sipserver', trunk: { ...trunkAt('192.0.2.50'), maxCalls: 1 } },
        { name: 'large', kind: 'sipserver', trunk: trunkAt('192.0.2.51') },
      ],
      dialRules: [rule],
    });
    const [small, large] = [await stage.peer('192.0.2.50'), await stage.peer('192.0.2.51')];
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    await stage.invite(alice, 'alice', 'sip:0049301@server.example');
    await stage.invite(bob, 'bob', 'sip:0049302@server.example');
    assert.match(small.request('INVITE').uri, /0049301/);
    assert.match(large.request('INVITE').uri, /0049302/);
    small.respond(small.request('INVITE'), 486);
    await stage.run(20);
    const carol = await stage.phone('alice', '192.0.2.23');
    await stage.invite(carol, 'alice', 'sip:0049303@server.example');
    assert.match(small.request('INVITE').uri, /0049303/);
  });

  test('a customer or carrier that names a third party as its contact makes us send there nothing', async () => {
    const stage = await Stage.open({
      accounts: [
        { name: 'carrier', kind: 'sipserver', trunk: trunkAt('192.0.2.50') },
        { name: 'wholesale', kind: 'trafficsender', needAuth: 1, authIp: ['192.0.2.60'] },
      ],
      dialRules: [{ pattern: '00.', routes: [{ sipServerId: 3, priority: 1, weight: 1 }] }],
    });
    const victim = await stage.peer('192.0.2.77');
    const carrier = await stage.peer('192.0.2.50');
    const sender = await stage.peer('192.0.2.60');
    const invite = sender.build('INVITE', 'sip:0049301@server.example', '+43', { body: sdp('192.0.2.60') });
    invite.headers.set('contact', '<sip:x@192.0.2.77:5060>').append('record-route', '<sip:192.0.2.77:5060;lr>');
    sender.send(invite);
    await stage.run(20);
    const headers = new HeaderList().append('record-route', '<sip:192.0.2.77;lr>');
    carrier.respond(carrier.request('INVITE'), 200, { body: sdp('192.0.2.50'), headers });
    await stage.run(20);
    sender.ack(invite, sender.response('INVITE', 200));
    await stage.run(20);
    for (const call of stage.server.calls.calls()) stage.server.calls.endCall(call.plan.callId);
    await stage.run(5000);
    assert.deepEqual(
      [victim.octetsReceived, carrier.requests('BYE').length > 0, sender.requests('BYE').length > 0],
      [0, true, true],
    );
  });

  test('an INVITE that comes back to us by a proxy is refused with 482 and the next server is tried', async () => {
    const stage = await Stage.open({
      accounts: [
        { name: 'mirror', kind: 'sipserver', trunk: trunkAt('192.0.2.50') },
        { name: 'second', kind: 'sipserver', trunk: trunkAt('192.0.2.51') },
      ],
      dialRules: [rule],
    });
    const [mirror, second] = [await stage.peer('192.0.2.50'), await stage.peer('192.0.2.51')];
    const alice = await stage.phone('alice', '192.0.2.21');
    await stage.invite(alice, 'alice', 'sip:0049301@server.example');
    const sent = mirror.request('INVITE');
    const via = 'SIP/2.0/UDP 192.0.2.50:5060;branch=z9hG4bKmirror;rport';
    mirror.send(new SipRequest('INVITE', sent.uri, sent.headers.clone().prepend('via', via), sent.body));
    await stage.run(20);
    assert.deepEqual(mirror.statuses('INVITE'), [482]);
    mirror.respond(sent, 482);
    await stage.run(20);
    assert.match(second.request('INVITE').uri, /0049301/);
  });

  test('a # in a dialled number leaves escaped, as RFC 3261 §25.1 has it', async () => {
    const stage = await Stage.open({
      accounts: [{ name: 'carrier', kind: 'sipserver', trunk: trunkAt('192.0.2.50') }],
      dialRules: [{ pattern: '*31#.', routes: [{ sipServerId: 3, priority: 1, weight: 1 }] }],
    });
    const carrier = await stage.peer('192.0.2.50');
    const alice = await stage.phone('alice', '192.0.2.21');
    await stage.invite(alice, 'alice', 'sip:*31%23123@server.example');
    assert.match(carrier.request('INVITE').uri, /^sip:\*31%23123@/);
  });

  test('a SIP server that refuses the TCP connection is followed by the next one at once', async () => {
    const stage = await Stage.open({
      accounts: [
        { name: 'closed', kind: 'sipserver', trunk: { ...trunkAt('192.0.2.50'), transport: 'tcp' } },
        { name: 'open', kind: 'sipserver', trunk: trunkAt('192.0.2.51') },
      ],
      dialRules: [rule],
    });
    const open = await stage.peer('192.0.2.51');
    const alice = await stage.phone('alice', '192.0.2.21');
    await stage.invite(alice, 'alice', 'sip:0049301@server.example');
    await stage.run(200);
    assert.match(open.request('INVITE').uri, /0049301/);
  });
});
