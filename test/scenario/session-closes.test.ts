import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CallBench } from './call-bench.ts';
import type { Settings } from '../../src/settings/index.ts';
import { SipRequest } from '../../src/sip/message/index.ts';
import { sdp } from './scripted-peer.ts';
import { password, Stage } from './stage.ts';

const bobUri = 'sip:bob@server.example';

describe('too many requests in a session', () => {
  /** alice sends so many OPTIONS in the call, one each so many milliseconds. */
  async function flooded(count: number, gapMs: number, settings: Partial<Settings> = {}) {
    const all = await CallBench.connect({ settings });
    const { stage, alice, invite, answer } = all;
    for (let sent = 0; sent < count; sent++) {
      alice.send(alice.inDialog('OPTIONS', invite, answer));
      stage.clock.advance(gapMs);
    }
    await stage.run(100);
    return all;
  }

  test('a call with 500 requests in 10 s is ended on both sides [session.session-flood-close]', async () => {
    const { stage, alice, bob } = await flooded(500, 10);
    assert.equal(alice.requests('BYE').length, 1);
    assert.equal(bob.requests('BYE').length, 1);
    assert.equal(stage.server.calls.calls()[0]?.record.cdr.cause, 'session flood');
    assert.equal(stage.server.guard.findings.counts['abnormal speed'], 1);
  });

  test('a call with one request a second goes on [session.session-flood-close]', async () => {
    const { alice, bob } = await flooded(600, 1000, { media_timeout: 0, session_timer_timeout: 0 });
    assert.deepEqual([alice.requests('BYE').length, bob.requests('BYE').length], [0, 0]);
  });

  test('499 requests in 10 s are let pass, and 499 more in the next 10 s [session.session-flood-close]', async () => {
    const { stage, alice, invite, answer, bob } = await flooded(499, 1);
    stage.clock.advance(11_000);
    for (let sent = 0; sent < 499; sent++) alice.send(alice.inDialog('OPTIONS', invite, answer));
    await stage.run(100);
    assert.equal(bob.requests('BYE').length, 0);
  });

  test('while it is observed the call goes on, and the log says what would have been', async () => {
    const { stage, alice, invite, answer, bob } = await CallBench.connect({
      settings: { 'mode.session_flood_close': 'observe' },
    });
    const said: unknown[] = [];
    stage.onLog((_level, message, fields) => said.push([message, fields?.['rule']]));
    for (let sent = 0; sent < 500; sent++) alice.send(alice.inDialog('OPTIONS', invite, answer));
    await stage.run(100);
    assert.equal(bob.requests('BYE').length, 0);
    assert.deepEqual(said, [['session would be closed', 'session_flood_close']]);
  });

  test('a stranger who floods the dialog from elsewhere does not end the call [session.session-flood-close]', async () => {
    const { stage, alice, bob, invite, answer } = await CallBench.connect();
    const stranger = await stage.peer('192.0.2.66');
    for (let sent = 0; sent < 600; sent++) stranger.send(alice.inDialog('OPTIONS', invite, answer));
    await stage.run(100);
    assert.equal(bob.requests('BYE').length, 0);
  });
});

describe('invalid signalling in a session', () => {
  /** An INFO with a number that was used before. */
  function outOfOrder({ alice, invite, answer }: CallBench): SipRequest {
    const { headers } = alice.inDialog('INFO', invite, answer);
    return new SipRequest('INFO', invite.uri, headers.set('cseq', '1 INFO'), '');
  }

  function unknownMethod({ alice, invite, answer }: CallBench): SipRequest {
    return alice.inDialog('FLY', invite, answer);
  }

  for (const [what, make] of [
    ['out of order', outOfOrder],
    ['of an unknown method', unknownMethod],
  ] as const) {
    test(`10 requests ${what} in a row end the call [session.invalid-signalling-close]`, async () => {
      const call = await CallBench.connect();
      for (let sent = 0; sent < 9; sent++) call.alice.send(make(call));
      await call.stage.run(100);
      assert.equal(call.bob.requests('BYE').length, 0);
      call.alice.send(make(call));
      await call.stage.run(100);
      assert.deepEqual([call.alice.requests('BYE').length, call.bob.requests('BYE').length], [1, 1]);
      assert.equal(call.stage.server.calls.calls()[0]?.record.cdr.cause, 'invalid signalling');
      assert.equal(call.stage.server.guard.findings.counts['invalid signalling'], 1);
    });
  }

  test('one valid request among them begins the count anew [session.invalid-signalling-close]', async () => {
    const call = await CallBench.connect();
    for (let sent = 0; sent < 27; sent++) {
      if (sent % 9 === 8) call.alice.send(call.alice.inDialog('OPTIONS', call.invite, call.answer));
      else call.alice.send(unknownMethod(call));
      await call.stage.run(20);
    }
    assert.equal(call.bob.requests('BYE').length, 0);
  });

  test('invalid requests that come from elsewhere do not count [session.invalid-signalling-close]', async () => {
    const call = await CallBench.connect();
    const stranger = await call.stage.peer('192.0.2.66');
    for (let sent = 0; sent < 30; sent++) stranger.send(unknownMethod(call));
    await call.stage.run(100);
    assert.equal(call.bob.requests('BYE').length, 0);
  });
});

describe('wrong answers to challenges', () => {
  /** A phone on TCP that registers with these passwords; what it was answered, and whether it still is. */
  async function guessing(passwords: readonly string[], settings: Partial<Settings> = {}) {
    const stage = await Stage.open({ settings });
    const phone = stage.tcpPeer('192.0.2.66');
    for (const word of passwords) {
      const register = phone.build('REGISTER', 'sip:server.example', 'alice');
      phone.send(register);
      await stage.run(20);
      phone.send(phone.authorised(register, phone.response('REGISTER', 401), 'alice', word));
      await stage.run(20);
    }
    await stage.run(500);
    const answered = phone.statuses('REGISTER').filter((status) => status !== 401);
    phone.send(phone.build('OPTIONS', 'sip:server.example', 'alice'));
    await stage.run(50);
    return { answered, isOpen: phone.statuses('OPTIONS').length === 1 };
  }

  const wrong = 'a wrong password';

  test('after 5 on one connection the last gets its 403 and the connection is closed [session.session-auth-failure-close]', async () => {
    const { answered, isOpen } = await guessing([wrong, wrong, wrong, wrong, wrong]);
    assert.deepEqual([answered, isOpen], [[403, 403, 403, 403, 403], false]);
  });

  test('4, a right one and 4 more leave it open [session.session-auth-failure-close]', async () => {
    const { isOpen } = await guessing([wrong, wrong, wrong, wrong, password, wrong, wrong, wrong, wrong]);
    assert.equal(isOpen, true);
  });

  test('while it is observed the connection stays open', async () => {
    const settings = { 'mode.session_auth_failure_close': 'observe' } as const;
    assert.equal((await guessing([wrong, wrong, wrong, wrong, wrong], settings)).isOpen, true);
  });
});

describe('calls faster than people make them', () => {
  /** alice, on TCP, sends so many calls, one each so many milliseconds; all are challenged before. */
  async function dialling(count: number, gapMs: number) {
    const settings = { maxcps: 0, maxcpsperip: 0, 'mode.maxlines': 'off' } as const;
    const stage = await Stage.open({ settings });
    await stage.phone('bob', '192.0.2.22');
    const alice = stage.tcpPeer('192.0.2.21');
    await stage.register(alice, 'alice');
    const ready: SipRequest[] = [];
    for (let call = 0; call < count; call++) {
      const invite = alice.build('INVITE', bobUri, 'alice', { body: sdp('192.0.2.21') });
      alice.send(invite);
      await stage.run(20);
      const challenge = alice.response('INVITE', 407);
      alice.ack(invite, challenge);
      ready.push(alice.authorised(invite, challenge, 'alice', password));
    }
    for (const invite of ready) {
      alice.send(invite);
      await stage.run(gapMs);
    }
    await stage.run(500);
    return { stage, alice };
  }

  test('21 calls, each within 5 ms of the one before, close the session [session.abnormal-speed-close]', async () => {
    const { stage, alice } = await dialling(21, 4);
    assert.deepEqual(alice.statuses('INVITE').filter((status) => status === 503).length > 0, true);
    assert.equal(stage.server.guard.findings.counts['abnormal speed'], 1);
    assert.ok(stage.store.cdrs.length >= 1);
    assert.deepEqual([...new Set(stage.store.cdrs.slice(0, 1).map(({ cause }) => cause))], ['refused']);
    assert.equal(stage.server.stack.transportStats().connections, 0);
    assert.equal(stage.server.calls.calls().filter(({ phase }) => phase === 'ringing').length, 0);
  });

  test('20 such calls, or 40 that come 6 ms apart, are a fast thumb [session.abnormal-speed-close]', async () => {
    for (const [count, gapMs] of [
      [20, 4],
      [40, 6],
    ] as const) {
      const { stage } = await dialling(count, gapMs);
      assert.equal(stage.server.guard.findings.counts['abnormal speed'], 0);
      assert.equal(stage.server.stack.transportStats().connections, 1);
    }
  });

  test('retransmissions of one call do not count [session.abnormal-speed-close]', async () => {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    await stage.phone('bob', '192.0.2.22');
    const invite = await stage.invite(alice, 'alice', bobUri);
    for (let again = 0; again < 100; again++) alice.send(invite);
    await stage.run(100);
    assert.equal(stage.server.guard.findings.counts['abnormal speed'], 0);
    assert.equal(stage.server.calls.count, 1);
  });
});

describe('calls that are begun and not finished', () => {
  const many = { 'mode.maxlines': 'off', maxcps: 0, maxcpsperip: 0 } as const;

  async function begun(count: number, settings: Partial<Settings> = {}) {
    const stage = await Stage.open({ settings: { ...many, ...settings } });
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    for (let call = 0; call < count; call++) {
      await stage.invite(alice, 'alice', bobUri);
      await stage.run(20);
    }
    return { stage, alice, bob };
  }

  test('with 50 the 51st gets 503 with Retry-After and counts as abuse, and none before it [session.blocktoomuchpendingsession]', async () => {
    const { stage, alice } = await begun(50);
    assert.equal(alice.statuses('INVITE').includes(503), false);
    await stage.invite(alice, 'alice', bobUri);
    assert.ok(alice.response('INVITE', 503).headers.has('retry-after'));
    assert.equal(stage.server.guard.findings.counts['pending calls'], 1);
    assert.equal(stage.decisions.at(-1)?.rule, 'blocktoomuchpendingsession');
  });

  test('calls that were answered, refused or given up make room [session.blocktoomuchpendingsession]', async () => {
    const { stage, alice, bob } = await begun(2, { blocktoomuchpendingsession: 2 });
    bob.respond(bob.request('INVITE'), 486);
    await stage.run(50);
    await stage.invite(alice, 'alice', bobUri);
    assert.equal(alice.statuses('INVITE').includes(503), false);
    bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22') });
    await stage.run(50);
    await stage.invite(alice, 'alice', bobUri);
    assert.equal(alice.statuses('INVITE').includes(503), false);
  });

  test('one source does not stand in the way of another [session.blocktoomuchpendingsession]', async () => {
    const { stage } = await begun(2, { blocktoomuchpendingsession: 2 });
    const elsewhere = await stage.phone('alice', '192.0.2.31');
    await stage.invite(elsewhere, 'alice', bobUri);
    assert.equal(elsewhere.statuses('INVITE').includes(503), false);
  });

  test('0 blocks nobody [session.blocktoomuchpendingsession]', async () => {
    const { alice } = await begun(60, { blocktoomuchpendingsession: 0 });
    assert.equal(alice.statuses('INVITE').includes(503), false);
  });
});
