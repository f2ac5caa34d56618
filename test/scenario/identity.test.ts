import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeaderList, SipRequest } from '../../src/sip/message/index.ts';
import { type ScriptedPeer, sdp } from './scripted-peer.ts';
import { password, Stage, type StageOptions, trunkAt } from './stage.ts';

const trusting = { ...trunkAt('192.0.2.50'), trustIdentity: true };
const rule = { pattern: '00.', routes: [{ sipServerId: 3, priority: 1, weight: 1 }] };

function withCarrier(trunk = trusting, more: StageOptions = {}): StageOptions {
  return {
    accounts: [{ name: 'carrier', kind: 'sipserver', trunk }],
    dialRules: [rule],
    numbers: [{ number: '4312345', accountId: 1 }],
    ...more,
  };
}

/** Alice's INVITE with further headers, after its challenge; From may be changed. */
async function callWith(
  stage: Stage,
  caller: ScriptedPeer,
  uri: string,
  given: readonly (readonly [string, string])[],
  body = sdp(caller.local.address),
): Promise<void> {
  const headers = new HeaderList();
  for (const [name, value] of given) if (name !== 'from') headers.append(name, value);
  const invite = caller.build('INVITE', uri, 'alice', { body, headers });
  const from = given.find(([name]) => name === 'from')?.[1];
  if (from !== undefined) invite.headers.set('from', `${from};tag=odd`);
  caller.send(invite);
  await stage.run(20);
  const challenge = caller.response('INVITE', 407);
  caller.ack(invite, challenge);
  caller.send(caller.authorised(invite, challenge, 'alice', password));
  await stage.run(20);
}

describe('who calls is told to a SIP server', () => {
  const rows: readonly {
    readonly what: string;
    readonly given: readonly (readonly [string, string])[];
    readonly asserted: string;
    readonly privacy?: string;
    readonly settings?: StageOptions['settings'];
  }[] = [
    { what: 'by its account', given: [], asserted: 'alice' },
    {
      what: 'by the number that it prefers and owns',
      given: [['p-preferred-identity', '<sip:4312345@x>']],
      asserted: '4312345',
    },
    {
      what: 'and not by a number that it prefers and does not own',
      given: [['p-preferred-identity', '<sip:911@x>']],
      asserted: 'alice',
    },
    { what: 'and not by what it asserts itself', given: [['p-asserted-identity', '<sip:911@x>']], asserted: 'alice' },
    {
      what: 'by what it asserts where the operator allows that',
      given: [['p-asserted-identity', '"Bank" <sip:911@x>, <tel:+911>']],
      asserted: '911',
      settings: { allowcalleridchange: 2 },
    },
    { what: 'also where it hides', given: [['privacy', 'id']], asserted: 'alice', privacy: 'id' },
    {
      what: 'also where its From hides',
      given: [['from', '<sip:anonymous@anonymous.invalid>']],
      asserted: 'alice',
      privacy: 'id',
    },
  ];
  for (const { what, given, asserted, privacy, settings = {} } of rows) {
    test(`that is trusted, ${what}`, async () => {
      const stage = await Stage.open(withCarrier(trusting, { settings }));
      const carrier = await stage.peer('192.0.2.50');
      const alice = await stage.phone('alice', '192.0.2.21');
      await callWith(stage, alice, 'sip:0049301@server.example', given);
      const { headers } = carrier.request('INVITE');
      assert.deepEqual(headers.getAll('p-asserted-identity'), [`<sip:${asserted}@192.0.2.9>`]);
      assert.deepEqual(headers.get('privacy'), privacy);
      assert.equal((headers.get('from') ?? '').includes('anonymous.invalid'), privacy !== undefined);
    });

    test(`that is not trusted by no header, ${what}`, async () => {
      const stage = await Stage.open(withCarrier(trunkAt('192.0.2.50'), { settings }));
      const carrier = await stage.peer('192.0.2.50');
      const alice = await stage.phone('alice', '192.0.2.21');
      await callWith(stage, alice, 'sip:0049301@server.example', given);
      const { headers } = carrier.request('INVITE');
      for (const name of ['p-asserted-identity', 'p-preferred-identity', 'remote-party-id', 'privacy']) {
        assert.deepEqual(headers.getAll(name), [], name);
      }
    });
  }

  test('that is trusted for a traffic sender by the caller id of its account, whatever it claims', async () => {
    const sender = {
      name: 'wholesale',
      kind: 'trafficsender',
      needAuth: 1,
      authIp: ['192.0.2.60'],
      callerId: '4399',
    } as const;
    const accounts = [{ name: 'carrier', kind: 'sipserver', trunk: trusting } as const, sender];
    const stage = await Stage.open({ accounts, dialRules: [rule] });
    const carrier = await stage.peer('192.0.2.50');
    const peer = await stage.peer('192.0.2.60');
    const headers = new HeaderList().append('p-asserted-identity', '<sip:911@x>').append('identity', 'signed');
    peer.send(peer.build('INVITE', 'sip:0049301@server.example', '911', { body: sdp('192.0.2.60'), headers }));
    await stage.run(20);
    const sent = carrier.request('INVITE').headers;
    assert.deepEqual([sent.get('p-asserted-identity'), sent.get('identity')], ['<sip:4399@192.0.2.9>', undefined]);
  });
});

test('a phone is never told identities, whoever asserts them', async () => {
  const stage = await Stage.open(withCarrier(trusting));
  const carrier = await stage.peer('192.0.2.50');
  const bob = await stage.phone('bob', '192.0.2.22');
  const headers = new HeaderList();
  const named = [
    'P-Asserted-Identity',
    'P-Preferred-Identity',
    'Remote-Party-ID',
    'Privacy',
    'Identity',
    'History-Info',
  ];
  for (const name of named) headers.append(name, name === 'Privacy' ? 'none' : '<sip:911@x>');
  carrier.send(carrier.build('INVITE', 'sip:bob@server.example', '4930', { body: sdp('192.0.2.50'), headers }));
  await stage.run(20);
  for (const name of named) assert.deepEqual(bob.request('INVITE').headers.getAll(name), [], name);
});

describe('the address of the caller [protocol.forwardclientaddress]', () => {
  const telling = [
    ['subject', 'call me at 192.0.2.21'],
    ['organization', 'ours'],
    ['x-real-ip', '192.0.2.21'],
    ['user-agent', 'phone 192.0.2.21'],
  ] as const;
  const body = sdp('192.0.2.21', 40_000, [
    'a=x-mine:192.0.2.21',
    'a=ptime:20',
    'a=candidate:1 1 UDP 1 192.0.2.21 9 typ host',
  ]);

  test('at 0 is nowhere in what the callee gets', async () => {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    await callWith(stage, alice, 'sip:bob@server.example', telling, body);
    const got = bob.datagrams.join('\n');
    assert.ok(!got.includes('192.0.2.21'), got);
    assert.match(got, /a=ptime:20/);
    assert.match(got, /Organization: ours/);
  });

  test('at 1 is told in a header of its own, and nothing else of the caller passes for it', async () => {
    const stage = await Stage.open({ settings: { forwardclientaddress: 1 } });
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    await callWith(stage, alice, 'sip:bob@server.example', [...telling, ['x-client-address', '198.51.100.1:1']], body);
    assert.deepEqual(bob.request('INVITE').headers.getAll('x-client-address'), ['192.0.2.21:5060']);
    assert.ok(!bob.request('INVITE').body.includes('192.0.2.21'));
  });

  test('and of the callee is nowhere in what the caller gets', async () => {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    await callWith(stage, alice, 'sip:bob@server.example', []);
    const headers = new HeaderList()
      .append('p-asserted-identity', '<sip:bob@192.0.2.22>')
      .append('server', '192.0.2.22');
    const invite = bob.request('INVITE');
    bob.respond(invite, 183, { headers, body: sdp('192.0.2.22', 41_000, ['a=x-mine:192.0.2.22']) });
    bob.respond(invite, 200, { headers, body: sdp('192.0.2.22', 41_000, ['a=x-mine:192.0.2.22']) });
    await stage.run(20);
    alice.response('INVITE', 200);
    assert.ok(!alice.datagrams.join('\n').includes('192.0.2.22'));
  });

  test('in a MESSAGE is told by the same rule, and its text is nobody’s business but theirs', async () => {
    for (const told of [0, 1] as const) {
      const stage = await Stage.open({ settings: { forwardclientaddress: told } });
      const alice = await stage.phone('alice', '192.0.2.21');
      const bob = await stage.phone('bob', '192.0.2.22');
      const headers = new HeaderList()
        .append('content-type', 'text/plain')
        .append('p-asserted-identity', '<sip:911@x>');
      headers.append('subject', 'lunch').append('subject', '192.0.2.21').append('x-odd', 'y');
      const plain = alice.build('MESSAGE', 'sip:bob@server.example', 'alice', { headers });
      const message = new SipRequest('MESSAGE', plain.uri, plain.headers, 'hello');
      alice.send(message);
      await stage.run(20);
      alice.send(alice.authorised(message, alice.response('MESSAGE', 407), 'alice', password));
      await stage.run(20);
      const got = bob.request('MESSAGE').headers;
      const names = ['subject', 'p-asserted-identity', 'x-odd', 'x-client-address'];
      const expected = told === 0 ? [['lunch'], [], [], []] : [['lunch', '192.0.2.21'], [], [], ['192.0.2.21:5060']];
      assert.deepEqual(
        names.map((name) => got.getAll(name)),
        expected,
      );
    }
  });
});
