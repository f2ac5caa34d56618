import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { lockFolder } from './folder-lock.ts';

test('a start waits for a command that has the folder, and does not for ever', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringfence-lock-'));
  const holder = `
    const { parentPort } = require('node:worker_threads');
    const database = new (require('node:sqlite').DatabaseSync)(${JSON.stringify(join(folder, 'lock.db'))});
    database.exec('BEGIN EXCLUSIVE');
    parentPort.once('message', () => database.close());
    parentPort.postMessage('locked');`;
  const command = new Worker(holder, { eval: true });
  await new Promise((resolve) => command.once('message', resolve));
  assert.match(lockMessage(folder), /is in use by/);
  command.postMessage('done');
  assert.equal(lockMessage(folder), 'locked');
  await command.terminate();
  rmSync(folder, { recursive: true });
});

function lockMessage(folder: string): string {
  const lock = lockFolder(folder);
  if (!lock.ok) return lock.error;
  lock.value.release();
  return 'locked';
}
