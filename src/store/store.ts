import { existsSync } from 'node:fs';
import type { AuditEntry, Origin, StoreChange } from '../accounts/change.ts';
import type { AccountStore } from '../accounts/ports.ts';
import type { Log } from '../base/log/log.ts';
import type { Secret } from '../base/log/secret.ts';
import { assert } from '../base/result/assert.ts';
import type { Clock, Timer } from '../base/time/clock.ts';
import { systemTurn } from '../base/time/system-turn.ts';
import type { LedgerSums } from '../billing/ledger/balances.ts';
import type { LedgerStore } from '../billing/ledger/ports.ts';
import type { Posting } from '../billing/ledger/posting.ts';
import type { SpendPeakStore } from '../billing/limits/spend-peaks.ts';
import type { CallStore } from '../call/ports.ts';
import type { Cdr, UnfinishedCall } from '../call/record.ts';
import type { Decision } from '../guard/decision.ts';
import type { BlockListStore } from '../guard/lists/ports.ts';
import type { BanStore, DecisionStore } from '../guard/ports.ts';
import type { BindingStore } from '../registrar/ports.ts';
import type { SettingOverride, SettingStore } from '../settings/ports.ts';
import { cdrOf, unfinishedCallOf } from './call-rows.ts';
import { auditPut, overrideOf, rowChangesOf, settingPut } from './change-rows.ts';
import { decisionOf } from './decision-rows.ts';
import { GatheredBindings } from './gathered-bindings.ts';
import type { CdrFilter, DecisionFilter, Failure, Resumed, Row, RowChange, StoredPosting } from './messages.ts';
import { StoreError } from './messages.ts';
import { PastUsage } from './past-usage.ts';
import { readSnapshot, type StoreSnapshot } from './snapshot.ts';
import { callStore, ledgerStore, UnawaitedRows } from './store-ports.ts';
import { verifyWebPassword } from './web-password.ts';
import type { WorkerLink } from './worker-link.ts';

export interface StoreParts {
  readonly clock: Clock;
  readonly log: Log;
}

const heartbeatMs = 1000;
/** So many changes are sent to the store's thread in one turn of the event loop. */
const fewChanges = 50;

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
  readonly past: PastUsage;
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
    this.past = new PastUsage(link);
    this.calls = callStore(link);
    const rows = new UnawaitedRows(link, parts.log);
    this.decisions = rows.decisions();
    this.bans = rows.bans();
    this.blockLists = rows.blockLists();
    this.spendPeaks = rows.spendPeaks();
    this.ledger = ledgerStore(link, rows);
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

  /** Everything that the server keeps in memory, as the last one left it. */
  loadSnapshot(): Promise<StoreSnapshot> {
    return readSnapshot(this.#link, this.#nextId, this.#clock.wallMs());
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

  /** What a call was charged, and what it cost us. */
  async postingsOfCall(callId: string): Promise<readonly StoredPosting[]> {
    const { postings = [] } = await this.#link.read({ kind: 'postings', filter: { by: 'call', id: callId } });
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

function auditEntryOf(row: Row): AuditEntry {
  return {
    atMs: Number(row['at_ms']),
    by: String(row['by_whom']),
    action: String(row['action']),
    subject: String(row['subject']),
    detail: String(row['detail']),
  };
}
