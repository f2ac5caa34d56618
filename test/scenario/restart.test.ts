import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { UnfinishedCall } from '../../src/call/record.ts';
import { Secret } from '../../src/base/log/secret.ts';
import { HeaderList, type SipRequest } from '../../src/sip/message/index.ts';
import { type ScriptedPeer, sdp } from './scripted-peer.ts';
import { Stage, type StageOptions, trunkAt } from './stage.ts';

const bobAddress = '192.0.2.22';
const carrierAddress = '192.0.2.50';

const carriers: StageOptions = {
  accounts: [
    {
      name: 'carrier',
      kind: 'sipserver',
      trunk: {
        ...trunkAt(carrierAddress),
        realm: 'carrier.example',
        authUser: 'us',
        authPassword: new Secret('secret'),
      },
    },
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
};

/** What the dead server has left on its disk. */
function leftBy({ store }: Stage): readonly UnfinishedCall[] {
  return store.rows.map((row) => {
    const answer = store.answers.find(({ callId }) => callId === row.callId);
    return {
      ...{ cdr: answer?.cdr ?? row.cdr, answeredAtMs: answer?.answeredAtMs, caller: answer?.caller },
      ...{ callee: answer?.callee, invites: row.invites, money: '' },
    };
  });
}

/** The server starts again beside the same peers, of which one listens; all that the dead one knew is on its disk. */
async function restarted(
  dead: Stage,
  address: string,
): Promise<{ readonly stage: Stage; readonly peer: ScriptedPeer }> {
  const stage = await Stage.open(carriers);
  const peer = await stage.peer(address);
  await stage.server.endDeadCalls({ unfinishedCalls: leftBy(dead), lastHeartbeat: undefined });
  await stage.run(20);
  return { stage, peer };
}

/** Bob's phone rings when the server dies. */
async function ringing(body = sdp('192.0.2.21')): Promise<{ readonly dead: Stage; readonly invite: SipRequest }> {
  const dead = await Stage.open(carriers);
  const alice = await dead.phone('alice', '192.0.2.21');
  const bob = await dead.phone('bob', bobAddress);
  await dead.invite(alice, 'alice', 'sip:bob@server.example', body);
  bob.respond(bob.request('INVITE'), 180);
  await dead.run(20);
  return { dead, invite: bob.request('INVITE') };
}

function assertCancels(cancels: readonly SipRequest[], invite: SipRequest): void {
  const fitting = cancels.find((cancel) => cancel.cseq.seq === invite.cseq.seq);
  assert.ok(fitting, 'no CANCEL with the CSeq of the INVITE');
  assert.equal(fitting.topVia.branch, invite.topVia.branch);
  for (const name of ['via', 'from', 'to', 'call-id'] as const) {
    assert.equal(fitting.headers.get(name), invite.headers.get(name), name);
  }
  assert.equal(fitting.uri, invite.uri);
  assert.match(fitting.headers.get('reason') ?? '', /^Q\.850;cause=41/);
}

describe('a server that died while a callee rang, at its next start', () => {
  test('cancels the ringing by the branch of its INVITE, and keeps nothing of it', async () => {
    const { dead, invite } = await ringing();
    const { stage, peer } = await restarted(dead, bobAddress);
    assertCancels(peer.requests('CANCEL'), invite);
    assert.deepEqual(
      stage.store.cdrs.map(({ cause, calleeName }) => [cause, calleeName]),
      [['server restart', 'user:bob']],
    );
    for (const cancel of peer.requests('CANCEL')) peer.respond(cancel, cancel.cseq.seq === 1 ? 200 : 481);
    peer.respond(invite, 487);
    await stage.run(20);
    assert.deepEqual(
      peer.requests('ACK').map(({ topVia }) => topVia.branch),
      [invite.topVia.branch],
    );
    await stage.run(70_000);
    assert.equal(stage.server.stack.transactionCount, 0);
    assert.equal(stage.server.stack.dialogs.size, 0);
  });

  test('gives a callee that does not answer the CANCEL half a minute, and forgets it', async () => {
    const { dead } = await ringing();
    const { stage } = await restarted(dead, bobAddress);
    assert.ok(stage.server.stack.transactionCount > 0);
    await stage.run(40_000);
    assert.equal(stage.server.stack.transactionCount, 0);
  });

  test('acknowledges a callee that has answered meanwhile, ends it by BYE, and repeats the ACK for a repeated 200', async () => {
    const { dead, invite } = await ringing();
    const { stage, peer } = await restarted(dead, bobAddress);
    peer.respond(invite, 200, { body: sdp(bobAddress) });
    await stage.run(20);
    peer.respond(invite, 200, { body: sdp(bobAddress) });
    await stage.run(20);
    assert.deepEqual([peer.requests('ACK').length, peer.requests('BYE').length], [2, 1]);
    const bye = peer.request('BYE');
    assert.deepEqual([bye.callId, bye.toTag, bye.fromTag], [invite.callId, 'peer', invite.fromTag]);
    assert.ok(bye.cseq.seq > invite.cseq.seq);
    peer.respond(bye, 200);
    await stage.run(70_000);
    assert.equal(stage.server.stack.transactionCount, 0);
  });

  test('refuses the offer of a callee that was asked for one, in the ACK', async () => {
    const { dead, invite } = await ringing('');
    const { stage, peer } = await restarted(dead, bobAddress);
    peer.respond(invite, 200, { body: sdp(bobAddress) });
    await stage.run(20);
    assert.match(peer.request('ACK').body, /^m=audio 0 /m);
    assert.equal(peer.requests('BYE').length, 1);
  });

  test('cancels the INVITE that went out after a challenge', async () => {
    const dead = await Stage.open(carriers);
    const alice = await dead.phone('alice', '192.0.2.21');
    const carrier = await dead.peer(carrierAddress);
    await dead.invite(alice, 'alice', 'sip:0049301@server.example');
    const challenge = 'Digest realm="carrier.example", nonce="n1", algorithm=MD5, qop="auth"';
    const headers = new HeaderList().append('proxy-authenticate', challenge);
    carrier.respond(carrier.request('INVITE'), 407, { headers });
    await dead.run(20);
    const invite = carrier.request('INVITE');
    assert.equal(invite.cseq.seq, 2);
    carrier.respond(invite, 180);
    await dead.run(20);
    const { peer } = await restarted(dead, carrierAddress);
    assertCancels(peer.requests('CANCEL'), invite);
  });

  test('cancels the destination that it failed over to', async () => {
    const dead = await Stage.open(carriers);
    const alice = await dead.phone('alice', '192.0.2.21');
    const carrier = await dead.peer(carrierAddress);
    const reserve = await dead.peer('192.0.2.51');
    await dead.invite(alice, 'alice', 'sip:0049301@server.example');
    carrier.respond(carrier.request('INVITE'), 503);
    await dead.run(20);
    reserve.respond(reserve.request('INVITE'), 180);
    await dead.run(20);
    const { peer } = await restarted(dead, '192.0.2.51');
    assertCancels(peer.requests('CANCEL'), reserve.request('INVITE'));
  });

  test('ends the device that had answered by BYE alone, and cancels the other', async () => {
    const dead = await Stage.open(carriers);
    const alice = await dead.phone('alice', '192.0.2.21');
    const bob = await dead.phone('bob', bobAddress);
    const other = await dead.phone('bob', '192.0.2.23');
    await dead.invite(alice, 'alice', 'sip:bob@server.example');
    other.respond(other.request('INVITE'), 180);
    bob.respond(bob.request('INVITE'), 200, { body: sdp(bobAddress) });
    await dead.run(20);
    const atBob = await restarted(dead, bobAddress);
    assert.deepEqual([atBob.peer.requests('CANCEL').length, atBob.peer.requests('BYE').length], [0, 1]);
    const atOther = await restarted(dead, '192.0.2.23');
    assertCancels(atOther.peer.requests('CANCEL'), other.request('INVITE'));
    assert.equal(atOther.peer.requests('BYE').length, 0);
  });

  test('finds every INVITE that has left on the disk', async () => {
    const dead = await Stage.open(carriers);
    const release = dead.store.holdBegins();
    const alice = await dead.phone('alice', '192.0.2.21');
    const bob = await dead.phone('bob', bobAddress);
    await dead.invite(alice, 'alice', 'sip:bob@server.example');
    const written = dead.store.rows[0]?.invites.map(({ callId }) => callId);
    assert.equal(bob.requests('INVITE').length, 0, 'nothing leaves before the row is on disk');
    release();
    await dead.run(20);
    assert.deepEqual(written, [bob.request('INVITE').callId]);
  });
});

test('a call for which nothing can be dialled has a CDR and no row for a restart to find', async () => {
  const stage = await Stage.open({
    accounts: [{ name: 'carrier', kind: 'sipserver', trunk: { ...trunkAt(carrierAddress), maxCalls: 1 } }],
    dialRules: [{ pattern: '00.', routes: [{ sipServerId: 3, priority: 1, weight: 1 }] }],
  });
  const alice = await stage.phone('alice', '192.0.2.21');
  const carrier = await stage.peer(carrierAddress);
  await stage.invite(alice, 'alice', 'sip:0049301@server.example');
  await stage.invite(alice, 'alice', 'sip:0049302@server.example');
  alice.response('INVITE', 503);
  assert.deepEqual([carrier.requests('INVITE').length, stage.store.rows.length], [1, 1]);
  assert.deepEqual(
    stage.store.cdrs.map(({ dialledNumber, cause }) => [dialledNumber, cause]),
    [['0049302', 'failed']],
  );
});
