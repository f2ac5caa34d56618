import type { Ban } from '../guard/bans/ban.ts';
import type { CutOff } from '../guard/lists/ports.ts';
import type { BlockLists } from '../guard/lists/block-lists.ts';
import type { AccountDirectory } from '../accounts/directory.ts';
import type { AuditEntry, Origin, StoreChange } from '../accounts/change.ts';
import type { AccountStore } from '../accounts/ports.ts';
import type { PriceBook } from '../billing/tariff/price-book.ts';
import type { DocumentReader } from './reading/read-documents.ts';
import type { Random } from '../base/random/random.ts';
import type { NextTurn } from '../base/time/in-slices.ts';
import type { Clock } from '../base/time/clock.ts';
import type { LedgerSums } from '../billing/ledger/balances.ts';
import type { Ledger } from '../billing/ledger/ledger.ts';
import type { Posting } from '../billing/ledger/posting.ts';
import type { Cdr, StreamQuality, UnfinishedCall } from '../call/record.ts';
import type { ChargeSoFar, LimitStanding } from '../call/money/metered-calls.ts';
import type { Decision } from '../guard/decision.ts';
import type { StrangerRefusal } from '../guard/stranger-counts.ts';
import type { Binding } from '../registrar/binding.ts';
import type { LoadedSettings, SettingStore } from '../settings/index.ts';

/** A call in progress. Times are UTC milliseconds. */
export interface LiveCall {
  readonly callId: string;
  readonly phase: 'starting' | 'ringing' | 'connected' | 'ending';
  readonly callerName: string;
  readonly callerNumber: string;
  readonly dialledNumber: string;
  /** The account that answered or rings; empty before one does. */
  readonly calleeName: string;
  readonly startedAtMs: number;
  readonly answeredAtMs: number | undefined;
  readonly codecs: string;
  /** What arrived from each side so far; undefined before there is media. */
  readonly callerQuality: StreamQuality | undefined;
  readonly calleeQuality: StreamQuality | undefined;
  /** Undefined for a call that is free. */
  readonly charge: ChargeSoFar | undefined;
}

export interface LiveStatus {
  readonly startedAtMs: number;
  readonly calls: number;
  readonly bindings: number;
  /** Addresses that SIP is taken at, such as `udp 0.0.0.0:5060`. */
  readonly listeners: readonly string[];
  /** Those of them, and the media ports, that anybody on the way can listen to. */
  readonly clearListeners: readonly string[];
  /** What TLS and secure WebSocket show; null where neither is on. */
  readonly certificate: LiveCertificate | null;
  readonly sipServers: readonly LiveSipServer[];
  readonly registrations: readonly LiveRegistration[];
}

export interface LiveCertificate {
  /** Its common name, or the whole subject. */
  readonly subject: string;
  /** Domains and addresses that it is for. */
  readonly names: readonly string[];
  readonly issuer: string;
  readonly validUntilMs: number;
  readonly selfSigned: boolean;
  /** SHA-256, as phones show it. */
  readonly fingerprint: string;
}

/** A SIP server that is asked with OPTIONS whether it is there. */
export interface LiveSipServer {
  readonly name: string;
  readonly state: 'up' | 'down' | 'unknown';
  /** When the state began, in UTC milliseconds. */
  readonly sinceMs: number;
  /** Its places, such as `udp:192.0.2.1:5060`; `lastStatus` is the last answer's, 0 for silence. */
  readonly hops: readonly { readonly hop: string; readonly state: string; readonly lastStatus: number }[];
}

/** A SIP server that we register with. */
export interface LiveRegistration {
  readonly name: string;
  readonly state: 'registering' | 'registered' | 'refused' | 'failed';
  /** When the state began, in UTC milliseconds. */
  readonly sinceMs: number;
  /** Status of the last answer, 0 for silence. */
  readonly lastStatus: number;
  /** When the SIP server forgets us unless it is asked again; null while it does not know us. */
  readonly expiresAtMs: number | null;
}

/** The running server as the operations see it; there is none while a command works on the data folder alone. */
export interface LiveServer {
  calls(): Promise<readonly LiveCall[]>;
  /** Contacts that are registered now, of all users. */
  bindings(): Iterable<Binding>;
  /** Ends the call in the name of the operator. @returns false when there is no such call. */
  endCall(callId: string): boolean;
  /** The account was changed, disabled or removed: what it may no longer do ends. */
  accountChanged(accountId: number): void;
  /** The ledger goes on after a halt: calls of a dead server that waited for it are charged and get their CDRs. */
  ledgerResumed(unfinished: readonly UnfinishedCall[]): Promise<void>;
  /** How far the account is with each of its money limits. */
  moneyLimits(accountId: number): readonly LimitStanding[];
  /** What calls in progress hold of the account's balance, in millionths. */
  heldMicros(accountId: number): bigint;
  /** The dynamic limit forgets what the account was used to spend. */
  forgetSpending(accountId: number): void;
  /** What strangers were refused lately. */
  strangerRefusals(): readonly StrangerRefusal[];
  /** All entries of the list of bans that hold, the newest last. */
  bans(): Iterable<Ban>;
  /** Those that concern an address, whatever their width. */
  bansOf(address: string): readonly Ban[];
  putBan(ban: Ban): void;
  /** Lists of bad addresses that others keep; undefined for a server that was built without them. */
  readonly blockLists: BlockLists | undefined;
  /** Takes out what names this subject, and everything about it where it is an address. @returns their keys */
  liftBans(subject: string): readonly string[];
  /** Takes out all bans but those of block lists, with all counts. @returns how many there were */
  liftAllBans(): number;
  /** Whom a ban would cut off: users with a phone there, calls from there, SIP servers and traffic senders there. */
  cutOffBy(ban: Pick<Ban, 'scope' | 'subject'>): CutOff;
  status(): LiveStatus;
}

/** What an operator may look for among the CDRs; `untilMs` is excluded. */
export interface CdrQuery {
  readonly sinceMs?: number;
  readonly untilMs?: number;
  readonly account?: { readonly id: number; readonly name: string };
  readonly callId?: string;
  readonly limit: number;
}

/** What an operator may look for among the decisions. */
export interface DecisionQuery {
  readonly sinceMs?: number;
  readonly subject?: string;
  readonly rule?: string;
  readonly outcome?: string;
  readonly limit: number;
}

/** The part of the store that the operations use. Each promise rejects when the disk does not do its part. */
export interface OperationStore extends AccountStore {
  /** As of an AccountStore, with the postings that belong to the changes. */
  apply(changes: readonly StoreChange[], audit: readonly AuditEntry[], postings?: readonly Posting[]): Promise<void>;
  /** Newest first. */
  postings(
    accountId: number,
    page: { readonly limit: number; readonly beforeSeq?: bigint },
  ): Promise<readonly { readonly seq: bigint; readonly posting: Posting }[]>;
  /** The charges of a call, the oldest first. */
  postingsOfCall(callId: string): Promise<readonly { readonly posting: Posting }[]>;
  /** Posts again what the journal has and the database lost. */
  resumeLedger(): Promise<ResumedLedger>;
  readonly healthy: boolean;
  readonly fault: { readonly message: string } | undefined;
  /** Realm of all SIP credentials. */
  readonly realm: string;
  readonly settings: Pick<SettingStore, 'load'>;
  readonly past: {
    /** Early media of calls that the account paid for. */
    earlyMediaMsSince(accountId: number, sinceMs: number): Promise<number>;
  };
  queryCdrs(query: CdrQuery): Promise<readonly Cdr[]>;
  queryDecisions(query: DecisionQuery): Promise<readonly Decision[]>;
  /** The decision with this id, about an account of ours. */
  decision(id: string): Promise<Decision | undefined>;
  /** Seals every stored secret with a new key. */
  rotateKeys(): Promise<void>;
  auditEntries(limit: number): Promise<readonly AuditEntry[]>;
  fieldOrigins(accountId: number): Promise<ReadonlyMap<string, Origin>>;
  backup(path: string): Promise<void>;
}

/** What a resume of the ledger did, and what stands on the disk after it. */
export interface ResumedLedger {
  readonly restored: number;
  readonly setAside: boolean;
  readonly sums: LedgerSums;
  readonly unfinishedCalls: readonly UnfinishedCall[];
}

/** Everything that the operations work on. Running server and lone command fill it alike, but for `live`. */
export interface OperationPorts {
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Where a long work lets calls be served. */
  readonly nextTurn: NextTurn;
  readonly directory: AccountDirectory;
  readonly prices: PriceBook;
  readonly reader: DocumentReader;
  readonly settings: LoadedSettings;
  readonly store: OperationStore;
  readonly ledger: Ledger;
  /** An address of this machine that phones in its network reach, for want of a configured one. */
  readonly ownAddress: string | undefined;
  readonly live: LiveServer | undefined;
}
