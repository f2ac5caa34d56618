import { directReader } from '../api/reading/read-documents.ts';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bookOf } from '../billing/tariff/price-book.ts';
import { AccountDirectory } from '../accounts/directory.ts';
import { buildOperations } from '../api/operations/index.ts';
import { silentLog } from '../base/log/log.ts';
import { systemRandom } from '../base/random/random.ts';
import { fail, ok, type Result } from '../base/result/result.ts';
import { systemClock } from '../base/time/system-clock.ts';
import { systemTurn } from '../base/time/system-turn.ts';
import type { OpenedFolder } from '../cli/environment.ts';
import { loadSettings } from '../settings/index.ts';
import { lockWaitMs, openStore } from '../store/open-store.ts';
import { outwardAddress } from './live-server.ts';
import { openLedger } from './open-ledger.ts';
import { version } from './version.ts';

/** The data folder in the hands of one command, when no server has it. */
export async function openFolder(
  dataFolder: string,
  mode: 'existing' | 'create',
  variables: Readonly<Record<string, string | undefined>>,
): Promise<Result<OpenedFolder, string>> {
  if (mode === 'existing' && !existsSync(join(dataFolder, 'ringfence.db'))) {
    return fail(`${dataFolder} is no data folder; start the server once, or name another with --data`);
  }
  const read = {
    environment: variables,
    environmentWithout: ['RINGFENCE_DATA'],
    commandLine: [],
    nowMs: systemClock.wallMs(),
  };
  const first = loadSettings({ ...read, stored: [] });
  if (!first.ok) return fail(first.error.map(({ message }) => message).join('\n'));
  const random = systemRandom();
  const realm = first.value.current.realm;
  const opened = await openStore(dataFolder, { clock: systemClock, random, log: silentLog, realm, lockWaitMs });
  if (!opened.ok) return opened;
  const { store, firstStart } = opened.value;
  const snapshot = await store.loadSnapshot();
  const settings = loadSettings({ ...read, stored: snapshot.settings });
  if (!settings.ok) {
    await store.close();
    return fail(settings.error.map(({ message }) => message).join('\n'));
  }
  const directory = new AccountDirectory(snapshot.directory);
  const operations = buildOperations({
    ...{ version, random, store, clock: systemClock, nextTurn: systemTurn, settings: settings.value },
    directory,
    prices: bookOf(directory, snapshot.decks),
    reader: directReader,
    ownAddress: outwardAddress(),
    ledger: openLedger(store, snapshot.ledger, settings.value.current, { clock: systemClock, log: silentLog }),
    live: undefined,
  });
  return ok({ operations, firstStart, close: () => store.close() });
}
