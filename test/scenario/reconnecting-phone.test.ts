import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SipRequest } from '../../src/sip/message/index.ts';
import { type ScriptedPeer, sdp } from './scripted-peer.ts';
import { Stage, type StageOptions } from './stage.ts';

const sameInstance = { contact: '<sip:bob@10.0.0.7:5060>;+sip.instance="<urn:uuid:7>"' };
const otherInstance = { contact: '<sip:bob@10.0.0.8:5060>;+sip.instance="<urn:uuid:8>"' };
const noInstance = { contact: '<sip:bob@10.0.0.7:5060>' };
const otherContact = { contact: '<sip:bob@10.0.0.9:5060>' };

interface Talk {
  readonly stage: Stage;
  readonly alice: ScriptedPeer;
  /** Bob's phone on its first connection. */
  readonly before: ScriptedPeer;
  readonly toBob: SipRequest;
  readonly hangUp: SipRequest;
}

/** Alice, on UDP, talks to bob, whose phone is on TCP. */
async function talk(contact: { readonly contact: string }, settings: StageOptions['settings'] = {}): Promise<Talk> {
  const stage = await Stage.open({ settings });
  const alice = await stage.phone('alice', '192.0.2.11');
  const before = stage.tcpPeer('192.0.2.12');
  await stage.register(before, 'bob', contact);
  const invite = await stage.invite(alice, 'alice', 'sip:bob@server.example');
  const toBob = before.request('INVITE');
  before.respond(toBob, 200, { body: sdp('192.0.2.12') });
  await stage.run(50);
  const answer = alice.response('INVITE', 200);
  alice.ack(invite, answer);
  await stage.run(50);
  return { stage, alice, before, toBob, hangUp: alice.inDialog('BYE', invite, answer) };
}

/** The phone comes back on a new connection, and registers. */
async function reconnect({ stage }: Talk, given: { readonly contact: string }): Promise<ScriptedPeer> {
  const after = stage.tcpPeer('192.0.2.12');
  await stage.register(after, 'bob', given);
  return after;
}

describe('a phone that lost its connection in mid-call, and registered over a new one', () => {
  const table = [
    { what: 'gets the BYE there, as the same instance', first: sameInstance, later: sameInstance, isReached: true },
    { what: 'gets the BYE there, as the same contact', first: noInstance, later: noInstance, isReached: true },
    { what: 'gets nothing as another instance', first: sameInstance, later: otherInstance, isReached: false },
    { what: 'gets nothing as another contact', first: noInstance, later: otherContact, isReached: false },
  ] as const;
  for (const { what, first, later, isReached } of table) {
    test(`${what} (RFC 5626 §5.3)`, async () => {
      const call = await talk(first);
      call.before.close();
      await call.stage.run(50);
      const after = await reconnect(call, later);
      assert.equal(call.stage.server.calls.count, 1, 'the call goes on without the connection');
      call.alice.send(call.hangUp);
      await call.stage.run(50);
      assert.equal(after.requests('BYE').length, isReached ? 1 : 0);
    });
  }

  test('gets the re-INVITE of the other side there, and its answer and ACK pass', async () => {
    const call = await talk(sameInstance);
    call.before.close();
    const after = await reconnect(call, sameInstance);
    const hold = sdp('192.0.2.11', 40_000, ['a=sendonly']);
    call.alice.send(call.alice.inDialog('INVITE', call.hangUp, call.alice.response('INVITE', 200), hold));
    await call.stage.run(50);
    after.respond(after.request('INVITE'), 200, { body: sdp('192.0.2.12') });
    await call.stage.run(50);
    assert.deepEqual([call.alice.statuses('INVITE').at(-1), after.requests('ACK').length], [200, 1]);
  });

  for (const level of [0, 2] as const) {
    test(`ends the call from there without another proof, at ${level} [protocol.stricttransport]`, async () => {
      const call = await talk(sameInstance, { stricttransport: level });
      call.before.close();
      const after = await reconnect(call, sameInstance);
      after.send(after.inDialogAsCallee('BYE', call.toBob));
      await call.stage.run(50);
      assert.deepEqual([after.statuses('BYE'), call.alice.requests('BYE').length], [[200], 1]);
    });
  }

  for (const method of ['INFO', 'UPDATE'] as const) {
    test(`loses no call for the ${method} that came between, which is refused`, async () => {
      const call = await talk(sameInstance);
      call.before.close();
      await call.stage.run(50);
      const body = method === 'INFO' ? 'Signal=1' : sdp('192.0.2.11', 40_000, ['a=sendonly']);
      call.alice.send(call.alice.inDialog(method, call.hangUp, call.alice.response('INVITE', 200), body));
      await call.stage.run(1000);
      assert.deepEqual(call.alice.statuses(method), [503]);
      assert.deepEqual([call.stage.server.calls.count, call.alice.requests('BYE').length], [1, 0]);
      const after = await reconnect(call, sameInstance);
      call.alice.send(call.hangUp);
      await call.stage.run(50);
      assert.equal(after.requests('BYE').length, 1);
    });
  }

  test('is reached there too while the old connection still looks alive', async () => {
    const call = await talk(sameInstance);
    const after = await reconnect(call, sameInstance);
    call.alice.send(call.hangUp);
    await call.stage.run(50);
    assert.deepEqual([call.before.requests('BYE').length, after.requests('BYE').length], [0, 1]);
  });
});

test('a second phone with the same contact does not draw the call of the first to itself', async () => {
  const call = await talk(noInstance);
  const second = call.stage.tcpPeer('192.0.2.13');
  await call.stage.register(second, 'bob', noInstance);
  call.alice.send(call.hangUp);
  await call.stage.run(50);
  assert.deepEqual([call.before.requests('BYE').length, second.requests('BYE').length], [1, 0]);
});

test('an unregistered connection of the phone’s address is still refused at 2 [protocol.stricttransport]', async () => {
  const call = await talk(sameInstance, { stricttransport: 2 });
  const elsewhere = call.stage.tcpPeer('192.0.2.12');
  elsewhere.send(elsewhere.inDialogAsCallee('BYE', call.toBob));
  await call.stage.run(50);
  assert.deepEqual([elsewhere.statuses('BYE'), call.stage.server.calls.count], [[481], 1]);
});
