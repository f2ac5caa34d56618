import assert from 'node:assert/strict';
import { existsSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { onStage } from './stage.ts';

const commands = [
  'serve',
  'demo',
  'import',
  'user add',
  'user set',
  'user list',
  'user show',
  'user remove',
  'user password',
  'number add',
  'number remove',
  'number list',
  'rule list',
  'settings list',
  'settings get',
  'settings set',
  'settings unset',
  'settings explain',
  'settings sample',
  'calls',
  'registrations',
  'end',
  'cdr',
  'audit',
  'backup',
  'status',
];

test('every command has a help with an example of itself', () =>
  onStage(async (stage) => {
    for (const command of commands) {
      const ran = await stage.run([...command.split(' '), '--help']);
      assert.equal(ran.exitCode, 0, command);
      assert.match(ran.stdout, new RegExp(`\\n {2}\\$ ringfence ${command}`), command);
    }
  }));

test('wrong usage ends with 2 and says what is wrong', () =>
  onStage(async (stage) => {
    const rows = [
      [[], /Commands:/],
      [['usr'], /Did you mean user\?/],
      [['user'], /Commands:/],
      [['user', 'add'], /missing required argument 'names'/],
      [['user', 'show', 'a', 'b'], /too many arguments/],
      [['calls', '--wacht'], /Did you mean --watch\?/],
      [['user', 'set', 'alice', 'displayname'], /'displayname' is not of the form field=value/],
      [['usr\x1b[2J'], /unknown command 'usr\\u001b\[2J'/],
    ] as const;
    for (const [argv, message] of rows) {
      const ran = await stage.run(argv);
      assert.equal(ran.exitCode, 2, argv.join(' '));
      assert.match(ran.stderr, message);
      assert.equal(ran.stdout, '');
    }
  }));

test('--version prints the version and nothing else', () =>
  onStage(async (stage) => {
    assert.deepEqual(await stage.run(['--version']), { exitCode: 0, stdout: '9.9.9\n', stderr: '' });
  }));

test('serve gets folder, file and settings as they were written', () =>
  onStage(async (stage) => {
    await stage.run(['serve']);
    await stage.run(['serve', '--data', '/d', '--config', 'r.yaml', '--set', 'udp_port=1', '--set', 'realm=a=b']);
    assert.deepEqual(stage.served, [
      { dataFolder: stage.dataFolder, configPath: undefined, assignments: [] },
      { dataFolder: '/d', configPath: 'r.yaml', assignments: ['udp_port=1', 'realm=a=b'] },
    ]);
  }));

test('--data wins over the environment', () =>
  onStage(async (stage) => {
    await stage.run(['user', 'add', 'alice']);
    const elsewhere = await stage.run(['user', 'list', '--data', join(stage.dataFolder, 'not-here')]);
    assert.match(elsewhere.stderr, /not-here is no data folder/);
    assert.equal(
      (await stage.run(['user', 'list', '--data', stage.dataFolder], { variables: { RINGFENCE_DATA: '/none' } }))
        .exitCode,
      0,
    );
  }));

test('a folder that another process holds without a socket is not touched', () =>
  onStage(async (stage) => {
    await stage.run(['user', 'add', 'alice']);
    await stage.startServer();
    const held = await stage.run(['user', 'list']);
    assert.equal(held.exitCode, 0);
    unlinkSync(join(stage.dataFolder, 'control.sock'));
    const refused = await stage.run(['user', 'add', 'bob']);
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /is in use by/);
  }));

for (const withServer of [false, true]) {
  test(`settings are set, read, explained and taken away (${withServer ? 'a server runs' : 'no server runs'})`, () =>
    onStage(async (stage) => {
      if (withServer) await stage.startServer();
      const set = await stage.run(['settings', 'set', 'udp-port', '5070']);
      assert.equal(set.exitCode, 0, set.stderr);
      assert.match(set.stdout, /udp_port is now 5070/);
      assert.equal(/holds from the next start/.test(set.stdout), withServer);
      assert.match((await stage.run(['settings', 'list', '--changed'])).stdout, /udp_port .*5070/);
      assert.match((await stage.run(['settings', 'explain', 'udp_port'])).stdout, /UDP port for SIP/);
      assert.match((await stage.run(['settings', 'list'])).stdout, /udp_port .*5070/);
      await stage.run(['settings', 'set', 'log_level', 'debug']);
      assert.equal((await stage.run(['settings', 'get', 'LOG_LEVEL'])).stdout, 'debug\n');
      assert.match((await stage.run(['settings', 'unset', 'log_level'])).stdout, /log_level is now info/);
      assert.equal((await stage.run(['settings', 'get', 'log_level'])).stdout, 'info\n');
      const emptied = await stage.run(['settings', 'set', 'localdomain', '']);
      assert.equal(emptied.exitCode, 0, emptied.stderr);
      const rows = [
        [['settings', 'set', 'udp_port', '99999'], /udp_port: '99999' is refused; allowed: a port/],
        [['settings', 'get', 'udp_prt'], /udp_prt/],
      ] as const;
      for (const [argv, message] of rows) {
        const ran = await stage.run(argv);
        assert.equal(ran.exitCode, 1, argv.join(' '));
        assert.match(ran.stderr, message);
      }
    }));
}

test('a change that the environment wins over says that it has no effect', () =>
  onStage(async (stage) => {
    await stage.run(['user', 'add', 'alice']);
    const ran = await stage.run(['settings', 'set', 'log_level', 'debug'], {
      settingVariables: { RINGFENCE_LOG_LEVEL: 'warn' },
    });
    assert.equal(ran.exitCode, 0, ran.stderr);
    assert.match(ran.stdout, /without effect: environment RINGFENCE_LOG_LEVEL wins over it; log_level stays warn/);
  }));

test('settings sample is a file that a server can be started with', () =>
  onStage(async (stage) => {
    const ran = await stage.run(['settings', 'sample']);
    assert.equal(ran.exitCode, 0);
    assert.match(ran.stdout, /^settings:$/m);
  }));

test('status tells how the server is, what of it is in the clear, and by its exit code that it is not running, and warns while the profile of load tests is on [misc.stress-test] [tls.secure-access-everywhere] [tls.self-signed-certificate]', () =>
  onStage(async (stage) => {
    await stage.startServer();
    const running = await stage.run(['status']);
    assert.equal(running.exitCode, 0, running.stderr);
    assert.match(running.stdout, /server +9\.9\.9, running for 0:0\d/);
    assert.match(running.stdout, /listening +udp 0\.0\.0\.0:5060/);
    assert.match(running.stdout, /in the clear +udp 0\.0\.0\.0:5060, rtp ports 20000 to 40000/);
    const certificate = /certificate +sip\.example\.com, self-signed, .*valid until 2027-01-3\d.*, SHA-256 AB:CD/;
    assert.match(running.stdout, certificate);
    assert.match(running.stdout, /SIP server +carrier down since .* \(udp:192\.0\.2\.50:5060 503\)/);
    assert.match(running.stdout, /store +healthy/);
    assert.doesNotMatch(running.stdout, /warning/);
    await stage.run(['settings', 'set', 'profile', 'stress_test']);
    assert.match((await stage.run(['status'])).stdout, /warning +profile: limits and detections are off/);
    await stage.stopServer();
    const stopped = await stage.run(['status', '--json']);
    assert.equal(stopped.exitCode, 3);
    assert.equal(JSON.parse(stopped.stdout).running, false);
  }));

test('backup writes a file where the operator stands, and overwrites nothing', () =>
  onStage(async (stage) => {
    for (const state of ['with', 'without']) {
      if (state === 'with') await stage.startServer();
      else await stage.stopServer();
      const file = `backup-${state}.db`;
      const ran = await stage.run(['backup', file]);
      assert.equal(ran.exitCode, 0, ran.stderr);
      assert.equal(existsSync(join(stage.dataFolder, file)), true);
      const again = await stage.run(['backup', file]);
      assert.equal(again.exitCode, 1);
      assert.match(again.stderr, /is there already/);
    }
  }));

test('colour is for terminals alone, and NO_COLOR is honoured', () =>
  onStage(async (stage) => {
    await stage.run(['user', 'add', 'alice']);
    assert.match((await stage.run(['user', 'list'], { terminal: true })).stdout, /\x1b\[1m/);
    assert.doesNotMatch((await stage.run(['user', 'list'])).stdout, /\x1b/);
    const plain = await stage.run(['user', 'list'], { terminal: true, variables: { NO_COLOR: '1' } });
    assert.doesNotMatch(plain.stdout, /\x1b/);
  }));
