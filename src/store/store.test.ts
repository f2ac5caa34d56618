import { defaultLimits } from '../accounts/limits.ts';
import { prepaid } from '../accounts/money.ts';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { aCdr } from '../../test/kit/records.ts';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import type { Decision } from '../guard/decision.ts';
import type { Origin, StoreChange } from '../accounts/change.ts';
import { credentialFor } from '../accounts/ha1.ts';
import type { Account, DialRule } from '../accounts/model.ts';
import { silentLog } from '../base/log/log.ts';
import { Secret } from '../base/log/secret.ts';
import { systemRandom } from '../base/random/random.ts';
import { systemClock } from '../base/time/system-clock.ts';
import type { DialogRecord } from '../call/record.ts';
import type { Binding } from '../registrar/binding.ts';
import { type OpenedStore, openStore } from './open-store.ts';

const root = mkdtempSync(join(tmpdir(), 'ringfence-store-'));
process.on('exit', () => rmSync(root, { recursive: true, force: true }));
let folders = 0;

function newFolder(): string {
  folders++;
  return join(root, String(folders));
}

async function open(folder: string): Promise<OpenedStore> {
  const opened = await openStore(folder, { clock: systemClock, log: silentLog, random: systemRandom(), realm: 'home' });
  assert.ok(opened.ok, opened.ok ? '' : opened.error);
  return opened.value;
}

const origin: Origin = { by: 'tester', atMs: 1000 };
const audit = { ...origin, action: 'create account', subject: 'account 201', detail: '' };

const phone: Account = {
  id: 10,
  name: 'Phone201',
  kind: 'enduser',
  enabled: true,
  displayName: 'Front desk',
  needAuth: 4,
  authIp: [],
  techPrefix: '',
  permitIp: ['192.0.2.0/24'],
  transports: [],
  callerId: '',
  homeCountry: '49',
  dialPlan: 'inland',
  resellerId: undefined,
  mediaNetworks: [],
  limits: defaultLimits('enduser'),
  directions: { allowed: [], blocked: [] },
  money: prepaid,
  packetIds: [],
  trunk: undefined,
};

const carrier: Account = {
  ...phone,
  id: 11,
  name: 'carrier',
  kind: 'sipserver',
  techPrefix: '9988776655',
  trunk: {
    host: '198.51.100.7',
    port: 5060,
    transport: 'udp',
    tlsTrust: 'public',
    realm: 'carrier.example',
    authUser: 'us',
    authPassword: new Secret('TrunkPassword77'),
    addresses: ['198.51.100.8'],
    maxCalls: 30,
    trustIdentity: true,
    numberFormat: '',
    use100rel: false,
    useSessionTimer: false,
    registerS: 600,
    pingS: undefined,
  },
};

const rule: DialRule = {
  id: 12,
  name: 'inland',
  pattern: '0Z.',
  secretPrefix: '55443322',
  deleteDigits: 1,
  addDigits: '43',
  timeRule: '',
  maxDurationS: 600,
  emergency: false,
  dialPlan: 'inland',
  routes: [{ sipServerId: 11, priority: 1, weight: 10 }],
  recordInCdr: true,
};

const dialog: DialogRecord = {
  callId: 'a',
  localTag: 'l',
  remoteTag: 'r',
  localUri: 'sip:1@home',
  remoteUri: 'sip:2@home',
  localSeq: 1,
  remoteTarget: 'sip:2@192.0.2.1',
  routeSet: [],
  transport: 'udp',
  localAddress: '192.0.2.9',
  localPort: 5060,
  remoteAddress: '192.0.2.1',
  remotePort: 5060,
};

const binding: Binding = {
  key: '10|sip:201@192.0.2.1',
  accountId: 10,
  user: '201',
  contact: 'sip:201@192.0.2.1',
  instance: '',
  callId: 'reg',
  cseq: 1,
  q: 1000,
  expiresAtMs: Date.now() + 3_600_000,
  registeredAtMs: 0,
  transport: 'udp',
  sourceAddress: '192.0.2.1',
  sourcePort: 5060,
  localAddress: '192.0.2.9',
  localPort: 5060,
  userAgent: 'phone/1',
  path: [],
  provenAt: 'udp:192.0.2.1:5060',
};

function accountChanges(): StoreChange[] {
  return [
    { kind: 'account put', account: phone, fields: ['name', 'permitip'], origin },
    { kind: 'credential put', credential: credentialFor(phone, 'home', 'ClearText4711', undefined) },
    { kind: 'account put', account: carrier, fields: ['name'], origin },
    { kind: 'number put', ownership: { number: '4319999', accountId: 10 } },
    { kind: 'dial rule put', rule },
  ];
}

test('the first start makes a private folder, a realm and an admin whose password is told once', async () => {
  const folder = newFolder();
  const { store, firstStart } = await open(folder);
  assert.equal(store.realm, 'home');
  assert.equal(firstStart?.adminName, 'admin');
  assert.equal(await store.checkWebPassword(1, firstStart.adminPassword), true);
  assert.equal(await store.checkWebPassword(1, new Secret('guess')), false);
  assert.equal(await store.checkWebPassword(undefined, firstStart.adminPassword), false);
  await store.close();
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  for (const name of ['ringfence.db', 'keys.json']) assert.equal(statSync(join(folder, name)).mode & 0o077, 0, name);
  const second = await open(folder);
  assert.equal(second.firstStart, undefined);
  assert.equal(second.store.epoch, store.epoch + 1);
  await second.store.close();
});

test('accounts, credentials, numbers and rules come back as they were, with who set each field', async () => {
  const folder = newFolder();
  const first = await open(folder);
  await first.store.apply(accountChanges(), [audit]);
  await first.store.close();
  const { store } = await open(folder);
  const { directory } = await store.loadSnapshot();
  assert.deepEqual(directory.accounts.slice(1, 2), [phone]);
  const trunk = directory.accounts[2]?.trunk;
  assert.equal(trunk?.authPassword?.reveal(), 'TrunkPassword77');
  assert.equal(directory.accounts[2]?.techPrefix, '9988776655');
  assert.deepEqual(directory.dialRules, [rule]);
  assert.deepEqual(directory.numbers, [{ number: '4319999', accountId: 10 }]);
  const given = credentialFor(phone, 'home', 'ClearText4711');
  assert.equal(directory.credentials[0]?.ha1Sha256.reveal(), given.ha1Sha256.reveal());
  assert.equal(directory.nextId, 13);
  assert.deepEqual((await store.fieldOrigins(10)).get('permitip'), origin);
  assert.deepEqual((await store.auditEntries(1))[0], audit);
  await store.apply([{ kind: 'account remove', accountId: 10 }], []);
  const { directory: after } = await store.loadSnapshot();
  assert.deepEqual([after.accounts.length, after.credentials.length, after.numbers.length], [2, 0, 0]);
  await store.close();
});

test('a decision is read back as it was stored', async () => {
  const { store } = await open(newFolder());
  const refusal = {
    rule: 'dial_rule',
    sipStatus: 404,
    measured: '0049',
    asked: '',
    limit: '',
    unit: '',
    setBy: 'built in',
  };
  const decision: Decision = {
    ...{ ...refusal, setAtMs: undefined, wouldPass: 'a number of ours', evidence: '', id: 'd1', timeMs: 5 },
    ...{ subject: 'account:alice', mode: 'enforce' as const, outcome: 'refused' as const, callId: 'c1' },
  };
  store.decisions.put(decision);
  await store.apply([], []);
  await store.settings.put({ key: 'ring_timeout', value: '5', by: 'test', atMs: 1 });
  assert.deepEqual(await store.decision('d1'), decision);
  assert.equal(await store.decision('none'), undefined);
  await store.close();
});

test('of decisions, the old ones and the oldest of too many go, a thousand at a time', async () => {
  const { store } = await open(newFolder());
  const refusal = { rule: 'credit', sipStatus: 403, measured: '1', asked: '1', limit: '1', unit: '', setBy: '' };
  for (let at = 0; at < 2500; at++) {
    store.decisions.put({
      ...{ ...refusal, setAtMs: undefined, wouldPass: '', evidence: '', id: `d${at}`, timeMs: at },
      ...{ subject: 'account:alice', mode: 'enforce', outcome: 'refused', callId: '' },
    });
  }
  await store.settings.put({ key: 'ring_timeout', value: '5', by: 'test', atMs: 1 });
  const left = async (): Promise<readonly number[]> => {
    const decisions = await store.queryDecisions({ limit: 10_000 });
    return [decisions.length, decisions.at(-1)?.timeMs ?? -1];
  };
  assert.equal(await store.pruneDecisions(100, 1_000_000), 100);
  assert.deepEqual(await left(), [2400, 100]);
  const slices = [
    await store.pruneDecisions(100, 500),
    await store.pruneDecisions(100, 500),
    await store.pruneDecisions(100, 500),
  ];
  assert.deepEqual(slices, [1000, 900, 0]);
  assert.deepEqual(await left(), [500, 2000]);
  await store.close();
});

test('[auth.securepasswords] no password, HA1 or tech prefix is in any file of the data folder or of a backup', async () => {
  const folder = newFolder();
  const { store } = await open(folder);
  await store.apply(accountChanges(), [audit]);
  await store.backup(join(folder, 'copy.db'));
  await store.close();
  const credential = credentialFor(phone, 'home', 'ClearText4711');
  const secrets = ['ClearText4711', 'TrunkPassword77', '9988776655', '55443322'];
  secrets.push(credential.ha1Md5.reveal(), credential.ha1Sha256.reveal());
  const files = readdirSync(folder, { encoding: 'utf8', recursive: true }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  assert.ok(files.some((name) => name.startsWith('ledger/')));
  for (const name of files) {
    const octets = readFileSync(join(folder, name));
    for (const secret of secrets) assert.equal(octets.includes(secret), false, `${secret} in ${name}`);
  }
});

test('keys are changed while the store runs: everything is sealed by the new one and still opens', async () => {
  const folder = newFolder();
  const { store } = await open(folder);
  await store.apply(accountChanges(), []);
  await store.rotateKeys();
  const { directory } = await store.loadSnapshot();
  assert.equal(directory.accounts[2]?.techPrefix, '9988776655');
  await store.close();
  const { keys }: { keys: { id: string }[] } = JSON.parse(readFileSync(join(folder, 'keys.json'), 'utf8'));
  assert.equal(keys.length, 2);
  const sealed = new DatabaseSync(join(folder, 'ringfence.db')).prepare('SELECT ha1_md5_sealed FROM credentials').get();
  assert.ok(String(sealed?.['ha1_md5_sealed']).startsWith(`${keys[1]?.id}.`));
});

test('a database without its keys is refused with a sentence that names the file', async () => {
  const folder = newFolder();
  await (await open(folder)).store.close();
  rmSync(join(folder, 'keys.json'));
  const opened = await openStore(folder, { clock: systemClock, log: silentLog, random: seededRandom(1), realm: '' });
  assert.ok(!opened.ok && /keys\.json is missing/.test(opened.error), JSON.stringify(opened));
});

test('a damaged database or key file is refused with its name and the remedy, and nothing of it is changed', async () => {
  const rows = [
    [
      'ringfence.db',
      'not a database at all, but long enough to look like one'.repeat(99),
      /ringfence\.db is damaged .*put a backup/,
    ],
    ['keys.json', '{', /keys\.json is not a key file of this server; restore it/],
  ] as const;
  for (const [file, octets, message] of rows) {
    const folder = newFolder();
    await (await open(folder)).store.close();
    writeFileSync(join(folder, file), octets);
    const opened = await openStore(folder, { clock: systemClock, log: silentLog, random: seededRandom(1), realm: '' });
    assert.match(opened.ok ? 'opened' : opened.error, message);
    assert.equal(readFileSync(join(folder, file), 'utf8'), octets);
  }
});

test('a database that a newer version has changed is refused with what to start instead', async () => {
  const folder = newFolder();
  await (await open(folder)).store.close();
  const database = new DatabaseSync(join(folder, 'ringfence.db'));
  database.exec("INSERT INTO kysely_migration (name, timestamp) VALUES ('9999-of-tomorrow', '2099-01-01')");
  database.close();
  const opened = await openStore(folder, { clock: systemClock, log: silentLog, random: seededRandom(1), realm: '' });
  assert.match(opened.ok ? 'opened' : opened.error, /another version, .*9999-of-tomorrow.*; start that version/);
});

test('a data folder that cannot be made is refused with its name and the remedy', async () => {
  const file = join(newFolder(), 'file');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '');
  const opened = await openStore(file, { clock: systemClock, log: silentLog, random: seededRandom(1), realm: '' });
  assert.match(opened.ok ? 'opened' : opened.error, /file must be a folder of the user .*--data/);
});

test('a second server on the same folder is refused, and let in when the first is gone', async () => {
  const folder = newFolder();
  const { store } = await open(folder);
  const refused = await openStore(folder, { clock: systemClock, log: silentLog, random: seededRandom(1), realm: '' });
  assert.ok(!refused.ok && refused.error.includes(`process ${process.pid}`));
  await store.close();
  await (await open(folder)).store.close();
});

test('a server that starts while a command has the folder waits for it', async () => {
  const folder = newFolder();
  const { store } = await open(folder);
  const parts = { clock: systemClock, log: silentLog, random: seededRandom(1), realm: '', lockWaitMs: 60_000 };
  const waiting = openStore(folder, parts);
  await store.close();
  const opened = await waiting;
  assert.ok(opened.ok, JSON.stringify(opened));
  await opened.value.store.close();
});

test('a call in progress is there after the end of the server, and its CDR replaces it exactly once', async () => {
  const folder = newFolder();
  const first = await open(folder);
  await first.store.calls.begin({ callId: 'c1', startedAtMs: 5000, cdr: aCdr('c1'), invites: [], money: '' });
  await first.store.calls.begin({ callId: 'c2', startedAtMs: 5000, cdr: aCdr('c2'), invites: [], money: '' });
  await first.store.calls.answer({
    callId: 'c1',
    answeredAtMs: 5010,
    cdr: aCdr('c1'),
    caller: dialog,
    callee: dialog,
    money: '',
  });
  await first.store.close();
  const { store } = await open(folder);
  const { unfinishedCalls } = await store.loadSnapshot();
  assert.deepEqual(
    unfinishedCalls.map((call) => [call.cdr.callId, call.answeredAtMs, call.caller?.localTag]),
    [
      ['c1', 5010, 'l'],
      ['c2', undefined, undefined],
    ],
  );
  await store.calls.end(aCdr('c1'));
  await store.calls.end({ ...aCdr('c1'), cause: 'again' });
  assert.equal((await store.loadSnapshot()).unfinishedCalls.length, 1);
  assert.deepEqual(await store.queryCdrs({ limit: 10 }), [aCdr('c1')]);
  await store.close();
});

test('a write that fails is told to its caller alone; those of the same batch are kept', async () => {
  const { store } = await open(newFolder());
  const results = await Promise.allSettled([
    store.calls.begin({ callId: 'c1', startedAtMs: 1, cdr: aCdr('c1'), invites: [], money: '' }),
    store.calls.begin({ callId: 'c1', startedAtMs: 2, cdr: aCdr('c1'), invites: [], money: '' }),
    store.calls.answer({
      callId: 'unknown',
      answeredAtMs: 1,
      cdr: aCdr('x'),
      caller: dialog,
      callee: dialog,
      money: '',
    }),
    store.apply([{ kind: 'account put', account: { ...phone, name: 'ADMIN' }, fields: [], origin }], [audit]),
    store.calls.begin({ callId: 'c3', startedAtMs: 3, cdr: aCdr('c3'), invites: [], money: '' }),
  ]);
  assert.deepEqual(
    results.map((result) => result.status),
    ['fulfilled', 'rejected', 'rejected', 'rejected', 'fulfilled'],
  );
  assert.equal(store.healthy, true);
  assert.equal((await store.auditEntries(10)).length, 1, 'the audit entry of the refused change is not there');
  assert.equal((await store.loadSnapshot()).unfinishedCalls.length, 2);
  await store.close();
});

test('CDRs are found by time, account and call, newest first', async () => {
  const { store } = await open(newFolder());
  const started = [1000, 3000, 2000];
  await Promise.all(started.map((atMs) => store.calls.end(aCdr(`at${atMs}`, atMs))));
  await store.calls.end({ ...aCdr('other', 2500), payerId: 99, calleeName: 'Phone201' });
  await store.calls.end({ ...aCdr('foreign', 2600), payerId: 99 });
  const found = async (filter: Omit<Parameters<typeof store.queryCdrs>[0], 'limit'>, limit = 10): Promise<string> => {
    return (await store.queryCdrs({ ...filter, limit })).map((one) => one.callId).join(' ');
  };
  assert.equal(await found({}, 2), 'at3000 foreign');
  assert.equal(await found({ sinceMs: 2000, untilMs: 2600 }), 'other at2000');
  assert.equal(await found({ account: { id: 10, name: 'Phone201' } }), 'at3000 other at2000 at1000');
  assert.equal(await found({ callId: 'at1000' }), 'at1000');
  await store.close();
});

test('settings and bindings outlive the server; expired bindings do not', async () => {
  const folder = newFolder();
  const first = await open(folder);
  await first.store.settings.put({ key: 'maxlines', value: '2', by: 'admin', atMs: 7 });
  await first.store.settings.put({ key: 'maxlines', value: '3', by: 'admin', atMs: 8 });
  await first.store.settings.put({ key: 'gone', value: '1', by: 'admin', atMs: 8 });
  await first.store.settings.remove('gone');
  first.store.bindings.put(binding);
  first.store.bindings.put({ ...binding, cseq: 2 });
  first.store.bindings.put({ ...binding, key: 'removed' });
  first.store.bindings.remove('removed');
  first.store.bindings.put({ ...binding, key: 'expired', expiresAtMs: 1 });
  await first.store.close();
  const { store } = await open(folder);
  const snapshot = await store.loadSnapshot();
  assert.deepEqual(snapshot.settings, [{ key: 'maxlines', value: '3', by: 'admin', atMs: 8 }]);
  assert.deepEqual(await store.settings.load(), snapshot.settings);
  assert.deepEqual(snapshot.bindings, [{ ...binding, cseq: 2 }]);
  await store.close();
});

test('[admin.backups] a backup of a running server, restored on an empty folder, has the same accounts and CDRs', async () => {
  const folder = newFolder();
  const { store } = await open(folder);
  await store.apply(accountChanges(), [audit]);
  await store.calls.end(aCdr('c1'));
  const copy = join(root, 'backup.db');
  await store.backup(copy);
  await assert.rejects(store.backup(copy), /overwrites nothing/);
  const before = await store.loadSnapshot();
  await store.close();
  const restored = newFolder();
  mkdirSync(restored);
  copyFileSync(copy, join(restored, 'ringfence.db'));
  copyFileSync(join(folder, 'keys.json'), join(restored, 'keys.json'));
  const second = await open(restored);
  assert.deepEqual((await second.store.loadSnapshot()).directory.accounts, before.directory.accounts);
  assert.deepEqual(await second.store.queryCdrs({ limit: 10 }), [aCdr('c1')]);
  assert.equal(second.store.realm, 'home');
  await second.store.close();
});

test('after a SIGKILL every acknowledged call is there and the folder is free', async () => {
  const folder = newFolder();
  const script = join(root, 'child.ts');
  const sources = new URL('..', import.meta.url);
  writeFileSync(
    script,
    `import { openStore } from '${new URL('store/open-store.ts', sources)}';
    import { systemClock } from '${new URL('base/time/system-clock.ts', sources)}';
    import { systemRandom } from '${new URL('base/random/random.ts', sources)}';
    import { silentLog } from '${new URL('base/log/log.ts', sources)}';
    const opened = await openStore(${JSON.stringify(folder)}, { clock: systemClock, log: silentLog, random: systemRandom(), realm: '' });
    const { store } = opened.value;
    store.startHeartbeat();
    for (let n = 0; ; n++) {
      await Promise.all([0, 1, 2, 3].map(async (part) => {
        const callId = n + '-' + part;
        await store.calls.begin({ callId, startedAtMs: n, cdr: { callId }, invites: [], money: '' });
        process.stdout.write(callId + '\\n');
      }));
    }`,
  );
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const acknowledged: string[] = [];
  let killed = false;
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(line);
    if (acknowledged.length >= 400 && !killed) killed = child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  const { store } = await open(folder);
  const { unfinishedCalls } = await store.loadSnapshot();
  const there = new Set(unfinishedCalls.map((call) => call.cdr.callId));
  assert.deepEqual(
    acknowledged.filter((callId) => !there.has(callId)),
    [],
  );
  await store.close();
});
