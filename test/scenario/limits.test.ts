import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SipRequest } from '../../src/sip/message/index.ts';
import { type ScriptedPeer, sdp } from './scripted-peer.ts';
import { password, Stage, type StageOptions, trunkAt } from './stage.ts';

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

/** More calls at once than a person makes, so that other limits than those on their pace are met. */
const atOnce = { 'mode.abnormal_speed_close': 'off', maxcps: 0, maxcpsperip: 0 } as const;

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
    const stage = await Stage.open({ settings: atOnce });
    const { alice } = await twoPhones(stage);
    const statuses = statusesOf(alice, await startCalls(stage, alice, 'alice', 'sip:bob@server.example', 100));
    assert.deepEqual([count(statuses, 100), count(statuses, 403)], [5, 95]);
  });

  test('with room for one, one of thirty calls in one instant passes [limits.maxlines]', async () => {
    const stage = await Stage.open({ settings: { 'mode.abnormal_speed_close': 'off' } });
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

const carriers: StageOptions = {
  accounts: [
    { name: 'first', kind: 'sipserver', trunk: trunkAt('192.0.2.50') },
    { name: 'second', kind: 'sipserver', trunk: trunkAt('192.0.2.51') },
  ],
  dialRules: [
    {
      name: 'abroad',
      pattern: '00.',
      maxDurationS: 600,
      routes: [
        { sipServerId: 3, priority: 1, weight: 1 },
        { sipServerId: 4, priority: 2, weight: 1 },
      ],
    },
  ],
};

/** A call that Bob's phone answers and Alice ends after `talkMs`. */
async function talk(stage: Stage, alice: ScriptedPeer, bob: ScriptedPeer, talkMs: number): Promise<void> {
  const invite = await stage.invite(alice, 'alice', 'sip:bob@server.example');
  bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22') });
  await stage.run(20);
  alice.ack(invite, alice.response('INVITE', 200));
  await stage.run(talkMs);
  alice.send(alice.inDialog('BYE', invite, alice.response('INVITE', 200)));
  await stage.run(20);
  bob.respond(bob.request('BYE'), 200);
  await stage.run(20);
}

/** Neither silence nor lost registrations nor session timers are what these tests are about. */
const patient = {
  // Scripted peers answer no refresh.
  session_timer_timeout: 0,
  ...{ media_timeout: 0, absolute_timeout: 0, call_timeout: 0 },
  default_incoming_outgoing_registration_time_sec: 7200,
  max_registration_subscription_time_sec: 7200,
};

describe('time', () => {
  test('after its seconds of the day an enduser is refused until the next day [limits.maxslperday] [limits.calcmxsl]', async () => {
    const stage = await Stage.open({ settings: patient });
    stage.setLimits('alice', { maxSlPerDayS: 60 });
    const { alice, bob } = await twoPhones(stage);
    await talk(stage, alice, bob, 59_000);
    await talk(stage, alice, bob, 900);
    await talk(stage, alice, bob, 2000);
    assert.equal(stage.store.cdrs.at(-1)?.cause, 'limit reached');
    await stage.invite(alice, 'alice', 'sip:bob@server.example');
    const decision = stage.decisions.at(-1);
    assert.deepEqual(
      [decision?.rule, decision?.limit, decision?.unit, decision?.setBy],
      ['maxslperday', '60', 's', 'anna'],
    );
    stage.settings = { ...stage.settings, calcmxsl: 0 };
    await stage.invite(alice, 'alice', 'sip:bob@server.example');
    assert.equal(alice.statuses('INVITE').at(-1), 100);
  });

  test('a running call ends when the seconds are used up, and does not where they only refuse new calls [limits.maxslpermonth]', async () => {
    for (const cutrunningcalls of [1, 0] as const) {
      const stage = await Stage.open({ settings: { ...patient, cutrunningcalls } });
      stage.setLimits('alice', { maxSlPerMonthS: 60 });
      const { alice, bob } = await twoPhones(stage);
      const invite = await stage.invite(alice, 'alice', 'sip:bob@server.example');
      bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22') });
      await stage.run(20);
      alice.ack(invite, alice.response('INVITE', 200));
      await stage.run(59_500);
      assert.equal(bob.requests('BYE').length, 0);
      await stage.run(1000);
      assert.equal(bob.requests('BYE').length > 0, cutrunningcalls === 1);
    }
  });

  test('a call that is ended for its seconds names its decision, which tells that it ran [limits.maxslperday]', async () => {
    const stage = await Stage.open({ settings: patient });
    stage.setLimits('alice', { maxSlPerDayS: 60 });
    const { alice, bob } = await twoPhones(stage);
    await talk(stage, alice, bob, 70_000);
    const [decision] = stage.decisions;
    assert.deepEqual(
      [decision?.subject, decision?.rule, decision?.outcome, decision?.measured, decision?.limit],
      ['account:alice', 'maxslperday', 'refused', '60', '60'],
    );
    assert.match(decision?.evidence ?? '', /the call ran, and was ended/);
    const cdr = stage.store.cdrs.at(-1);
    assert.deepEqual([cdr?.cause, cdr?.decisionId], ['limit reached', decision?.id]);
  });

  test('a watched limit tells once of a call that talks past it, and ends it when it is enforced [limits.maxslperday]', async () => {
    const stage = await Stage.open({ settings: { ...patient, 'mode.maxslperday': 'observe' } });
    stage.setLimits('alice', { maxSlPerDayS: 60 });
    const { alice, bob } = await twoPhones(stage);
    const invite = await stage.invite(alice, 'alice', 'sip:bob@server.example');
    bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22') });
    await stage.run(20);
    alice.ack(invite, alice.response('INVITE', 200));
    await stage.run(90_000);
    assert.deepEqual(
      stage.decisions.map(({ outcome, measured }) => [outcome, measured]),
      [['would refuse', '60']],
    );
    assert.equal(bob.requests('BYE').length, 0);
    stage.settings = { ...stage.settings, 'mode.maxslperday': 'enforce' };
    stage.server.settingsChanged();
    await stage.run(100);
    assert.equal(bob.requests('BYE').length > 0, true);
    assert.equal(stage.decisions.at(-1)?.outcome, 'refused');
  });

  test('two calls at once use the seconds up in half the time, and both end', async () => {
    const stage = await Stage.open({ settings: patient });
    stage.setLimits('alice', { maxSlPerDayS: 60 });
    const { alice, bob } = await twoPhones(stage);
    for (let each = 0; each < 2; each++) {
      const invite = await stage.invite(alice, 'alice', 'sip:bob@server.example');
      bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22') });
      await stage.run(20);
      alice.ack(invite, alice.response('INVITE', 200));
    }
    await stage.run(29_000);
    assert.equal(bob.requests('BYE').length, 0);
    await stage.run(1500);
    assert.equal(new Set(bob.requests('BYE').map(({ callId }) => callId)).size, 2);
  });

  test('a SIP server that has had its seconds is passed over, and the next route is tried [limits.maxslpermonth]', async () => {
    const stage = await Stage.open({ ...carriers, settings: patient });
    stage.setLimits('first', { maxSlPerMonthS: 60 });
    stage.server.limits.talk.remember(3, stage.clock.wallMs() - 1000, 60_000);
    const alice = await stage.phone('alice', '192.0.2.21');
    const first = await stage.peer('192.0.2.50');
    const second = await stage.peer('192.0.2.51');
    await stage.invite(alice, 'alice', 'sip:0049301234567@server.example');
    assert.deepEqual([first.requests('INVITE').length, second.requests('INVITE').length], [0, 1]);
    assert.deepEqual([stage.decisions[0]?.subject, stage.decisions[0]?.rule], ['account:first', 'maxslpermonth']);
  });

  test('a call over a dial rule ends at the bound of the rule, with BYE to both sides [limits.call-duration-limit]', async () => {
    const stage = await Stage.open({ ...carriers, settings: patient });
    const alice = await stage.phone('alice', '192.0.2.21');
    const first = await stage.peer('192.0.2.50');
    const invite = await stage.invite(alice, 'alice', 'sip:0049301234567@server.example');
    first.respond(first.request('INVITE'), 200, { body: sdp('192.0.2.50') });
    await stage.run(20);
    alice.ack(invite, alice.response('INVITE', 200));
    await stage.run(599_000);
    assert.deepEqual([alice.requests('BYE').length, first.requests('BYE').length], [0, 0]);
    await stage.run(1100);
    assert.ok(alice.requests('BYE').length > 0 && first.requests('BYE').length > 0);
  });
});

describe('sources, rates, ways out', () => {
  test('a source has its calls in the period, another its own, and a day later it may call again [limits.maxcallperip] [limits.maxcallperperiod]', async () => {
    const stage = await Stage.open({ settings: { maxcallperip: 3, maxcps: 0 } });
    stage.setLimits('alice', { maxLines: 0 });
    const { alice } = await twoPhones(stage);
    const statuses = statusesOf(alice, await startCalls(stage, alice, 'alice', 'sip:bob@server.example', 4));
    assert.deepEqual([count(statuses, 100), count(statuses, 403)], [3, 1]);
    const elsewhere = await stage.phone('alice', '192.0.2.29');
    assert.deepEqual(
      statusesOf(elsewhere, await startCalls(stage, elsewhere, 'alice', 'sip:bob@server.example', 1)),
      [100],
    );
    await stage.run(86_400_000 + 36_000);
    await stage.register(alice, 'alice');
    const bob = await stage.phone('bob', '192.0.2.23');
    assert.deepEqual(statusesOf(alice, await startCalls(stage, alice, 'alice', 'sip:bob@server.example', 1)), [100]);
    bob.close();
  });

  test('with the id of one user only that user is held to the limits of sources [limits.maxcallperuserid]', async () => {
    const stage = await Stage.open({ settings: { maxcallperip: 1, maxcallperuserid: 2, maxcps: 0 } });
    const { alice } = await twoPhones(stage);
    const statuses = statusesOf(alice, await startCalls(stage, alice, 'alice', 'sip:bob@server.example', 3));
    assert.equal(count(statuses, 100), 3);
    stage.settings = { ...stage.settings, maxcallperuserid: 1 };
    assert.deepEqual(statusesOf(alice, await startCalls(stage, alice, 'alice', 'sip:bob@server.example', 1)), [403]);
  });

  test('finished and running calls of a source count together [limits.maxdurationperip]', async () => {
    const stage = await Stage.open({ settings: { ...patient, maxdurationperip: 60 } });
    const { alice, bob } = await twoPhones(stage);
    await talk(stage, alice, bob, 40_000);
    await talk(stage, alice, bob, 19_000);
    const invite = await stage.invite(alice, 'alice', 'sip:bob@server.example');
    bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22') });
    await stage.run(20);
    alice.ack(invite, alice.response('INVITE', 200));
    await stage.run(2000);
    assert.equal(stage.store.cdrs.length, 2);
    await stage.invite(alice, 'alice', 'sip:bob@server.example');
    assert.deepEqual([stage.decisions[0]?.rule, stage.decisions[0]?.measured], ['maxdurationperip', '61']);
  });

  test('a user that dials like a machine is held to its calls in a second', async () => {
    const stage = await Stage.open({ settings: { maxcps: 3 } });
    const { alice } = await twoPhones(stage);
    const statuses = statusesOf(alice, await startCalls(stage, alice, 'alice', 'sip:bob@server.example', 5));
    assert.deepEqual([count(statuses, 100), count(statuses, 403)], [3, 2]);
    assert.equal(stage.decisions[0]?.rule, 'maxcps');
    await stage.run(1000);
    assert.deepEqual(statusesOf(alice, await startCalls(stage, alice, 'alice', 'sip:bob@server.example', 1)), [100]);
  });

  test('the whole system has its calls, whatever a user may have [limits.licensecfg]', async () => {
    const stage = await Stage.open({
      settings: { ...atOnce, licensecfg: ['calls=50'], blocktoomuchpendingsession: 0 },
    });
    stage.setLimits('alice', { maxLines: 1000 });
    const { alice } = await twoPhones(stage);
    const statuses = statusesOf(alice, await startCalls(stage, alice, 'alice', 'sip:bob@server.example', 51));
    assert.deepEqual([count(statuses, 100), count(statuses, 503)], [50, 1]);
  });

  test('a sender with onlylocalaccess reaches our users and nothing outside [limits.onlylocalaccess]', async () => {
    const sender = { name: 'bulk', kind: 'trafficsender', needAuth: 1, authIp: ['192.0.2.60'] } as const;
    const stage = await Stage.open({ ...carriers, accounts: [...(carriers.accounts ?? []), sender] });
    stage.setLimits('bulk', { onlyLocalAccess: true });
    await stage.phone('bob', '192.0.2.22');
    const bulk = await stage.peer('192.0.2.60');
    bulk.send(bulk.build('INVITE', 'sip:0043123456@server.example', 'bulk', { body: sdp('192.0.2.60') }));
    await stage.run(20);
    assert.equal(bulk.statuses('INVITE').at(-1), 403);
    bulk.send(bulk.build('INVITE', 'sip:bob@server.example', 'bulk', { body: sdp('192.0.2.60') }));
    await stage.run(20);
    assert.equal(bulk.statuses('INVITE').at(-1), 100);
  });

  test('a new enduser cannot call abroad until that is switched on', async () => {
    const stage = await Stage.open({ ...carriers, settings: { home_country: '43' } });
    stage.setLimits('alice', { international: false });
    const alice = await stage.phone('alice', '192.0.2.21');
    await stage.invite(alice, 'alice', 'sip:0049301234567@server.example');
    assert.deepEqual([alice.statuses('INVITE').at(-1), stage.decisions[0]?.rule], [403, 'international']);
    await stage.invite(alice, 'alice', 'sip:004312345678@server.example');
    assert.equal(alice.statuses('INVITE').at(-1), 100);
    stage.setLimits('alice', { international: true });
    await stage.invite(alice, 'alice', 'sip:0049301234567@server.example');
    assert.equal(alice.statuses('INVITE').at(-1), 100);
  });

  test('off-peak has its own number of lines, and a call that runs over the switch is kept [limits.maxlinesoffpeak]', async () => {
    // The stage begins on a Monday at 10:00.
    const stage = await Stage.open({ settings: { ...patient, peak_hours: 'Mon-Fri 08:00-10:10', timezone: 'UTC' } });
    stage.setLimits('alice', { maxLines: 2, maxLinesOffpeak: 1 });
    const { alice, bob } = await twoPhones(stage);
    for (let each = 0; each < 2; each++) {
      const invite = await stage.invite(alice, 'alice', 'sip:bob@server.example');
      bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22') });
      await stage.run(20);
      alice.ack(invite, alice.response('INVITE', 200));
    }
    await stage.run(660_000);
    assert.equal(bob.requests('BYE').length, 0);
    await stage.invite(alice, 'alice', 'sip:bob@server.example');
    const { limit, evidence } = stage.decisions[0] ?? {};
    assert.deepEqual([limit, evidence?.startsWith('maxlinesoffpeak')], ['1', true]);
  });
});

describe('leases', () => {
  test('whatever way calls end, no line stays taken and the audit finds nothing', async () => {
    const stage = await Stage.open({ ...carriers, settings: { maxcps: 0, ring_timeout: 30 } });
    const { alice, bob } = await twoPhones(stage);
    const first = await stage.peer('192.0.2.50');
    await talk(stage, alice, bob, 1000);
    const [cancelled] = await startCalls(stage, alice, 'alice', 'sip:bob@server.example', 1);
    alice.cancel(cancelled as SipRequest);
    await startCalls(stage, alice, 'alice', 'sip:bob@server.example', 1);
    bob.respond(bob.request('INVITE'), 486);
    await startCalls(stage, alice, 'alice', 'sip:bob@server.example', 1);
    bob.respond(bob.request('INVITE'), 180);
    await startCalls(stage, alice, 'alice', 'sip:0049301234567@server.example', 1);
    first.respond(first.request('INVITE'), 503);
    const { limits, audit } = stage.server;
    assert.ok(limits.lines.size > 0);
    audit.run();
    await stage.run(120_000);
    audit.run();
    assert.deepEqual([limits.lines.size, limits.serverLines.size, stage.server.calls.count, audit.found], [0, 0, 0, 0]);
  });
});
