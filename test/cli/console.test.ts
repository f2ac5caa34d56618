import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { consoleWords } from '../../src/cli/commands/console.ts';
import { controlSocketName } from '../../src/cli/session.ts';
import { onStage } from './stage.ts';

describe('console', () => {
  for (const [line, words] of [
    ['', []],
    ['  status ', ['status']],
    ['end,5f1c', ['end', '5f1c']],
    ['endcall,5f1c', ['end', '5f1c']],
    ['config, ring_timeout , 60', ['settings', 'set', 'ring_timeout', '60']],
    ['config ring_timeout', ['settings', 'get', 'ring_timeout']],
    ['user add "anna maria"', ['user', 'add', 'anna maria']],
  ] as const) {
    test(`the line '${line}' is ${words.length} words`, () => {
      assert.deepEqual(consoleWords(line), words);
    });
  }

  test('commands are carried out one after another on the running server, and each is logged [admin.console-port]', async () => {
    await onStage(async (stage) => {
      await stage.run(['user', 'add', 'alice']);
      await stage.startServer();
      const ran = await stage.run(['console'], {
        input: ['status', 'config,ring_timeout,77', 'nonsense', '', 'quit', 'status'],
      });
      assert.match(ran.stdout, /server +9\.9\.9, running/);
      assert.match(ran.stderr, /unknown command 'nonsense'/);
      assert.equal(ran.exitCode, 2);
      const shown = await stage.run(['settings', 'get', 'ring_timeout']);
      assert.match(shown.stdout, /77/);
      const { stdout } = await stage.run(['audit']);
      const logged = stdout.split('\n').filter((line) => line.includes('console command'));
      assert.equal(logged.length, 3);
      assert.match(logged.join('\n'), /nonsense.*\n.*settings set ring_timeout.*\n.*status/);
    });
  });

  test('a password that is typed is not in the log [admin.console-port]', async () => {
    await onStage(async (stage) => {
      await stage.run(['user', 'add', 'alice']);
      await stage.startServer();
      await stage.run(['console'], { input: ['user password alice Very.Secret.Word.99'] });
      const { stdout } = await stage.run(['audit']);
      assert.match(stdout, /console command/);
      assert.doesNotMatch(stdout, /Very\.Secret/);
    });
  });

  test('help names every command that can be used', async () => {
    await onStage(async (stage) => {
      await stage.run(['user', 'add', 'alice']);
      await stage.startServer();
      const { stdout } = await stage.run(['console'], { input: ['help'] });
      for (const command of ['status', 'calls', 'end <callid>', 'user add', 'settings set', 'decisions', 'quit']) {
        assert.ok(stdout.includes(`  ${command}`), command);
      }
      assert.doesNotMatch(stdout, /^ {2}(?:serve|demo|console)\b/m);
    });
  });

  test('only the user of the server can open the socket that the console talks to [admin.console-port]', async () => {
    await onStage(async (stage) => {
      await stage.run(['user', 'add', 'alice']);
      await stage.startServer();
      const { mode } = await stat(join(stage.dataFolder, controlSocketName));
      assert.equal(mode & 0o777, 0o600);
    });
  });

  test('without a server the console says so', async () => {
    await onStage(async (stage) => {
      await stage.run(['user', 'add', 'alice']);
      assert.equal((await stage.run(['console'], { input: ['status'] })).exitCode, 3);
    });
  });
});
