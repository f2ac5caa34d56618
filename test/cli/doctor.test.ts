import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onStage, quietMachine } from './stage.ts';

test('the doctor says what is wrong, what it means and what to do, and ends with 1 for a fault', async () => {
  await onStage(async (stage) => {
    await stage.run(['user', 'add', 'alice']);
    const machine = {
      ...quietMachine,
      listeners: [{ protocol: 'tcp', address: '0.0.0.0', port: 21, program: 'vsftpd' } as const],
    };
    const ran = await stage.run(['doctor'], { machine });
    assert.equal(ran.exitCode, 1);
    assert.match(ran.stdout, /fault {4}file and desktop sharing: tcp 21 \(vsftpd\)\n {9}FTP, .*\n {9}-> Switch/);
    assert.match(ran.stdout, /1 faults \(file and desktop sharing\), \d+ warnings/);
  });
});

test('with --json each check is an object, and without faults the exit code is 0, with a server and without', async () => {
  await onStage(async (stage) => {
    await stage.run(['user', 'add', 'alice']);
    const alone = await stage.json(['doctor']);
    await stage.startServer();
    const live = await stage.json(['doctor']);
    for (const answer of [alone, live]) {
      assert.ok(typeof answer === 'object' && answer !== null && 'checks' in answer && Array.isArray(answer.checks));
      assert.ok(answer.checks.length > 15);
      for (const check of answer.checks) {
        assert.deepEqual(Object.keys(check), ['name', 'result', 'seen', 'meaning', 'remedy']);
      }
    }
  });
});
