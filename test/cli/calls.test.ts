import type { Decision } from '../../src/guard/decision.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveCall } from '../../src/api/ports.ts';
import type { Cdr } from '../../src/call/record.ts';
import type { Binding } from '../../src/registrar/binding.ts';
import { systemClock } from '../../src/base/time/system-clock.ts';
import { chargePosting } from '../../src/billing/ledger/posting.ts';
import { priceRow } from '../kit/money.ts';
import { onStage } from './stage.ts';

const startMs = Date.UTC(2026, 0, 31, 9, 30);

/** The calendar stands still, while the store's timers run. */
const standing = { ...systemClock, wallMs: () => startMs };

const call: LiveCall = {
  callId: 'c0ffee',
  phase: 'connected',
  callerName: 'alice',
  callerNumber: '201',
  dialledNumber: '202',
  calleeName: 'bob',
  startedAtMs: startMs - 70_000,
  answeredAtMs: startMs - 65_000,
  codecs: 'PCMA',
  callerQuality: { packets: 3250, lost: 3, jitterMs: 2.13, mosHundredths: 438 },
  calleeQuality: { packets: 3250, lost: 0, jitterMs: 0.4, mosHundredths: 441 },
  charge: { row: priceRow(60_000n, { tariff: 'retail', prefix: '43' }), chargeMicros: 65_000n, coveredS: 95 },
};

const binding: Binding = {
  key: '2|sip:alice@192.0.2.7',
  accountId: 2,
  user: 'alice',
  contact: 'sip:alice@192.0.2.7:5062',
  instance: '',
  callId: 'reg',
  cseq: 1,
  q: 1000,
  expiresAtMs: startMs + 61_000,
  registeredAtMs: startMs - 1000,
  transport: 'udp',
  sourceAddress: '192.0.2.7',
  sourcePort: 5062,
  localAddress: '192.0.2.5',
  localPort: 5060,
  userAgent: 'Phone\x1b]0;owned\x07 \u202eevil',
  path: [],
  provenAt: 'udp:192.0.2.1:5060',
};

const cdr: Cdr = {
  callId: 'beef01',
  sipCallId: 'x@phone',
  payerId: 2,
  callerId: 2,
  callerName: 'alice',
  calleeName: 'bob',
  callerNumber: '201',
  dialledNumber: '202',
  canonicalNumber: '202',
  numberClass: 'local',
  sentNumber: '202',
  dialRule: '',
  attempts: [{ target: 'user:bob', sentNumber: '202', status: 200, startedAtMs: startMs, endedAtMs: startMs + 3200 }],
  startedAtMs: startMs,
  answeredAtMs: startMs + 3200,
  endedAtMs: startMs + 3200 + 61_001,
  cause: 'answered',
  sipStatus: 200,
  endedBy: 'caller',
  codecs: 'PCMA',
  callerQuality: { packets: 3000, lost: 1, jitterMs: 1.2, mosHundredths: 440 },
  calleeQuality: undefined,
  sourceAddress: '192.0.2.7',
  sourcePort: 5062,
  transport: 'udp',
  userAgent: 'Phone\x1b[2J',
  decisionId: '',
  transferOf: '',
  earlyMediaMs: 4200,
};

test('without a server, what only a server knows ends with exit code 3 and says how to start one', () =>
  onStage(async (stage) => {
    await stage.run(['user', 'add', 'alice']);
    for (const argv of [['calls'], ['calls', '--watch'], ['registrations'], ['end', 'c0ffee']]) {
      const ran = await stage.run(argv);
      assert.equal(ran.exitCode, 3, argv.join(' '));
      assert.match(ran.stderr, /ringfence serve/);
      assert.equal(JSON.parse((await stage.run([...argv, '--json'])).stderr).error.code, 'server is not running');
    }
  }));

test('calls shows each call in progress with its time, its price, what it has cost, and the quality of both sides', () =>
  onStage(async (stage) => {
    const { live } = await stage.startServer(standing);
    assert.match((await stage.run(['calls'])).stdout, /No call is in progress/);
    live.inProgress = [
      call,
      {
        ...call,
        callId: 'ring',
        phase: 'ringing',
        answeredAtMs: undefined,
        charge: undefined,
        callerQuality: undefined,
        calleeQuality: undefined,
      },
    ];
    const { stdout } = await stage.run(['calls']);
    assert.match(stdout, /c0ffee +connected +alice +201 +202 +bob +1:05 +0\.06 +0\.065 EUR +1:35 +PCMA +4\.38/);
    assert.match(stdout, /ring +ringing .* 1:10 +- +- +- +PCMA +-$/m);
    assert.match(stdout, /2 calls in progress/);
    const json = await stage.json(['calls']);
    assert.ok(typeof json === 'object' && json !== null && 'calls' in json && Array.isArray(json.calls));
    assert.deepEqual(
      json.calls.map((each) => [each.callId, each.durationMs, each.answeredAtMs]),
      [
        ['c0ffee', 65_000, startMs - 65_000],
        ['ring', 70_000, null],
      ],
    );
  }));

test('calls --watch shows them until the operator has seen enough', () =>
  onStage(async (stage) => {
    const { live } = await stage.startServer();
    live.inProgress = [call];
    const interrupt = new AbortController();
    const options = { interrupted: interrupt.signal, onOutput: () => interrupt.abort() };
    const ran = await stage.run(['calls', '--watch'], options);
    assert.equal(ran.exitCode, 0);
    assert.match(ran.stdout, /c0ffee/);
  }));

test('end ends a call that is in progress, refuses another id, and is in the audit', () =>
  onStage(async (stage) => {
    const { live } = await stage.startServer();
    live.inProgress = [call];
    assert.equal((await stage.run(['end', 'c0ffee'])).exitCode, 0);
    assert.deepEqual(live.ended, ['c0ffee']);
    const unknown = await stage.run(['end', 'nonsense']);
    assert.equal(unknown.exitCode, 1);
    assert.match(unknown.stderr, /no call "nonsense" is in progress/);
    assert.match((await stage.run(['audit'])).stdout, /end call +call c0ffee/);
  }));

test('registrations shows living ones by user, and no character that steers a terminal', () =>
  onStage(async (stage) => {
    const { live } = await stage.startServer(standing);
    await stage.run(['user', 'add', 'alice', 'bob']);
    live.registered = [binding, { ...binding, user: 'gone', expiresAtMs: startMs - 1 }];
    for (const argv of [['registrations'], ['registrations', 'alice'], ['registrations', '--json']]) {
      const { stdout } = await stage.run(argv);
      assert.match(stdout, /alice/);
      assert.doesNotMatch(stdout, /gone/);
      assert.doesNotMatch(stdout, /[\x00-\x09\x0b-\x1f\x7f\u202e]/);
      assert.match(stdout, /Phone\\u001b\]0;owned\\u0007 \\u202eevil/);
    }
    assert.match((await stage.run(['registrations'])).stdout, /udp 192\.0\.2\.7:5062 +1:01 /);
    assert.match((await stage.run(['registrations', 'bob'])).stdout, /No device is registered/);
    assert.equal((await stage.run(['registrations', 'nobody'])).exitCode, 1);
    assert.match((await stage.run(['user', 'list'])).stdout, /alice +enduser +enabled .* 1$/m);
  }));

test('CDRs are listed newest first, filtered, and shown in full with and without a server', () =>
  onStage(async (stage) => {
    const { store } = await stage.startServer();
    await stage.run(['user', 'add', 'alice', 'bob', 'carol']);
    await stage.run(['user', 'add', 'carrier', '--kind', 'sipserver', '--set', 'host=192.0.2.50']);
    const charge = { callId: cdr.callId, day: '2026-01-31', currency: 'USD', cause: '', atMs: startMs };
    const charges = [
      chargePosting({ ...charge, accountId: 2, costMicros: 62_000n }),
      chargePosting({ ...charge, accountId: 5, costMicros: 31_500n }),
    ];
    await store.calls.end(cdr, charges);
    const later = {
      ...cdr,
      callId: 'beef02',
      startedAtMs: startMs + 3_600_000,
      answeredAtMs: undefined,
      cause: 'busy',
      sipStatus: 486,
      callerQuality: undefined,
    };
    await store.calls.end(later);
    for (const state of ['with', 'without']) {
      if (state === 'without') await stage.stopServer();
      assert.deepEqual(await idsOf(stage.json(['cdr'])), ['beef02', 'beef01'], state);
      assert.deepEqual(await idsOf(stage.json(['cdr', '--limit', '1'])), ['beef02']);
      assert.deepEqual(await idsOf(stage.json(['cdr', '--until', '2026-01-31T10:00Z'])), ['beef01']);
      assert.deepEqual(await idsOf(stage.json(['cdr', '--since', '2026-01-31T10:00Z'])), ['beef02']);
      assert.deepEqual(await idsOf(stage.json(['cdr', '--user', 'bob'])), ['beef02', 'beef01']);
      assert.deepEqual(await idsOf(stage.json(['cdr', '--user', 'carol'])), []);
      const list = await stage.run(['cdr']);
      assert.match(list.stdout, /beef01 .* 1:02 +answered +200 +PCMA +4\.40\/-/);
      assert.match(list.stdout, /beef02 .* 0:00 +busy +486 /);
      const full = await stage.run(['cdr', 'beef01']);
      assert.match(full.stdout, /from caller +4\.40 \(3000 packets, 1 lost, jitter 1\.2 ms\)/);
      assert.match(full.stdout, /charged +0\.062 USD to alice \(2026-01-31\)\ncosts us +0\.0315 USD over carrier/);
      assert.match(full.stdout, /attempt 1 +user:bob as 202: 200 after 3\.2 s/);
      assert.match(full.stdout, /phone +Phone\\u001b\[2J/);
      assert.equal((await stage.run(['cdr', 'unknown'])).exitCode, 1);
      assert.match((await stage.run(['cdr', '--user', 'nobody'])).stderr, /there is no user "nobody"/);
    }
  }));

test('times and counts that cannot be read are wrong usage, with what to write', () =>
  onStage(async (stage) => {
    await stage.run(['user', 'add', 'alice']);
    const rows = [
      [['cdr', '--since', 'yesterday'], /--since: 'yesterday' is no time; write 2026-01-31/],
      [['cdr', '--until', '2026-13-01'], /--until/],
      [['cdr', '--limit', '0'], /--limit: '0' is refused; write a whole number/],
      [['audit', '--limit', '10001'], /1 to 10000/],
    ] as const;
    for (const [argv, message] of rows) {
      const ran = await stage.run(argv);
      assert.equal(ran.exitCode, 2, argv.join(' '));
      assert.match(ran.stderr, message);
    }
  }));

async function idsOf(list: Promise<unknown>): Promise<unknown[]> {
  const value = await list;
  assert.ok(typeof value === 'object' && value !== null && 'cdrs' in value && Array.isArray(value.cdrs));
  return value.cdrs.map((each: { callId: string }) => each.callId);
}

test('explain tells why a call was refused, and an unknown id is refused with what to do', () =>
  onStage(async (stage) => {
    const { store } = await stage.startServer(standing);
    store.decisions.put({
      ...{
        id: '3f9a',
        timeMs: startMs,
        subject: 'account:alice',
        rule: 'dial_rule',
        mode: 'enforce',
        outcome: 'refused',
      },
      ...{
        measured: '0049',
        asked: '',
        limit: '',
        unit: '',
        setBy: 'built in',
        setAtMs: undefined,
        wouldPass: 'a number of ours',
      },
      ...{ sipStatus: 404, callId: 'c1', evidence: '' },
    });
    await store.settings.put({ key: 'ring_timeout', value: '30', by: 'test', atMs: startMs });
    const explained = await stage.run(['explain', '3f9a']);
    assert.match(
      explained.stdout,
      /rule +dial_rule \(enforce\), set by built in\nmeasured +0049\nwould pass +a number of ours/,
    );
    const unknown = await stage.run(['explain', 'nothing']);
    assert.deepEqual([unknown.exitCode, /the CDR of a refused call names its own/.test(unknown.stderr)], [1, true]);
  }));

test('decisions lists refusals by user, rule and outcome, and explain tells what another limit would have done', () =>
  onStage(async (stage) => {
    const { store } = await stage.startServer(standing);
    await stage.run(['user', 'add', 'alice']);
    const decision: Decision = {
      ...{ id: 'd1', timeMs: startMs, subject: 'account:alice', rule: 'maxlines', measured: '5', asked: '1' },
      mode: 'observe',
      outcome: 'would refuse',
      ...{ limit: '5', unit: 'calls', setBy: 'anna', setAtMs: startMs },
      ...{ wouldPass: 'a limit of at least 6 calls', sipStatus: 403, callId: 'c1', evidence: '' },
    };
    store.decisions.put(decision);
    store.decisions.put({ ...decision, id: 'd2', subject: 'account:bob', mode: 'enforce', outcome: 'refused' });
    await store.settings.put({ key: 'ring_timeout', value: '30', by: 'test', atMs: startMs });
    const odd = await stage.run(['decisions', '--outcome', 'maybe']);
    assert.equal(odd.exitCode, 2);
    assert.match(odd.stderr, /--outcome: 'maybe' is refused; write refused or 'would refuse'/);
    const mine = await stage.run(['decisions', '--user', 'alice', '--outcome', 'would refuse']);
    assert.match(mine.stdout, /d1.*account:alice.*maxlines.*would refuse.*5.*5 calls.*403/);
    assert.doesNotMatch(mine.stdout, /d2/);
    const explained = await stage.run(['explain', 'd1', '--limit', '6']);
    assert.match(explained.stdout, /measured +5 calls, and 1 calls for the call\nlimit +5 calls/);
    assert.match(explained.stdout, /with a limit of 6 calls the call would have passed/);
    const wrong = await stage.run(['explain', 'd1', '--limit', 'many']);
    assert.match(wrong.stderr, /limit "many" is refused; write a whole number/);
    assert.match((await stage.run(['decisions', '--strangers'])).stdout, /192\.0\.2\.66 +guest refused.* 3/);
  }));

test('keys rotate seals the stored secrets anew and is in the audit', () =>
  onStage(async (stage) => {
    await stage.startServer();
    await stage.run(['user', 'add', 'alice']);
    assert.equal((await stage.run(['keys', 'rotate'])).exitCode, 0);
    assert.match((await stage.run(['audit'])).stdout, /rotate keys/);
  }));
