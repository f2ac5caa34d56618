import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { stepsPerSlice } from '../../src/base/time/in-slices.ts';
import { systemClock } from '../../src/base/time/system-clock.ts';
import { systemTurn } from '../../src/base/time/system-turn.ts';
import { onStage } from './stage.ts';

const office = `
users:
  - name: "201"
    displayname: Front desk
  - name: "202"
sipservers:
  - name: carrier
    host: 192.0.2.9
    authuser: us
    authpassword: 10.10
numbers:
  - number: +43 1 2345
    user: "201"
dialrules:
  - name: abroad
    pattern: 00X.
    delete: 2
    sipservers: carrier
settings:
  log_level: debug
`;
const files = { 'office.yaml': office, '-': office, broken: 'users: [', empty: ' \n' };

for (const withServer of [false, true]) {
  const state = withServer ? 'a server runs' : 'no server runs';

  test(`an import takes all, prints generated passwords once, and a second time changes nothing (${state})`, () =>
    onStage(async (stage) => {
      if (withServer) await stage.startServer();
      const first = await stage.run(['import', 'office.yaml'], { files });
      assert.equal(first.exitCode, 0, first.stderr);
      assert.match(first.stdout, /\+ user 201/);
      assert.match(first.stdout, /\+ dialrule abroad/);
      assert.match(first.stdout, /6 records imported: 6 created, 0 changed, 0 unchanged/);
      assert.match(first.stdout, /^202 +[A-Za-z2-9]{16}$/m);
      assert.ok(!first.stdout.includes('10.10'));
      assert.match((await stage.run(['number', 'list'])).stdout, /4312345 +201/);
      assert.match((await stage.run(['rule', 'list'])).stdout, /abroad .*00X\. .*carrier \(1, 1\)/);
      assert.equal((await stage.run(['settings', 'get', 'log_level'])).stdout, 'debug\n');
      const audit = await stage.json(['audit', '--limit', '100']);
      const second = await stage.run(['import', '-'], { files });
      assert.match(second.stdout, /0 records imported: 0 created, 0 changed, 6 unchanged/);
      assert.deepEqual(await stage.json(['audit', '--limit', '100']), audit);
    }));

  test(`a dry run says what an import would do, and does nothing (${state})`, () =>
    onStage(async (stage) => {
      if (withServer) await stage.startServer();
      else await stage.run(['settings', 'set', 'log_level', 'info']);
      const before = await stage.json(['audit']);
      const dry = await stage.run(['import', '--dry-run', 'office.yaml'], { files });
      assert.equal(dry.exitCode, 0, dry.stderr);
      assert.match(dry.stdout, /\+ user 201/);
      assert.match(dry.stdout, /Dry run, nothing was changed/);
      assert.doesNotMatch(dry.stdout, /^202 +[A-Za-z2-9]{16}$/m);
      assert.deepEqual(await stage.json(['user', 'list', '--kind', 'enduser']), { users: [] });
      assert.deepEqual(await stage.json(['audit']), before);
      assert.notEqual((await stage.run(['settings', 'get', 'log_level'])).stdout, 'debug\n');
    }));

  test(`one wrong record refuses the whole import and names record, field and remedy (${state})`, () =>
    onStage(async (stage) => {
      if (withServer) await stage.startServer();
      const wrong = `${office}  udp_port: 70000\n`.replace('host: 192.0.2.9', 'hots: 192.0.2.9');
      const ran = await stage.run(['import', 'wrong.yaml'], { files: { 'wrong.yaml': wrong } });
      assert.equal(ran.exitCode, 1);
      assert.match(ran.stderr, /sipserver carrier: 'hots' is unknown; the nearest field is 'host'/);
      assert.match(ran.stderr, /udp_port: '70000' is refused/);
      assert.deepEqual(await stage.json(['user', 'list', '--kind', 'enduser']), { users: [] });
    }));
}

test('settings that hold only together are imported together, and a conflict refuses all', () =>
  onStage(async (stage) => {
    await stage.startServer();
    const ports = (start: number, end: number): string =>
      `settings:\n  start_rtp_port: ${start}\n  end_rtp_port: ${end}\n`;
    const moved = { 'a.yaml': ports(50_000, 50_100), 'b.yaml': ports(20_000, 20_100), 'c.yaml': ports(30_000, 29_000) };
    for (const file of ['a.yaml', 'b.yaml']) {
      const ran = await stage.run(['import', file], { files: moved });
      assert.equal(ran.exitCode, 0, ran.stderr);
      assert.doesNotMatch(ran.stdout, /not in effect/);
    }
    const refused = await stage.run(['import', 'c.yaml'], { files: moved });
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /30000 to 29000 are not enough/);
    await stage.stopServer();
    const row = await stage.json(['settings', 'get', 'start_rtp_port']);
    assert.ok(typeof row === 'object' && row !== null && 'value' in row && row.value === '20000');
  }));

test('files that are absent, empty or no YAML are refused with the reason, and make no folder', () =>
  onStage(async (stage) => {
    const rows = [
      ['absent.yaml', /absent\.yaml cannot be read: no such file/],
      ['empty', /empty is empty/],
    ] as const;
    for (const [file, message] of rows) {
      const ran = await stage.run(['import', file], { files });
      assert.equal(ran.exitCode, 1);
      assert.match(ran.stderr, message);
      assert.equal(existsSync(stage.dataFolder), false);
    }
    const broken = await stage.run(['import', 'broken'], { files });
    assert.equal(broken.exitCode, 1);
    assert.match(broken.stderr, /nothing was imported/);
  }));

/** Accounts that turns of the event loop saw, one number a turn. */
async function turnsOfImport(users: number, then: string): Promise<{ seen: number[]; stderr: string; left: number }> {
  const seen: number[] = [];
  let left = 0;
  let stderr = '';
  await onStage(async (stage) => {
    let accounts = (): number => 0;
    const { directory, live } = await stage.startServer(systemClock, () => {
      seen.push(accounts() + live.changed.length);
      return systemTurn();
    });
    const before = directory.size.accounts;
    accounts = () => directory.size.accounts - before;
    const lines = Array.from({ length: users }, (_, at) => `  - name: "${7000 + at}"\n    displayname: Desk`);
    const document = ['users:', ...lines, then].join('\n');
    ({ stderr } = await stage.run(['import', 'many.yaml'], { files: { 'many.yaml': document } }));
    left = accounts();
  });
  return { seen, stderr, left };
}

test('a large import leaves the event loop free after each few records, while it is planned and while it is taken', async () => {
  const users = 500;
  const { seen, left } = await turnsOfImport(users, '');
  assert.equal(left, users);
  assert.ok(seen.filter((count) => count === 0).length >= users / stepsPerSlice, 'turns before anything is taken');
  for (const [at, count] of seen.entries()) assert.ok(count - (seen[at - 1] ?? 0) <= stepsPerSlice, `turn ${at}`);
});

test('a large import with a fault in its last record takes none of its records', async () => {
  const { left, stderr } = await turnsOfImport(500, '  - name: "9999"\n    maxlines: many');
  assert.equal(left, 0);
  assert.match(stderr, /user 9999: maxlines/);
});

test('opening balances of a large import are posted once [credit.credit]', () =>
  onStage(async (stage) => {
    await stage.startServer();
    const users = Array.from({ length: 120 }, (_, at) => `  - name: "${8000 + at}"\n    credit: "2.5"`);
    const manyFiles = { 'many.yaml': ['users:', ...users].join('\n') };
    for (let time = 0; time < 2; time++) {
      const ran = await stage.run(['import', 'many.yaml'], { files: manyFiles });
      assert.equal(ran.exitCode, 0, ran.stderr);
    }
    const statement = await stage.run(['ledger', 'statement', '8119']);
    assert.equal(statement.exitCode, 0, statement.stderr);
    assert.equal(statement.stdout.match(/opening balance/g)?.length, 1, statement.stdout);
    assert.match(statement.stdout, /2\.5/);
  }));
