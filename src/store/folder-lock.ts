import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fail, ok, type Result } from '../base/result/result.ts';
import { writeWhole } from '../base/files/whole-file.ts';

/** What a command takes on a busy machine, and what an operator waits for the word that a server runs already. */
const patienceMs = 3000;

/** Held for as long as a process works on a data folder. */
export interface FolderLock {
  release(): void;
}

/**
 * Takes the data folder for this process. The lock is one of the kernel, on a small database of its own: it goes when
 * its process dies, however it dies, and holds between containers that share a folder and cannot see each other's
 * process ids. `server.pid` beside it is for the message only.
 * A command that works on the folder by itself is done in a moment, so a start that meets one waits, without doing
 * anything else.
 * @returns the lock, or a sentence that says who holds it.
 */
export function lockFolder(dataFolder: string): Result<FolderLock, string> {
  const path = join(dataFolder, 'lock.db');
  const holderPath = join(dataFolder, 'server.pid');
  const database = new DatabaseSync(path, { timeout: patienceMs });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (!isLocked(error)) throw error;
    return fail(`${dataFolder} is in use by ${holder(holderPath)}; stop it, or use another --data folder`);
  }
  chmodSync(path, 0o600);
  writeWhole(holderPath, `${JSON.stringify({ pid: process.pid, startTicks: startTicks(process.pid) })}\n`);
  return ok({
    release() {
      rmSync(holderPath, { force: true });
      database.close();
    },
  });
}

function isLocked(error: unknown): boolean {
  const busy = 5;
  return error instanceof Error && 'errcode' in error && error.errcode === busy;
}

function holder(path: string): string {
  try {
    const text: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof text !== 'object' || text === null || !('pid' in text) || typeof text.pid !== 'number') return unknown;
    const alive = 'startTicks' in text && text.startTicks === startTicks(text.pid);
    return alive ? `process ${text.pid}` : `${unknown} (perhaps in another container)`;
  } catch {
    return unknown;
  }
}

const unknown = 'another server';

/** When the process started, in clock ticks since boot (field 22 of /proc/PID/stat); empty where that cannot be read. */
function startTicks(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
