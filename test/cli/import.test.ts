import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
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
