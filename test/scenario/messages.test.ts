import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeaderList, SipRequest } from '../../src/sip/message/index.ts';
import type { ScriptedPeer } from './scripted-peer.ts';
import { password, Stage } from './stage.ts';

function textFrom(sender: ScriptedPeer, user: string, uri: string): SipRequest {
  const headers = new HeaderList().append('content-type', 'text/plain');
  const plain = sender.build('MESSAGE', uri, user, { headers });
  return new SipRequest('MESSAGE', uri, plain.headers, 'hello');
}

async function sendMessage(stage: Stage, sender: ScriptedPeer, user: string, uri: string): Promise<void> {
  const message = textFrom(sender, user, uri);
  sender.send(message);
  await stage.run(20);
  sender.send(sender.authorised(message, sender.response('MESSAGE', 407), user, password));
  await stage.run(20);
}

async function answerWith(stage: Stage, answers: readonly (readonly [ScriptedPeer, number])[]): Promise<void> {
  for (const [device, status] of answers) device.respond(device.request('MESSAGE'), status);
  await stage.run(20);
}

describe('messages', () => {
  const rows: readonly (readonly [string, readonly number[], number])[] = [
    ['a challenge of the device concerns our leg only', [401], 503],
    ['a redirect is not followed', [302], 480],
    ['a refusal is passed on', [603], 603],
    ['the one device that takes it decides', [486, 200], 200],
    ['busy is told before a server error', [503, 486], 486],
  ];
  for (const [why, statuses, expected] of rows) {
    test(`devices answer ${statuses.join(' and ')}, the sender gets ${expected}: ${why}`, async () => {
      const stage = await Stage.open();
      const alice = await stage.phone('alice', '192.0.2.21');
      const bobs: ScriptedPeer[] = [];
      for (const index of statuses.keys()) bobs.push(await stage.phone('bob', `192.0.2.${30 + index}`));
      await sendMessage(stage, alice, 'alice', 'sip:bob@server.example');
      await answerWith(
        stage,
        bobs.map((bob, index) => [bob, statuses[index] ?? 200]),
      );
      assert.equal(alice.statuses('MESSAGE').at(-1), expected);
    });
  }

  test('a number that the sender writes as at home is read by the country of its account', async () => {
    const stage = await Stage.open({
      settings: { home_country: '43' },
      numbers: [{ number: '4930123456', accountId: 2 }],
    });
    stage.change('alice', { homeCountry: '49' });
    const [alice, bob] = [await stage.phone('alice', '192.0.2.21'), await stage.phone('bob', '192.0.2.30')];
    await sendMessage(stage, alice, 'alice', 'sip:030123456@server.example');
    assert.equal(bob.requests('MESSAGE').length, 1);
  });

  test('the sender is answered when the first device takes it, though another is silent', async () => {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.30');
    await stage.phone('bob', '192.0.2.31');
    await sendMessage(stage, alice, 'alice', 'sip:bob@server.example');
    await answerWith(stage, [[bob, 200]]);
    assert.equal(alice.statuses('MESSAGE').at(-1), 200);
  });

  test('a body whose type cannot be read, or has a line folded onto it, goes nowhere', async () => {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.30');
    for (const type of ['text', 'text/plain\r\n X-Odd: <sip:911@x>', '']) {
      alice.mangle = (octets) => octets.replace('Content-Type: odd', `Content-Type: ${type}`);
      const { headers } = alice.build('MESSAGE', 'sip:bob@server.example', 'alice');
      headers.append('content-type', 'odd');
      const message = new SipRequest('MESSAGE', 'sip:bob@server.example', headers, 'hello');
      alice.send(message);
      await stage.run(20);
      alice.send(alice.authorised(message, alice.response('MESSAGE', 407), 'alice', password));
      await stage.run(20);
      assert.equal(alice.statuses('MESSAGE').at(-1), 400, type);
    }
    alice.mangle = undefined;
    assert.equal(bob.requests('MESSAGE').length, 0);
  });

  test('a message follows the Path of the registration (RFC 3327 §5.3)', async () => {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.peer('192.0.2.30');
    const path = new HeaderList().append('path', '<sip:edge.example;lr>').append('path', '<sip:inner.example;lr>');
    await stage.register(bob, 'bob', { headers: path });
    assert.deepEqual(bob.response('REGISTER', 200).headers.getAll('path'), path.getAll('path'));
    await sendMessage(stage, alice, 'alice', 'sip:bob@server.example');
    assert.deepEqual(bob.request('MESSAGE').headers.getAll('route'), [
      '<sip:edge.example;lr>',
      '<sip:inner.example;lr>',
    ]);
  });

  test('a secret prefix is no part of the number that a message goes to [auth.techprefix]', async () => {
    const stage = await Stage.open({
      accounts: [{ name: 'bulk', kind: 'trafficsender', needAuth: 3, authIp: ['192.0.2.60'], techPrefix: '88123456' }],
      numbers: [{ number: '4312345', accountId: 2 }],
    });
    const bob = await stage.phone('bob', '192.0.2.30');
    const sender = await stage.peer('192.0.2.60');
    sender.send(textFrom(sender, 'bulk', 'sip:881234564312345@server.example'));
    await stage.run(20);
    assert.equal(bob.request('MESSAGE').body, 'hello');
  });

  test('a number that is kept as it is dialled here is found for a message as for a call', async () => {
    const stage = await Stage.open({
      settings: { home_country: '43', national_prefix: '0' },
      numbers: [{ number: '0512345', accountId: 2 }],
    });
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.30');
    await stage.invite(alice, 'alice', 'sip:0512345@server.example');
    await sendMessage(stage, alice, 'alice', 'sip:0512345@server.example');
    assert.deepEqual([bob.requests('INVITE').length, bob.requests('MESSAGE').length], [1, 1]);
  });
});
