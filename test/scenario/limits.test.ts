import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SipRequest } from '../../src/sip/message/index.ts';
import { type ScriptedPeer, sdp } from './scripted-peer.ts';
import { password, Stage } from './stage.ts';

/** Starts calls of one user, all in the same instant, each past its challenge. */
async function startCalls(stage: Stage, phone: ScriptedPeer, user: string, uri: string, count: number) {
  const first = Array.from({ length: count }, () => phone.build('INVITE', uri, user, { body: sdp('192.0.2.21') }));
  for (const invite of first) phone.send(invite);
  await stage.run(20);
  const proven: SipRequest[] = [];
  for (const invite of first) {
    const challenge = phone
      .responses('INVITE')
      .find(({ callId, status }) => callId === invite.callId && status === 407);
    assert.ok(challenge);
    phone.ack(invite, challenge);
    proven.push(phone.authorised(invite, challenge, user, password));
  }
  for (const invite of proven) phone.send(invite);
  await stage.run(20);
  return proven;
}

/** Final or latest statuses of these calls. */
function statusesOf(phone: ScriptedPeer, invites: readonly SipRequest[]): (number | undefined)[] {
  return invites.map(
    ({ callId, cseq }) =>
      phone.responses('INVITE').findLast((each) => each.callId === callId && each.cseq.seq === cseq.seq)?.status,
  );
}

function count(statuses: readonly (number | undefined)[], wanted: number): number {
  return statuses.filter((status) => status === wanted).length;
}

async function twoPhones(stage: Stage) {
  return { alice: await stage.phone('alice', '192.0.2.21'), bob: await stage.phone('bob', '192.0.2.22') };
}

describe('lines', () => {
  test('the sixth simultaneous call of an enduser is refused with 403, and its decision says why [limits.maxlines]', async () => {
    const stage = await Stage.open();
    const { alice } = await twoPhones(stage);
    const five = await startCalls(stage, alice, 'alice', 'sip:bob@server.example', 5);
    assert.equal(count(statusesOf(alice, five), 100), 5);
    const [sixth] = await startCalls(stage, alice, 'alice', 'sip:bob@server.example', 1);
    assert.ok(sixth);
    const answer = alice.response('INVITE', 403);
    const [decision] = stage.decisions;
    assert.ok(decision);
    assert.match(answer.headers.get('reason') ?? '', new RegExp(`text="${decision.id}"`));
    const { rule, mode, outcome, measured, asked, limit, unit, setBy, wouldPass } = decision;
    assert.deepEqual(
      [rule, mode, outcome, measured, asked, limit, unit, setBy],
      ['maxlines', 'enforce', 'refused', '5', '1', '5', 'calls', 'default'],
    );
    assert.equal(wouldPass, 'a limit of at least 6 calls, or at most 4 calls before the call');
  });

  test('of a hundred calls in one instant five are admitted [limits.maxlines]', async () => {
    const stage = await Stage.open();
    const { alice } = await twoPhones(stage);
    const statuses = statusesOf(alice, await startCalls(stage, alice, 'alice', 'sip:bob@server.example', 100));
    assert.deepEqual([count(statuses, 100), count(statuses, 403)], [5, 95]);
  });

  test('with room for one, one of thirty calls in one instant passes [limits.maxlines]', async () => {
    const stage = await Stage.open();
    stage.setLimits('alice', { maxLines: 1 });
    const { alice } = await twoPhones(stage);
    const statuses = statusesOf(alice, await startCalls(stage, alice, 'alice', 'sip:bob@server.example', 30));
    assert.deepEqual([count(statuses, 100), count(statuses, 403)], [1, 29]);
  });

  test('a call that ends makes room for the next, once its BYE is answered or 32 s have passed [limits.maxlines]', async () => {
    const stage = await Stage.open();
    stage.setLimits('alice', { maxLines: 1 });
    const { alice, bob } = await twoPhones(stage);
    const invite = await stage.invite(alice, 'alice', 'sip:bob@server.example');
    bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22') });
    await stage.run(20);
    alice.ack(invite, alice.response('INVITE', 200));
    alice.send(alice.inDialog('BYE', invite, alice.response('INVITE', 200)));
    await stage.run(20);
    const held = await startCalls(stage, alice, 'alice', 'sip:bob@server.example', 1);
    assert.deepEqual(statusesOf(alice, held), [403]);
    bob.respond(bob.request('BYE'), 200);
    await stage.run(20);
    const next = await startCalls(stage, alice, 'alice', 'sip:bob@server.example', 1);
    assert.deepEqual(statusesOf(alice, next), [100]);
    alice.cancel(next[0] as SipRequest);
    await stage.run(40_000);
    const last = await startCalls(stage, alice, 'alice', 'sip:bob@server.example', 1);
    assert.deepEqual(statusesOf(alice, last), [100]);
  });

  test('a limit that is observed lets calls pass, counts them, and records what it would have refused', async () => {
    const stage = await Stage.open({ settings: { 'mode.maxlines': 'observe' } });
    const { alice } = await twoPhones(stage);
    const statuses = statusesOf(alice, await startCalls(stage, alice, 'alice', 'sip:bob@server.example', 7));
    assert.equal(count(statuses, 100), 7);
    assert.deepEqual(
      stage.decisions.map(({ mode, outcome, measured }) => [mode, outcome, measured]),
      [
        ['observe', 'would refuse', '5'],
        ['observe', 'would refuse', '6'],
      ],
    );
    stage.settings = { ...stage.settings, 'mode.maxlines': 'enforce' };
    const next = await startCalls(stage, alice, 'alice', 'sip:bob@server.example', 1);
    assert.deepEqual([statusesOf(alice, next), stage.decisions.at(-1)?.measured], [[403], '7']);
  });

  test('a rule that is off records nothing, and the calls under it count when it comes on', async () => {
    const stage = await Stage.open({ settings: { 'mode.maxlines': 'off' } });
    const { alice } = await twoPhones(stage);
    await startCalls(stage, alice, 'alice', 'sip:bob@server.example', 7);
    assert.deepEqual(stage.decisions, []);
    stage.settings = { ...stage.settings, 'mode.maxlines': 'enforce', quotadiscreason: 402 };
    const next = await startCalls(stage, alice, 'alice', 'sip:bob@server.example', 1);
    assert.deepEqual(statusesOf(alice, next), [402]);
  });
});
