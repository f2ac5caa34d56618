import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { banKey } from '../../src/guard/bans/ban.ts';
import { HeaderList, parseUri, SipRequest } from '../../src/sip/message/index.ts';
import { sdp } from './scripted-peer.ts';
import { serverEndpoint, Stage, type StageOptions, trunkAt } from './stage.ts';

const carriers: StageOptions = {
  accounts: [
    { name: 'first', kind: 'sipserver', trunk: trunkAt('192.0.2.50') },
    { name: 'second', kind: 'sipserver', trunk: trunkAt('192.0.2.51') },
    { name: 'unlisted', kind: 'sipserver', trunk: trunkAt('192.0.2.52') },
    { name: 'wholesale', kind: 'trafficsender', needAuth: 3, authIp: ['192.0.2.60'], techPrefix: '88123456' },
  ],
  dialRules: [
    {
      name: 'international',
      pattern: '00.',
      routes: [
        { sipServerId: 3, priority: 1, weight: 1 },
        { sipServerId: 4, priority: 2, weight: 1 },
      ],
    },
  ],
  numbers: [{ number: '4312345', accountId: 2 }],
};

describe('calls between users', () => {
  test('all devices ring, the first answer wins, and the other is cancelled with the reason', async () => {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    const desk = await stage.phone('bob', '192.0.2.22');
    const mobile = await stage.phone('bob', '192.0.2.23');
    await stage.invite(alice, 'alice', 'sip:bob@server.example');
    desk.respond(desk.request('INVITE'), 180);
    mobile.respond(mobile.request('INVITE'), 180);
    await stage.run(20);
    mobile.respond(mobile.request('INVITE'), 200, { body: sdp('192.0.2.23') });
    await stage.run(20);
    assert.match(desk.request('CANCEL').headers.get('reason') ?? '', /cause=200/);
    assert.equal(mobile.requests('CANCEL').length, 0);
    alice.response('INVITE', 200);
  });

  test('the two sides never see each other: addresses, Call-ID, tags and contacts are ours', async () => {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    const invite = await stage.invite(alice, 'alice', 'sip:bob@server.example');
    const seen = bob.request('INVITE');
    const text = [...seen.headers.entries()].map((entry) => entry.join(':')).join('\n') + seen.body;
    for (const secret of ['192.0.2.21', invite.callId, invite.fromTag ?? 'none'])
      assert.ok(!text.includes(secret), secret);
    assert.match(seen.body, /c=IN IP4 192\.0\.2\.9/);
  });

  test('a caller that gives up while it rings gets 487 and the callee CANCEL', async () => {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    const invite = await stage.invite(alice, 'alice', 'sip:bob@server.example');
    bob.respond(bob.request('INVITE'), 180);
    await stage.run(20);
    alice.cancel(invite);
    await stage.run(20);
    assert.deepEqual([alice.statuses('CANCEL'), alice.statuses('INVITE').at(-1)], [[200], 487]);
    assert.equal(bob.requests('CANCEL').length, 1);
    assert.equal(stage.store.cdrs[0]?.cause, 'cancelled');
  });

  test('a CANCEL before any sign of the callee waits for one, and an answer that crosses is ended', async () => {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    const invite = await stage.invite(alice, 'alice', 'sip:bob@server.example');
    alice.cancel(invite);
    await stage.run(20);
    assert.equal(bob.requests('CANCEL').length, 0);
    bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22') });
    await stage.run(20);
    assert.deepEqual([bob.requests('ACK').length, bob.requests('BYE').length], [1, 1]);
    assert.equal(alice.statuses('INVITE').at(-1), 487);
  });

  test('a CANCEL from elsewhere does nothing', async () => {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    const mallory = await stage.peer('192.0.2.66');
    const invite = await stage.invite(alice, 'alice', 'sip:bob@server.example');
    bob.respond(bob.request('INVITE'), 180);
    await stage.run(20);
    mallory.cancel(invite);
    await stage.run(20);
    assert.deepEqual([mallory.statuses('CANCEL'), bob.requests('CANCEL').length], [[481], 0]);
  });

  test('a BYE from elsewhere is challenged and the call goes on', async () => {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    const mallory = await stage.peer('192.0.2.66');
    const invite = await stage.invite(alice, 'alice', 'sip:bob@server.example');
    bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22') });
    await stage.run(20);
    const answer = alice.response('INVITE', 200);
    alice.ack(invite, answer);
    mallory.send(mallory.inDialog('BYE', invite, answer));
    await stage.run(20);
    assert.deepEqual([mallory.statuses('BYE'), bob.requests('BYE').length], [[407], 0]);
  });

  test('DTMF by INFO is passed on and answered by the other side', async () => {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    const invite = await stage.invite(alice, 'alice', 'sip:bob@server.example');
    bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22') });
    await stage.run(20);
    const answer = alice.response('INVITE', 200);
    alice.ack(invite, answer);
    await stage.run(20);
    alice.send(alice.inDialog('INFO', invite, answer, 'Signal=5\r\nDuration=160\r\n'));
    await stage.run(20);
    const info = bob.request('INFO');
    assert.deepEqual(
      [info.body, info.headers.get('content-type')],
      ['Signal=5\r\nDuration=160\r\n', 'application/dtmf-relay'],
    );
    bob.respond(info, 200);
    await stage.run(20);
    assert.deepEqual(alice.statuses('INFO'), [200]);
  });

  test('a forged caller id is replaced by the account [protocol.allowcalleridchange]', async () => {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    const invite = alice.build('INVITE', 'sip:bob@server.example', '911', { body: sdp('192.0.2.21') });
    alice.send(invite);
    await stage.run(20);
    alice.send(alice.authorised(invite, alice.response('INVITE', 407), 'alice', 'a right password'));
    await stage.run(20);
    const from = parseUri(bob.request('INVITE').from.uri);
    assert.equal(from.ok && from.value.scheme !== 'tel' && from.value.user, 'alice');
    bob.respond(bob.request('INVITE'), 486);
    await stage.run(20);
    assert.equal(stage.store.cdrs[0]?.callerNumber, 'alice');
  });

  test('a name in any script is shown as UTF-8, and a hidden caller shows its number nowhere', async () => {
    const stage = await Stage.open({
      accounts: [{ name: 'lukasz', displayName: 'Łukasz 日本', callerId: '4369912345' }],
    });
    const lukasz = await stage.phone('lukasz', '192.0.2.23');
    const bob = await stage.phone('bob', '192.0.2.22');
    await stage.invite(lukasz, 'lukasz', 'sip:bob@server.example');
    assert.equal(Buffer.from(bob.request('INVITE').from.displayName, 'latin1').toString('utf8'), 'Łukasz 日本');
    bob.respond(bob.request('INVITE'), 486);
    await stage.run(20);
    const hidden = lukasz.build('INVITE', 'sip:bob@server.example', 'anonymous', { body: sdp('192.0.2.23') });
    lukasz.send(hidden);
    await stage.run(20);
    lukasz.send(lukasz.authorised(hidden, lukasz.response('INVITE', 407), 'lukasz', 'a right password'));
    await stage.run(20);
    const seen = bob.request('INVITE');
    const text = [...seen.headers.entries()].join('\n');
    assert.ok(!text.includes('4369912345') && !text.includes('lukasz@') && text.includes('anonymous.invalid'), text);
  });

  test('a re-INVITE without an offer asks the other side for one, and its answer in the ACK goes back in an ACK', async () => {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    const invite = await stage.invite(alice, 'alice', 'sip:bob@server.example');
    bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22') });
    await stage.run(20);
    const answer = alice.response('INVITE', 200);
    alice.ack(invite, answer);
    await stage.run(20);
    alice.send(alice.inDialog('INVITE', invite, answer));
    await stage.run(20);
    const asked = bob.request('INVITE');
    assert.deepEqual([asked.body, asked.toTag === undefined], ['', false]);
    bob.respond(asked, 200, { body: sdp('192.0.2.22', 46_000) });
    await stage.run(20);
    const offered = alice.response('INVITE', 200);
    assert.match(offered.body, /m=audio/);
    assert.equal(bob.requests('ACK').length, 1);
    const ack = alice.inDialogAck(invite, offered);
    ack.headers.append('content-type', 'application/sdp');
    alice.send(new SipRequest('ACK', ack.uri, ack.headers, sdp('192.0.2.21', 45_000)));
    await stage.run(20);
    assert.match(bob.request('ACK').body, /m=audio/);
    assert.deepEqual(stage.plane.sessions[0]?.configOf(0, 'b')?.target, { address: '192.0.2.22', port: 46_000 });
    assert.deepEqual(stage.plane.sessions[0]?.configOf(0, 'a')?.target, { address: '192.0.2.21', port: 45_000 });
  });

  test('a callee gets its ACK only when the answer is written down', async () => {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    const release = stage.store.holdAnswers();
    await stage.invite(alice, 'alice', 'sip:bob@server.example');
    bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22') });
    await stage.run(100);
    assert.deepEqual([bob.requests('ACK').length, alice.statuses('INVITE').includes(200)], [0, false]);
    release();
    await stage.run(20);
    assert.deepEqual([bob.requests('ACK').length, alice.statuses('INVITE').includes(200)], [1, true]);
  });

  test('a 200 without SDP counts with the SDP of the 183 before it', async () => {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    await stage.invite(alice, 'alice', 'sip:bob@server.example');
    bob.respond(bob.request('INVITE'), 183, { body: sdp('192.0.2.22') });
    await stage.run(20);
    bob.respond(bob.request('INVITE'), 200);
    await stage.run(20);
    assert.match(alice.response('INVITE', 200).body, /m=audio/);
  });

  test('a call that cannot be written down is not made', async () => {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    stage.store.failing = true;
    await stage.invite(alice, 'alice', 'sip:bob@server.example');
    await stage.run(20);
    assert.equal(bob.requests('INVITE').length, 0);
    assert.equal(alice.statuses('INVITE').at(-1), 503);
  });
});

describe('strangers', () => {
  test('an INVITE without credentials is challenged once and rings nobody [auth.allow-guest]', async () => {
    const stage = await Stage.open();
    const bob = await stage.phone('bob', '192.0.2.22');
    const stranger = await stage.peer('192.0.2.66');
    stranger.send(stranger.build('INVITE', 'sip:bob@server.example', 'anybody', { body: sdp('192.0.2.66') }));
    await stage.run(40_000);
    assert.deepEqual([stranger.statuses('INVITE'), bob.requests('INVITE').length], [[407], 0]);
    assert.deepEqual([stage.store.cdrs.length, stage.server.stack.transactionCount], [0, 0]);
  });

  test('an unknown user and a wrong password get the same bytes but for tags [auth.uauthverifypwd]', async () => {
    const stage = await Stage.open();
    const answers: string[] = [];
    for (const [user, secret] of [
      ['alice', 'a wrong one'],
      ['nobody', 'a wrong one'],
    ] as const) {
      const stranger = await stage.peer('192.0.2.66', 6000 + answers.length);
      const register = stranger.build('REGISTER', 'sip:server.example', user, { callId: 'c' });
      stranger.send(register);
      await stage.run(20);
      stranger.send(stranger.authorised(register, stranger.response('REGISTER', 401), user, secret));
      await stage.run(20);
      const { status, reason, headers, body } = stranger.response('REGISTER', 403);
      const lines = [...headers.entries()].map((entry) =>
        entry.join(': ').replace(/(tag|branch|rport)=\w+|:600\d|alice|nobody/g, '*'),
      );
      answers.push([status, reason, ...lines, body].join('\n'));
    }
    assert.equal(answers[0], answers[1]);
  });

  test('a private address gets nothing for being private [network.trustlanip]', async () => {
    const stage = await Stage.open();
    const neighbour = await stage.peer('192.168.1.50');
    neighbour.send(neighbour.build('INVITE', 'sip:bob@server.example', 'x', { body: sdp('192.168.1.50') }));
    await stage.run(20);
    assert.deepEqual(neighbour.statuses('INVITE'), [407]);
  });

  test('with allownoauthcalls alone a call is still challenged; with allow_guest too it rings a user [auth.allownoauthcalls]', async () => {
    const stage = await Stage.open({ settings: { allownoauthcalls: 1 } });
    const bob = await stage.phone('bob', '192.0.2.22');
    const guest = await stage.peer('192.0.2.66');
    guest.send(guest.build('INVITE', 'sip:bob@server.example', 'friend', { body: sdp('192.0.2.66') }));
    await stage.run(20);
    assert.equal(bob.requests('INVITE').length, 0);
    stage.settings = { ...stage.settings, allow_guest: true };
    guest.send(guest.build('INVITE', 'sip:bob@server.example', 'friend', { body: sdp('192.0.2.66') }));
    await stage.run(20);
    assert.equal(bob.requests('INVITE').length, 1);
  });

  test('a caller number that an operator banned gets 403 with a decision, whoever brings it, and rings again when it is lifted', async () => {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    const ban = {
      key: banKey('caller number', '+alice'),
      action: 'ban',
      scope: 'caller number',
      subject: '+alice',
    } as const;
    const record = {
      rule: 'manual',
      reason: '',
      evidence: 'an operator',
      count: 1,
      by: 'test',
      atMs: 0,
      untilMs: undefined,
    };
    stage.server.guard.put({ ...ban, ...record });
    await stage.invite(alice, 'alice', 'sip:bob@server.example');
    assert.deepEqual([alice.statuses('INVITE').at(-1), bob.requests('INVITE').length], [403, 0]);
    assert.equal(stage.decisions.at(-1)?.rule, 'bans');
    stage.server.guard.lift(ban.key);
    await stage.invite(alice, 'alice', 'sip:bob@server.example');
    assert.equal(bob.requests('INVITE').length, 1);
  });

  test('a guest that hides its name is refused [protocol.allowanonymouscaller]', async () => {
    const stage = await Stage.open({ settings: { allownoauthcalls: 1, allow_guest: true } });
    const bob = await stage.phone('bob', '192.0.2.22');
    const guest = await stage.peer('192.0.2.66');
    guest.send(guest.build('INVITE', 'sip:bob@server.example', 'anonymous', { body: sdp('192.0.2.66') }));
    await stage.run(20);
    assert.deepEqual([guest.statuses('INVITE'), bob.requests('INVITE').length], [[403], 0]);
  });

  test('a guest never reaches a SIP server', async () => {
    const stage = await Stage.open({ ...carriers, settings: { allownoauthcalls: 1, allow_guest: true } });
    const carrier = await stage.peer('192.0.2.50');
    const guest = await stage.peer('192.0.2.66');
    guest.send(guest.build('INVITE', 'sip:0049123@server.example', 'friend', { body: sdp('192.0.2.66') }));
    await stage.run(20);
    assert.deepEqual([guest.statuses('INVITE'), carrier.requests('INVITE').length], [[404], 0]);
  });

  test('with localdomain set, a request to any other host is refused, and one to us is served [tls.localdomain]', async () => {
    const stage = await Stage.open({ settings: { localdomain: ['sip.company.example'] } });
    const stranger = await stage.peer('192.0.2.66');
    const uris = ['sip:bob@evil.example', 'sip:bob@SIP.company.example', 'sip:bob@192.0.2.9', 'sip:bob@server.example'];
    for (const uri of uris) stranger.send(stranger.build('INVITE', uri, 'x', { body: sdp('192.0.2.66') }));
    await stage.run(20);
    assert.deepEqual(stranger.statuses('INVITE'), [403, 407, 407, 407]);
  });

  const refusals: readonly { method: string; status: number; header?: string }[] = [
    { method: 'SUBSCRIBE', status: 489, header: 'allow-events' },
    { method: 'PUBLISH', status: 489, header: 'allow-events' },
    { method: 'NOTIFY', status: 481 },
    { method: 'REFER', status: 405, header: 'allow' },
    { method: 'UPDATE', status: 481 },
    { method: 'PRACK', status: 481 },
    { method: 'INFO', status: 481 },
    { method: 'BYE', status: 481 },
    { method: 'FLY', status: 501 },
    { method: 'OPTIONS', status: 200, header: 'allow' },
    { method: 'OPTIONS', status: 200, header: 'supported' },
    { method: 'OPTIONS', status: 200, header: 'accept' },
  ];
  for (const { method, status, header } of refusals) {
    test(`${method} outside a dialog is answered ${status}${header === undefined ? '' : ` with ${header}`} and nothing is remembered`, async () => {
      const stage = await Stage.open();
      const stranger = await stage.peer('192.0.2.66');
      stranger.send(stranger.build(method, 'sip:server.example', 'x'));
      await stage.run(20);
      assert.deepEqual([stranger.statuses(method), stage.server.stack.transactionCount], [[status], 0]);
      if (header !== undefined) assert.notEqual(stranger.response(method, status).headers.get(header) ?? '', '');
    });
  }

  test('bytes that are no message get no answer, and a message with a bad length one 400 [protocol.malformed-packet-drop]', async () => {
    const stage = await Stage.open();
    const stranger = await stage.peer('192.0.2.66');
    stranger.sendOctets('\u0000\u0001garbage\r\n\r\n');
    stranger.sendOctets('INVITE sip:x SIP/2.0\r\n\r\n');
    await stage.run(20);
    assert.equal(stranger.received.length, 0);
    const short = stranger.build('OPTIONS', 'sip:server.example', 'x');
    const headers = short.headers.clone();
    stranger.sendOctets(
      `OPTIONS sip:server.example SIP/2.0\r\n${[...headers.entries()].map(([name, value]) => `${name}: ${value}\r\n`).join('')}Content-Length: 500\r\n\r\n`,
    );
    await stage.run(20);
    assert.deepEqual(stranger.statuses('OPTIONS'), [400]);
  });
});

describe('calls to and from SIP servers', () => {
  test('the next server is tried after a 503, and the CDR has both attempts and the rule [fraud.place-this-call-through] [fraud.record-in-cdr]', async () => {
    const stage = await Stage.open(carriers);
    const [first, second] = [await stage.peer('192.0.2.50'), await stage.peer('192.0.2.51')];
    const alice = await stage.phone('alice', '192.0.2.21');
    await stage.invite(alice, 'alice', 'sip:0049301234@server.example');
    first.respond(first.request('INVITE'), 503);
    await stage.run(20);
    second.respond(second.request('INVITE'), 200, { body: sdp('192.0.2.51') });
    await stage.run(20);
    alice.response('INVITE', 200);
    const { attempts, dialRule } = stage.store.answers[0]?.cdr ?? {};
    assert.deepEqual(
      attempts?.map(({ target, status }) => [target, status]),
      [
        ['trunk:first', 503],
        ['trunk:second', 200],
      ],
    );
    assert.equal(dialRule, 'international');
  });

  test('a server that the rule does not list is never used, though all others fail [fraud.place-this-call-through]', async () => {
    const stage = await Stage.open(carriers);
    const servers = [await stage.peer('192.0.2.50'), await stage.peer('192.0.2.51')];
    const unlisted = await stage.peer('192.0.2.52');
    const alice = await stage.phone('alice', '192.0.2.21');
    await stage.invite(alice, 'alice', 'sip:0049301234@server.example');
    for (const server of servers) {
      server.respond(server.request('INVITE'), 500);
      await stage.run(20);
    }
    assert.deepEqual([alice.statuses('INVITE').at(-1), unlisted.received.length], [500, 0]);
  });

  test('404 of a server is the last word: no other is tried', async () => {
    const stage = await Stage.open(carriers);
    const [first, second] = [await stage.peer('192.0.2.50'), await stage.peer('192.0.2.51')];
    const alice = await stage.phone('alice', '192.0.2.21');
    await stage.invite(alice, 'alice', 'sip:0049301234@server.example');
    first.respond(first.request('INVITE'), 404);
    await stage.run(20);
    assert.deepEqual([alice.statuses('INVITE').at(-1), second.received.length], [404, 0]);
    assert.equal(stage.store.cdrs[0]?.cause, 'not found');
  });

  const answers: readonly { readonly callee: number; readonly caller: number; readonly cause: string }[] = [
    { callee: 302, caller: 480, cause: 'redirected' },
    { callee: 407, caller: 503, cause: 'failed' },
    { callee: 486, caller: 486, cause: 'busy' },
    { callee: 603, caller: 603, cause: 'declined' },
    { callee: 480, caller: 480, cause: 'unreachable' },
  ];
  for (const { callee, caller, cause } of answers) {
    test(`${callee} of a server becomes ${caller} for the caller and '${cause}' in the CDR`, async () => {
      const stage = await Stage.open(carriers);
      const [first, second] = [await stage.peer('192.0.2.50'), await stage.peer('192.0.2.51')];
      const alice = await stage.phone('alice', '192.0.2.21');
      await stage.invite(alice, 'alice', 'sip:0049301234@server.example');
      first.respond(first.request('INVITE'), callee);
      await stage.run(20);
      for (const invite of second.requests('INVITE')) second.respond(invite, callee);
      await stage.run(20);
      assert.deepEqual([alice.statuses('INVITE').at(-1), stage.store.cdrs[0]?.cause], [caller, cause]);
    });
  }

  test('a number that belongs to a user rings that user when a SIP server calls it', async () => {
    const stage = await Stage.open(carriers);
    const carrier = await stage.peer('192.0.2.50');
    const bob = await stage.phone('bob', '192.0.2.22');
    carrier.send(carrier.build('INVITE', 'sip:+4312345@server.example', '+49301234', { body: sdp('192.0.2.50') }));
    await stage.run(20);
    assert.match(bob.request('INVITE').from.uri, /\+49301234@/);
  });

  test('from SIP server to SIP server there is no way', async () => {
    const stage = await Stage.open(carriers);
    const [first, second] = [await stage.peer('192.0.2.50'), await stage.peer('192.0.2.51')];
    first.send(first.build('INVITE', 'sip:0049301234@server.example', '+43', { body: sdp('192.0.2.50') }));
    await stage.run(20);
    assert.deepEqual([first.statuses('INVITE'), second.received.length], [[100, 404].slice(1), 0]);
  });

  test('a traffic sender with its prefix is accepted and the prefix stripped; without it, it is nobody [auth.needauth] [auth.techprefix]', async () => {
    const stage = await Stage.open(carriers);
    const carrier = await stage.peer('192.0.2.50');
    const sender = await stage.peer('192.0.2.60');
    sender.send(sender.build('INVITE', 'sip:0049301234@server.example', '+43', { body: sdp('192.0.2.60') }));
    await stage.run(20);
    assert.deepEqual([sender.statuses('INVITE'), carrier.received.length], [[407], 0]);
    sender.send(sender.build('INVITE', 'sip:881234560049301234@server.example', '+43', { body: sdp('192.0.2.60') }));
    await stage.run(20);
    assert.match(carrier.request('INVITE').uri, /^sip:0049301234@/);
  });

  test('a private media address of a SIP server is refused unless it is declared, and the log says why', async () => {
    const stage = await Stage.open(carriers);
    const carrier = await stage.peer('192.0.2.50');
    const alice = await stage.phone('alice', '192.0.2.21');
    await stage.invite(alice, 'alice', 'sip:0049301234@server.example');
    carrier.respond(carrier.request('INVITE'), 200, { body: sdp('127.0.0.1') });
    await stage.run(20);
    assert.equal(alice.statuses('INVITE').at(-1), 488);
    assert.equal(carrier.requests('BYE').length, 1);
    const told = stage.infos.find(({ message }) => message === 'media refused')?.fields;
    assert.deepEqual(told, {
      ...{ leg: 'callee', reason: '127.0.0.1 is a loopback address, and not in the declared media networks' },
    });
  });
});

describe('messages', () => {
  test('MESSAGE reaches the devices of another user and their answer comes back', async () => {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    const headers = new HeaderList().append('content-type', 'text/plain');
    const plain = alice.build('MESSAGE', 'sip:bob@server.example', 'alice', { headers });
    const message = new SipRequest('MESSAGE', plain.uri, plain.headers, 'Grüße'.normalize());
    alice.send(message);
    await stage.run(20);
    alice.send(alice.authorised(message, alice.response('MESSAGE', 407), 'alice', 'a right password'));
    await stage.run(20);
    const seen = bob.request('MESSAGE');
    assert.equal(seen.body, 'Grüße');
    bob.respond(seen, 200);
    await stage.run(20);
    assert.equal(alice.statuses('MESSAGE').at(-1), 200);
  });
});

test('the server listens where its settings say and nowhere else [misc.udp-port-tcp-port-sip]', async () => {
  const stage = await Stage.open({ settings: { udp_port: 5070, tcp_port: 0 } });
  const peer = await stage.peer('192.0.2.66');
  peer.send(peer.build('OPTIONS', 'sip:server.example', 'x'), serverEndpoint);
  await stage.run(50);
  assert.equal(peer.received.length, 0);
  peer.send(peer.build('OPTIONS', 'sip:server.example', 'x'), { ...serverEndpoint, port: 5070 });
  await stage.run(50);
  assert.deepEqual(peer.statuses('OPTIONS'), [200]);
});

test('each refused call of an account has one decision: in the answer, in the CDR and in the store', async () => {
  const stage = await Stage.open();
  const alice = await stage.phone('alice', '192.0.2.21');
  await stage.invite(alice, 'alice', 'sip:0049301234@server.example');
  const [decision] = stage.decisions;
  assert.ok(decision);
  assert.match(alice.response('INVITE', 404).headers.get('reason') ?? '', new RegExp(`text="${decision.id}"`));
  assert.equal(stage.store.cdrs[0]?.decisionId, decision.id);
  assert.deepEqual([decision.subject, decision.rule, decision.measured], ['account:alice', 'dial_rule', '0049301234']);
});
