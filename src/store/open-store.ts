import { chmodSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { blankAccount } from '../accounts/blank-account.ts';
import { generatePassword } from '../accounts/passwords.ts';
import { Secret } from '../base/log/secret.ts';
import type { Random } from '../base/random/random.ts';
import { fail, ok, type Result } from '../base/result/result.ts';
import { type FolderLock, lockFolder } from './folder-lock.ts';
import { metaPut, Store, type StoreParts } from './store.ts';
import { WorkerLink } from './worker-link.ts';

export interface OpenParts extends StoreParts {
  readonly random: Random;
  /** Realm for a new data folder; empty for a made-up one. An existing folder keeps its realm. */
  readonly realm: string;
  /** How long to wait for a folder that somebody else has; a command has it for a moment only. */
  readonly lockWaitMs?: number;
}

export interface OpenedStore {
  readonly store: Store;
  /** Only at the first start on a data folder: the password of `admin`, to be printed once. */
  readonly firstStart: { readonly adminName: string; readonly adminPassword: Secret<string> } | undefined;
}

/**
 * Opens the data folder, or makes it: mode 0700, keys, database, realm and the account `admin`.
 * @returns the store, or a sentence that says why the folder cannot be used.
 */
export async function openStore(dataFolder: string, parts: OpenParts): Promise<Result<OpenedStore, string>> {
  const folder = resolve(dataFolder);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail(`${folder} must be a folder of the user who runs this (${reason}); name another with --data`);
  }
  const lock = await takeFolder(folder, parts);
  if (!lock.ok) return lock;
  const release = (): void => lock.value.release();
  let link: WorkerLink | undefined;
  try {
    link = await WorkerLink.start(folder, parts.clock);
    return ok(await openWith(link, parts, release));
  } catch (error) {
    await link?.close().catch(() => {});
    release();
    return fail(unusable(folder, error instanceof Error ? error.message : String(error)));
  }
}

/** What SQLite and the migrations say names neither the file nor what to do. */
function unusable(folder: string, reason: string): string {
  const path = join(folder, 'ringfence.db');
  if (/malformed|not a database/.test(reason)) {
    return `${path} is damaged (${reason}); put a backup of it in its place, and remove ringfence.db-wal beside it`;
  }
  if (reason.startsWith('corrupted migrations')) {
    return `${path} was written by another version, most likely a newer one (${reason}); start that version, or put a backup from before the upgrade in its place`;
  }
  return `the data folder ${folder} cannot be used: ${reason}`;
}

/** A command, or a server before it listens for commands, has the folder for so long at most as a rule. */
export const lockWaitMs = 3000;
const lockAgainMs = 100;

async function takeFolder(
  folder: string,
  { clock, lockWaitMs: waitMs = 0 }: OpenParts,
): Promise<Result<FolderLock, string>> {
  const untilMs = clock.monotonicMs() + waitMs;
  for (;;) {
    const lock = lockFolder(folder);
    if (lock.ok || clock.monotonicMs() >= untilMs) return lock;
    await new Promise<void>((resolve) => clock.after(lockAgainMs, resolve));
  }
}

async function openWith(link: WorkerLink, parts: OpenParts, release: () => void): Promise<OpenedStore> {
  const { meta = [] } = await link.read({ kind: 'tables', names: ['meta'] });
  const known = new Map(meta.map((row) => [String(row['name']), String(row['value'])]));
  const { audit = [] } = await link.read({ kind: 'next audit id' });
  const realm = known.get('realm') ?? newRealm(parts);
  const state = { realm, nextId: Number(known.get('next_id') ?? 1), nextAuditId: Number(audit[0]?.['id'] ?? 1) };
  const store = new Store(link, { ...parts, ...state, release });
  return { store, firstStart: known.has('realm') ? undefined : await firstStart(link, store, parts) };
}

function newRealm({ realm, random }: OpenParts): string {
  return realm === '' ? `ringfence-${random.hex(4)}` : realm;
}

/** The realm is written last: a first start that was cut short is done again. */
async function firstStart(link: WorkerLink, store: Store, parts: OpenParts): Promise<OpenedStore['firstStart']> {
  const adminPassword = new Secret(generatePassword(parts.random));
  const origin = { by: 'first start', atMs: parts.clock.wallMs() };
  await store.apply(
    [
      { kind: 'account put', account: adminAccount, fields: ['name', 'type'], origin },
      { kind: 'web password put', accountId: adminAccount.id, password: adminPassword },
    ],
    [{ ...origin, action: 'create account', subject: 'account admin', detail: 'type admin, password generated' }],
  );
  await link.writes.write(['rows', metaPut('realm', store.realm)]);
  return { adminName: adminAccount.name, adminPassword };
}

const adminAccount = blankAccount(1, 'admin', 'admin');
