import { existsSync } from 'node:fs';
import type { AuditEntry, DirectorySnapshot, Origin, StoreChange } from '../accounts/change.ts';
import type { AccountStore } from '../accounts/ports.ts';
import { assert } from '../base/result/assert.ts';
import type { Log } from '../base/log/log.ts';
import type { Secret } from '../base/log/secret.ts';
import type { Clock, Timer } from '../base/time/clock.ts';
import type { LedgerSums } from '../billing/ledger/balances.ts';
import { systemTurn } from '../base/time/system-turn.ts';
import type { LedgerStore, PricingRefusal } from '../billing/ledger/ports.ts';
import type { Posting } from '../billing/ledger/posting.ts';
import type { CallStore } from '../call/ports.ts';
import type { PastCharge } from '../call/money/trade.ts';
import type { PastCall, PastTalk } from '../call/limits/past-calls.ts';
import type { CallAnswer, CallRow, Cdr, Heartbeat, UnfinishedCall } from '../call/record.ts';
import type { Binding } from '../registrar/binding.ts';
import type { Decision } from '../guard/decision.ts';
import type { Ban } from '../guard/bans/ban.ts';
import type { BlockListStore, StoredBlockList } from '../guard/lists/ports.ts';
import { blockListCopyPut, blockListPut, blockListRemovals, blockListsOf } from './block-list-rows.ts';
import type { BanStore, DecisionStore } from '../guard/ports.ts';
import type { BindingStore } from '../registrar/ports.ts';
import type { SettingOverride, SettingStore } from '../settings/ports.ts';
import { directorySnapshotOf } from './account-rows.ts';
import { amendWrite, answerWrite, beginWrite, cdrOf, dialledWrite, endWrite, unfinishedCallOf } from './call-rows.ts';
import { banOf, banPut } from './ban-rows.ts';
import { decisionOf, decisionPut } from './decision-rows.ts';
import { auditPut, rowChangesOf, settingPut } from './change-rows.ts';
import { bindingOf, GatheredBindings } from './gathered-bindings.ts';
import type {
  CdrFilter,
  DecisionFilter,
  Failure,
  LedgerState,
  Resumed,
  Row,
  RowChange,
  StoredPosting,
} from './messages.ts';
import { StoreError } from './messages.ts';
import { spendPeakOf, spendPeakPut } from './spend-peak-rows.ts';
import type { SpendPeak, SpendPeakStore } from '../billing/limits/spend-peaks.ts';
import { verifyWebPassword } from './web-password.ts';
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

export interface StoreParts {
  readonly clock: Clock;
  readonly log: Log;
}

const heartbeatMs = 1000;
/** So many changes are sent to the store's thread in one turn of the event loop. */
const fewChanges = 50;
const maxSourceCalls = 200_000;

/** The store as the rest of the server sees it, on the main thread. Made by `openStore`. */
export class Store implements AccountStore {
  readonly calls: CallStore;
  readonly bindings: BindingStore;
  readonly settings: SettingStore;
  readonly decisions: DecisionStore;
  readonly bans: BanStore;
  readonly blockLists: BlockListStore;
  readonly ledger: LedgerStore;
  readonly spendPeaks: SpendPeakStore;
  /** The realm of all digest credentials, fixed when the data folder was made. */
  readonly realm: string;
  readonly #link: WorkerLink;
  readonly #gathered: GatheredBindings;
  readonly #clock: Clock;
  readonly #release: () => void;
  #nextAuditId: number;
  #nextId: number;
  #nextStage = 1;
  #heartbeat: Timer | undefined;

  constructor(link: WorkerLink, parts: StoreParts & OpenedState) {
    this.#link = link;
    this.#clock = parts.clock;
    this.#release = parts.release;
    this.#nextAuditId = parts.nextAuditId;
    this.#nextId = parts.nextId;
    this.realm = parts.realm;
    this.#gathered = new GatheredBindings(
      parts.clock,
      (write) => link.writes.write(write, 'soon'),
      (message) => parts.log.error('bindings could not be stored and will be tried again', { message }),
    );
    this.bindings = this.#gathered;
    this.calls = {
      begin: (row: CallRow) => link.writes.write(beginWrite(row)),
      dialled: (callId, invites, money) => link.writes.write(dialledWrite(callId, invites, money), 'soon'),
      answer: (row: CallAnswer) => link.writes.write(answerWrite(row)),
      end: (cdr: Cdr, charges: readonly Posting[] = []) => link.writes.write(endWrite(cdr, charges), 'soon'),
      amend: (cdr: Cdr, charges: readonly Posting[]) => link.writes.write(amendWrite(cdr, charges)),
    };
    this.decisions = {
      put: (decision) => {
        link.writes.write(['rows', decisionPut(decision)]).catch((error: unknown) => {
          parts.log.error('a decision could not be stored', { id: decision.id, error: String(error) });
        });
      },
    };
    const reversals = async (id: string): Promise<readonly Posting[]> => {
      const { postings = [] } = await link.read({ kind: 'postings', filter: { by: 'reverses', id } });
      return postings.map(({ posting }) => posting);
    };
    const writeBans = (changes: readonly RowChange[]): void => {
      link.writes.write(['rows', ...changes], 'soon').catch((error: unknown) => {
        parts.log.error('a change of bans or block lists could not be stored', { error: String(error) });
      });
    };
    this.bans = {
      put: (ban) => writeBans([banPut(ban)]),
      remove: (keys) =>
        writeBans(keys.map((key) => ({ kind: 'remove', table: 'bans', column: 'ban_key', value: key }))),
    };
    this.blockLists = {
      put: (record) => writeBans([blockListPut(record)]),
      putCopy: (name, which, text) => writeBans([blockListCopyPut(name, which, text)]),
      remove: (name) => writeBans(blockListRemovals(name)),
    };
    this.ledger = {
      post: (postings) => link.writes.write(['post', postings, []]),
      find: async (id) => {
        const { postings: [found] = [] } = await link.read({ kind: 'postings', filter: { by: 'id', id } });
        return found?.posting;
      },
      takenBackMicros: async (id) => sumOf((await reversals(id)).filter(({ kind }) => kind === 'chargeback')),
      reversedMicros: async (id) => sumOf(await reversals(id)),
      putPeriod: ({ day, startsAtMs, endsAtMs }) => {
        const row = { day, starts_at_ms: startsAtMs, ends_at_ms: endsAtMs };
        link.writes.write(['rows', { kind: 'put', table: 'periods', row }]).catch((error: unknown) => {
          parts.log.error('the bounds of a billing day could not be stored', { day, error: String(error) });
        });
      },
      check: () => link.checkLedger(),
      refusal: () => link.ledgerHalt ?? refusalOf(this.fault ?? link.journalFault),
    };
    this.spendPeaks = {
      put: (peak) => {
        link.writes.write(['rows', spendPeakPut(peak)], 'soon').catch((error: unknown) => {
          parts.log.error('what an account is used to spend could not be stored', { error: String(error) });
        });
      },
    };
    this.settings = {
      load: () => this.#loadSettings(),
      put: (override) => link.writes.write(['rows', settingPut(override)]),
      remove: (key) => link.writes.write(['rows', { kind: 'remove', table: 'settings', column: 'name', value: key }]),
    };
  }

  /** The decision with this id. */
  async decision(id: string): Promise<Decision | undefined> {
    const read = { kind: 'where', table: 'decisions', column: 'id', value: id } as const;
    const { decisions: [row] = [] } = await this.#link.read(read);
    return row === undefined ? undefined : decisionOf(row);
  }

  /** Decisions that pass the filter, newest first, at most 10,000. */
  async queryDecisions(filter: DecisionFilter): Promise<readonly Decision[]> {
    const { decisions = [] } = await this.#link.read({ kind: 'decisions', filter });
    return decisions.map(decisionOf);
  }

  /**
   * Removes decisions of before that time, and the oldest of those that are more than `maxRows`: as many as one turn of
   * the store's thread takes, so that calls are written in between. @returns how many went; 0 when none is left to go.
   */
  async pruneDecisions(beforeMs: number, maxRows: number): Promise<number> {
    const { pruned = 0 } = await this.#link.read({ kind: 'prune decisions', beforeMs, maxRows });
    return pruned;
  }

  /** Talk of finished calls that began since then; several calls of one quarter of an hour are one entry. */
  async talkSince(sinceMs: number): Promise<readonly PastTalk[]> {
    const { cdrs = [] } = await this.#link.read({ kind: 'talk', sinceMs });
    return cdrs.map((row) => ({
      payerId: typeof row['payer_id'] === 'number' ? row['payer_id'] : undefined,
      calleeName: String(row['callee_name']),
      startedAtMs: Number(row['started_at_ms']),
      talkMs: Number(row['talk_ms']),
    }));
  }

  /** The last calls that were admitted since then and are over, oldest first. */
  async sourceCallsSince(sinceMs: number): Promise<readonly PastCall[]> {
    const { cdrs = [] } = await this.#link.read({ kind: 'source calls', sinceMs, limit: maxSourceCalls });
    return cdrs.toReversed().map((row) => ({
      payerId: Number(row['payer_id']),
      sourceAddress: String(row['source_address']),
      startedAtMs: Number(row['started_at_ms']),
      answeredAtMs: typeof row['answered_at_ms'] === 'number' ? row['answered_at_ms'] : undefined,
      endedAtMs: Number(row['ended_at_ms']),
    }));
  }

  /** What calls that began since then were charged, oldest first; of many the newest. */
  async callChargesSince(sinceMs: number): Promise<readonly PastCharge[]> {
    const { cdrs = [] } = await this.#link.read({ kind: 'call charges', sinceMs, limit: maxSourceCalls });
    return cdrs.toReversed().map((row) => ({
      callId: String(row['call_id']),
      accountId: Number(row['account_id']),
      costMicros: BigInt(String(row['cost_micros'])),
      day: String(row['day']),
      atMs: Number(row['at_ms']),
      payerId: typeof row['payer_id'] === 'number' ? row['payer_id'] : undefined,
      sourceAddress: String(row['source_address']),
    }));
  }

  /** Early media of calls that the account paid for and that began since then. */
  async earlyMediaMsSince(accountId: number, sinceMs: number): Promise<number> {
    const { cdrs: [row] = [] } = await this.#link.read({ kind: 'early media', accountId, sinceMs });
    return Number(row?.['early_media_ms'] ?? 0);
  }

  /** Number of this start among all starts on the data folder. */
  get epoch(): number {
    return this.#link.epoch;
  }

  /** Whether writes reach the disk. While it is false, priced calls are refused with `fault` as the reason. */
  get healthy(): boolean {
    return this.fault === undefined;
  }

  get fault(): Failure | undefined {
    return this.#link.writes.fault;
  }

  /** Begins the heartbeat: call it when the calls of the last server have been read. */
  startHeartbeat(): void {
    this.#heartbeat = this.#clock.after(heartbeatMs, () => {
      // A heartbeat that fails shows in `fault`, which is its purpose.
      if (this.fault?.reason !== 'stalled') {
        const clock = this.#clock;
        this.#link.writes.write(['heartbeat', clock.wallMs(), clock.monotonicMs()], 'soon').catch(() => {});
      }
      this.startHeartbeat();
    });
  }

  /**
   * Commits changes, the postings that belong to them, and what the audit says of both, all or nothing. A posting that
   * is there already changes nothing; one that moves other money rejects.
   */
  async apply(
    changes: readonly StoreChange[],
    audit: readonly AuditEntry[],
    postings: readonly Posting[] = [],
  ): Promise<void> {
    if (changes.length + audit.length > fewChanges) return this.#applyMany(changes, audit, postings);
    const rows: RowChange[] = [];
    for (const change of changes) rows.push(...(await rowChangesOf(change)));
    for (const entry of audit) rows.push(auditPut(this.#nextAuditId++, entry));
    rows.push(...this.#nextIdAfter(changes));
    if (postings.length > 0) await this.#link.writes.write(['post', postings, rows]);
    else if (rows.length > 0) await this.#link.writes.write(['rows', ...rows]);
  }

  /** Sends the rows a few in a turn of the event loop, so that calls are served meanwhile, and commits them as one. */
  async #applyMany(
    changes: readonly StoreChange[],
    audit: readonly AuditEntry[],
    postings: readonly Posting[],
  ): Promise<void> {
    const stage = this.#nextStage++;
    try {
      for (let at = 0; at < changes.length; at += fewChanges) {
        const rows: RowChange[] = [];
        for (const change of changes.slice(at, at + fewChanges)) rows.push(...(await rowChangesOf(change)));
        this.#link.stage(stage, rows);
        await systemTurn();
      }
      for (let at = 0; at < audit.length; at += fewChanges) {
        const entries = audit.slice(at, at + fewChanges);
        this.#link.stage(
          stage,
          entries.map((entry) => auditPut(this.#nextAuditId++, entry)),
        );
        await systemTurn();
      }
      for (let at = 0; at < postings.length; at += fewChanges) {
        this.#link.stage(stage, [], postings.slice(at, at + fewChanges));
        await systemTurn();
      }
      this.#link.stage(stage, this.#nextIdAfter(changes));
      await this.#link.writes.write(['staged', stage]);
    } catch (error) {
      this.#link.dropStage(stage);
      throw error;
    }
  }

  #nextIdAfter(changes: readonly StoreChange[]): readonly RowChange[] {
    const idAfterAll = changes.reduce((most, change) => Math.max(most, idAfter(change)), 0);
    this.#nextId = Math.max(this.#nextId, idAfterAll);
    return idAfterAll > 0 ? [metaPut('next_id', String(this.#nextId))] : [];
  }

  async loadSnapshot(): Promise<StoreSnapshot> {
    const tables = await this.#link.read({
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
    const priced = await this.#link.read({ kind: 'tables', names: ['tariffs', 'packets', 'spend_peaks'] });
    const fieldsSet = await this.#link.read({ kind: 'fields set' });
    const directory = directorySnapshotOf({
      accounts: tables.accounts ?? [],
      credentials: tables.credentials ?? [],
      numbers: tables.numbers ?? [],
      dialRules: tables.dial_rules ?? [],
      dialRoutes: tables.dial_routes ?? [],
      fieldsSet: fieldsSet.account_fields ?? [],
      tariffs: priced.tariffs ?? [],
      packets: priced.packets ?? [],
      nextId: this.#nextId,
    });
    const nowMs = this.#clock.wallMs();
    const { ledger } = await this.#link.read({ kind: 'ledger' });
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
      lastHeartbeat: this.#link.lastHeartbeat,
    };
  }

  /** CDRs that pass the filter, newest first, at most 10,000. */
  async queryCdrs(filter: CdrFilter): Promise<readonly Cdr[]> {
    const { cdrs = [] } = await this.#link.read({ kind: 'cdrs', filter });
    return cdrs.map(cdrOf);
  }

  /** Postings of an account with their places in the ledger, newest first. */
  async postings(
    accountId: number,
    page: { readonly limit: number; readonly beforeSeq?: bigint },
  ): Promise<readonly StoredPosting[]> {
    const filter = { by: 'account', accountId, ...page } as const;
    const { postings = [] } = await this.#link.read({ kind: 'postings', filter });
    return postings;
  }

  /** Lets the ledger go on after a restore: what the journal has and the database lost is posted again. */
  async resumeLedger(): Promise<
    Resumed & { readonly sums: LedgerSums; readonly unfinishedCalls: readonly UnfinishedCall[] }
  > {
    const resumed = await this.#link.resumeLedger();
    const { calls = [] } = await this.#link.read({ kind: 'tables', names: ['calls'] });
    const { ledger } = await this.#link.read({ kind: 'ledger' });
    assert(ledger !== undefined, 'the ledger is read after a resume');
    this.#link.ledgerGoesOn();
    return { ...resumed, sums: ledger.sums, unfinishedCalls: calls.map(unfinishedCallOf) };
  }

  /** What administrators did, newest first. */
  async auditEntries(limit: number): Promise<readonly AuditEntry[]> {
    const { audit = [] } = await this.#link.read({ kind: 'audit', limit });
    return audit.map(auditEntryOf);
  }

  /** Who set each field of an account, and when. */
  async fieldOrigins(accountId: number): Promise<ReadonlyMap<string, Origin>> {
    const read = { kind: 'where', table: 'account_fields', column: 'account_id', value: accountId } as const;
    const { account_fields: rows = [] } = await this.#link.read(read);
    return new Map(
      rows.map((row) => [String(row['field']), { by: String(row['set_by']), atMs: Number(row['set_at_ms']) }]),
    );
  }

  /** Whether this is the web password of the account; as slow for an account that has none. */
  async checkWebPassword(accountId: number | undefined, password: Secret<string>): Promise<boolean> {
    const read = { kind: 'where', table: 'web_passwords', column: 'account_id', value: accountId ?? -1 } as const;
    const { web_passwords: rows = [] } = await this.#link.read(read);
    const hash = rows[0]?.['hash'];
    return verifyWebPassword(password, typeof hash === 'string' ? hash : undefined);
  }

  /** Makes a new key and seals every stored secret with it, while the server runs. Old keys stay for old backups. */
  async rotateKeys(): Promise<void> {
    await this.#link.read({ kind: 'rotate keys', nowMs: this.#clock.wallMs() });
  }

  /**
   * Copies the database to a new file while the server runs. Secrets stay sealed in it: a restore needs `keys.json`
   * too, which is to be kept apart. To restore, put the file as `ringfence.db` and `keys.json` into an empty folder.
   */
  async backup(path: string): Promise<void> {
    if (existsSync(path)) {
      const message = `${path} is there already; a backup overwrites nothing, name another file`;
      throw new StoreError({ reason: 'refused', message });
    }
    await this.#link.read({ kind: 'backup', path });
  }

  /** Writes what waits, ends the thread and gives the data folder free. */
  async close(): Promise<void> {
    this.#heartbeat?.cancel();
    await this.#gathered.stop();
    await this.#link.close();
    this.#release();
  }

  async #loadSettings(): Promise<readonly SettingOverride[]> {
    const { settings = [] } = await this.#link.read({ kind: 'tables', names: ['settings'] });
    return settings.map(overrideOf);
  }
}

/** What `openStore` read from the database before there was a Store. */
export interface OpenedState {
  readonly realm: string;
  readonly nextId: number;
  readonly nextAuditId: number;
  readonly release: () => void;
}

export function metaPut(name: string, value: string): RowChange {
  return { kind: 'put', table: 'meta', row: { name, value } };
}

/** What the postings took, positive. */
function sumOf(postings: readonly Posting[]): bigint {
  return postings.reduce((sum, { amountMicros }) => sum - amountMicros, 0n);
}

/** What a store that cannot write means for calls that cost something. */
function refusalOf(fault: Failure | undefined): PricingRefusal | undefined {
  switch (fault?.reason) {
    case undefined:
    case 'refused':
      return undefined;
    case 'full':
      return { reason: 'disk full', message: fault.message };
    case 'stalled':
      return { reason: 'store stalled', message: fault.message };
    case 'broken':
    case 'superseded':
    case 'closed':
      return { reason: 'store broken', message: fault.message };
  }
}

function idAfter(change: StoreChange): number {
  switch (change.kind) {
    case 'account put':
      return change.account.id + 1;
    case 'dial rule put':
      return change.rule.id + 1;
    case 'tariff put':
      return change.tariff.id + 1;
    case 'packet put':
      return change.packet.id + 1;
    default:
      return 0;
  }
}

function overrideOf(row: Row): SettingOverride {
  const { name, value, value_sealed: secret, set_by: by, set_at_ms: atMs } = row;
  const text = secret === '' ? value : secret;
  return { key: String(name), value: String(text), by: String(by), atMs: Number(atMs) };
}

function auditEntryOf(row: Row): AuditEntry {
  return {
    atMs: Number(row['at_ms']),
    by: String(row['by_whom']),
    action: String(row['action']),
    subject: String(row['subject']),
    detail: String(row['detail']),
  };
}
