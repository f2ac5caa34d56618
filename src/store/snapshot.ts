import type { DirectorySnapshot } from '../accounts/change.ts';
import { assert } from '../base/result/assert.ts';
import type { SpendPeak } from '../billing/limits/spend-peaks.ts';
import type { Heartbeat, UnfinishedCall } from '../call/record.ts';
import type { Ban } from '../guard/bans/ban.ts';
import type { StoredBlockList } from '../guard/lists/ports.ts';
import type { Binding } from '../registrar/binding.ts';
import type { SettingOverride } from '../settings/ports.ts';
import { directorySnapshotOf } from './account-rows.ts';
import { banOf } from './ban-rows.ts';
import { blockListsOf } from './block-list-rows.ts';
import { unfinishedCallOf } from './call-rows.ts';
import { overrideOf } from './change-rows.ts';
import { bindingOf } from './gathered-bindings.ts';
import type { LedgerState } from './messages.ts';
import { spendPeakOf } from './spend-peak-rows.ts';
import type { WorkerLink } from './worker-link.ts';

/** Everything that the server keeps in memory, as the last one left it. */
export interface StoreSnapshot {
  readonly directory: DirectorySnapshot;
  /** Price lists as text, by tariff. */
  readonly decks: readonly { readonly tariffId: number; readonly deck: string }[];
  readonly bindings: readonly Binding[];
  /** With those that are over, for a repeater is one after a restart too; the first ones first. */
  readonly bans: readonly Ban[];
  readonly blockLists: readonly StoredBlockList[];
  /** Calls that a dead server left behind: each wants a BYE on both legs and one CDR. */
  readonly unfinishedCalls: readonly UnfinishedCall[];
  readonly settings: readonly SettingOverride[];
  readonly lastHeartbeat: Heartbeat | undefined;
  readonly ledger: LedgerState;
  readonly spendPeaks: readonly SpendPeak[];
}

/** Reads it all; bindings that are over by `nowMs` are left out. `nextId` is the next account's. */
export async function readSnapshot(link: WorkerLink, nextId: number, nowMs: number): Promise<StoreSnapshot> {
  const tables = await link.read({
    kind: 'tables',
    names: [
      'accounts',
      'credentials',
      'numbers',
      'dial_rules',
      'dial_routes',
      'bindings',
      'bans',
      'block_lists',
      'block_list_copies',
      'calls',
      'settings',
    ],
  });
  const priced = await link.read({ kind: 'tables', names: ['tariffs', 'packets', 'spend_peaks'] });
  const fieldsSet = await link.read({ kind: 'fields set' });
  const directory = directorySnapshotOf({
    accounts: tables.accounts ?? [],
    credentials: tables.credentials ?? [],
    numbers: tables.numbers ?? [],
    dialRules: tables.dial_rules ?? [],
    dialRoutes: tables.dial_routes ?? [],
    fieldsSet: fieldsSet.account_fields ?? [],
    tariffs: priced.tariffs ?? [],
    packets: priced.packets ?? [],
    nextId: nextId,
  });
  const { ledger } = await link.read({ kind: 'ledger' });
  assert(ledger !== undefined, 'the ledger is read with the snapshot');
  return {
    directory,
    ledger,
    decks: (priced.tariffs ?? []).map((row) => ({ tariffId: Number(row['id']), deck: String(row['deck']) })),
    bans: (tables.bans ?? []).map(banOf).sort((one, other) => one.atMs - other.atMs),
    blockLists: blockListsOf(tables.block_lists ?? [], tables.block_list_copies ?? []),
    bindings: (tables.bindings ?? []).map(bindingOf).filter((binding) => binding.expiresAtMs > nowMs),
    spendPeaks: (priced.spend_peaks ?? []).map(spendPeakOf),
    unfinishedCalls: (tables.calls ?? []).map(unfinishedCallOf),
    settings: (tables.settings ?? []).map(overrideOf),
    lastHeartbeat: link.lastHeartbeat,
  };
}
