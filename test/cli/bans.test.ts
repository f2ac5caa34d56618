import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onStage } from './stage.ts';

test('an operator bans, sees why, and lifts it; every step has an actor [autoban.delbanned-ip] [autoban.delbanned-all]', () =>
  onStage(async (stage) => {
    const { live } = await stage.startServer();
    assert.match(
      (await stage.run(['bans', 'add', '203.0.113.9', '--reason', 'noise'])).stdout,
      /^Banned: 203\.0\.113\.9\.$/m,
    );
    assert.equal((await stage.run(['bans', 'add', '203.0.113.0/28'])).stderr, '');
    await stage.run(['bans', 'allow', '198.51.100.7']);
    assert.match((await stage.run(['bans', 'explain', '203.0.113.9'])).stdout, /why +noise/);
    assert.equal((await stage.run(['bans', 'list'])).stdout.split('\n').length, 5);
    const console = (line: string) => stage.run(['console'], { input: [line] });
    assert.match((await console('delbanned,203.0.113.9')).stdout, /Taken out: address 203\.0\.113\.9\./);
    assert.match(
      (await console('delbanned,203.0.113.9')).stdout,
      /203\.0\.113\.9 has no ban of its own\.\nIt lies in a range that is banned: 203\.0\.113\.0\/28/,
    );
    assert.match((await console('delbanned,all')).stdout, /^1 entry taken out\.$/m);
    assert.deepEqual(
      [...live.bans()].map(({ action, subject }) => `${action} ${subject}`),
      ['allow 198.51.100.7'],
    );
    const audit = (await stage.run(['audit'])).stdout;
    for (const action of ['ban', 'allow', 'lift ban', 'lift all bans']) assert.ok(audit.includes(action), action);
  }));

test('what cannot be banned is refused with what to write instead', () =>
  onStage(async (stage) => {
    await stage.startServer();
    const ran = await stage.run(['bans', 'add', 'nonsense']);
    assert.equal(ran.exitCode, 1);
    assert.match(ran.stderr, /write an address, a range, address:port/);
  }));

test('a range is listed by its first address, and one of a single address as that address', () =>
  onStage(async (stage) => {
    const { live } = await stage.startServer();
    for (const subject of ['203.0.113.9', '203.0.113.9/32', '203.0.113.77/24', '203.0.113.0/24', '2001:db8::9/128']) {
      assert.match((await stage.run(['bans', 'add', subject])).stdout, /^Banned: /);
    }
    const listed = [...live.bans()].map(({ scope, subject }) => `${scope} ${subject}`);
    assert.deepEqual(listed, ['address 203.0.113.9', 'prefix 203.0.113.0/24', 'address 2001:db8::9']);
    for (const refused of ['203.0.113.9:70000', '203.0.113.9:0', '[2001:db8::9]:65536']) {
      assert.match((await stage.run(['bans', 'add', refused])).stderr, /cannot be listed/, refused);
    }
    assert.match((await stage.run(['bans', 'add', '192.0.2.1', '--minutes', '0'])).stderr, /--minutes: '0' is refused/);
    assert.equal((await stage.run(['bans', 'add', '192.0.2.1', '--minutes', '525600'])).exitCode, 0);
  }));

test('an address that lies in a banned range is told so, and how it is served all the same', () =>
  onStage(async (stage) => {
    await stage.startServer();
    await stage.run(['bans', 'add', '203.0.113.0/24']);
    const told = (await stage.run(['bans', 'remove', '203.0.113.9'])).stdout;
    assert.match(told, /^It lies in a range that is banned: 203\.0\.113\.0\/24\.$/m);
    assert.match(told, /ringfence bans allow 203\.0\.113\.9/);
    assert.match(
      (await stage.run(['bans', 'remove', '203.0.113.77/24'])).stdout,
      /Taken out: prefix 203\.0\.113\.0\/24/,
    );
  }));

test('a user whom nobody knows and a blank name cannot be banned', () =>
  onStage(async (stage) => {
    const { live } = await stage.startServer();
    assert.match((await stage.run(['bans', 'add', 'alcie', '--user'])).stderr, /there is no user "alcie"/);
    assert.match((await stage.run(['bans', 'add', '  ', '--agent'])).stderr, /cannot be listed/);
    assert.deepEqual([...live.bans()], []);
  }));

test('what refuses a user at an address is explained and lifted by the whole subject as the list shows it', () =>
  onStage(async (stage) => {
    const { live } = await stage.startServer();
    const subject = 'alice from 203.0.113.9';
    const said = { rule: 'sip_register_failed_times', reason: '10 failed', evidence: 'nonce', count: 1, by: 'guard' };
    const scope = 'user at address';
    live.putBan({ key: `${scope} ${subject}`, action: 'ban', scope, subject, ...said, atMs: 0, untilMs: undefined });
    for (const words of [subject, 'alice']) {
      assert.match((await stage.run(['bans', 'explain', ...words.split(' ')])).stdout, /why +10 failed/);
    }
    const lifted = await stage.run(['console'], { input: [`delbanned,${subject}`] });
    assert.match(lifted.stdout, /Taken out: user at address alice from 203\.0\.113\.9\./);
    assert.match((await stage.run(['console'], { input: ['DELBANNED,ALL'] })).stdout, /^0 entries taken out\.$/m);
  }));

test('DOS-8: delbanned lifts the ban of one address, and then of all [autoban.delbanned-ip] [autoban.delbanned-all]', () =>
  onStage(async (stage) => {
    const { live } = await stage.startServer();
    for (const address of ['203.0.113.9', '203.0.113.10']) await stage.run(['bans', 'add', address]);
    const banned = (): readonly string[] => [...live.bans()].map(({ subject }) => subject);
    await stage.run(['console'], { input: ['delbanned,203.0.113.9'] });
    assert.deepEqual(banned(), ['203.0.113.10']);
    await stage.run(['console'], { input: ['delbanned,all'] });
    assert.deepEqual(banned(), []);
  }));
