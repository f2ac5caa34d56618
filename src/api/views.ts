import type { Ban } from '../guard/bans/ban.ts';
import type { HeldChange } from '../guard/lists/block-lists.ts';
import type { ListFormat } from '../guard/lists/ports.ts';
import type { DoctorCheck } from '../doctor/check.ts';
import type { StreamQuality } from '../call/record.ts';
import type { LiveCertificate, LiveRegistration, LiveSipServer } from './ports.ts';

// What the operations answer, as JSON. Absent values are null, times are UTC milliseconds: scripts read these shapes,
// so a field may be added and none may change its name or meaning.

export interface AccountView {
  readonly id: number;
  readonly name: string;
  readonly kind: string;
  readonly enabled: boolean;
  readonly displayName: string;
  readonly numbers: readonly string[];
  /** Devices that are registered now; null while no server runs. */
  readonly devices: number | null;
}

export interface FieldView {
  readonly name: string;
  /** Secrets show as `[secret]`. */
  readonly value: string;
  readonly setBy: string | null;
  readonly setAtMs: number | null;
}

/** How far an account is with one of its money limits. Amounts are decimal texts. */
export interface MoneyLimitView {
  readonly rule: string;
  /** `ever` for the credit. */
  readonly per: string;
  readonly limit: string;
  readonly spent: string;
  readonly held: string;
  readonly mode: string;
  readonly setBy: string;
  readonly setAtMs: number | null;
}

/** The money of an account, or of a SIP server what it has cost us. Amounts are decimal texts. */
export interface AccountMoneyView {
  readonly currency: string;
  readonly balance: string;
  readonly uncleared: string;
  /** What calls in progress hold of the balance; null while no server runs. */
  readonly held: string | null;
  readonly today: string;
  readonly spentToday: string;
  readonly spentThisMonth: string;
  /** Media before the answer of the calls that it paid for, in the last 30 days: nobody is charged for it. */
  readonly earlyMediaS: number;
  /** Null while no server runs. */
  readonly limits: readonly MoneyLimitView[] | null;
}

export interface AccountDetailView extends AccountView {
  readonly hasPassword: boolean;
  /** Null for accounts that neither pay nor cost. */
  readonly money: AccountMoneyView | null;
  readonly fields: readonly FieldView[];
}

/** What a phone needs to register. The password is here once, when it was generated. */
export interface NewCredentialView {
  readonly name: string;
  readonly kind: string;
  readonly generatedPassword: string | null;
}

export interface PhoneSetupView {
  readonly users: readonly NewCredentialView[];
  /** Address or name of the server for phones; null when nothing tells it. */
  readonly server: string | null;
  readonly port: number;
}

export interface ChangeView {
  /** What was changed, one line each; empty when all was so already. */
  readonly changes: readonly string[];
}

/** A record of the document, and the fields of it that are set or changed. */
export interface PlannedView {
  /** `user 201`, `sipserver carrier`, `number 43123`, `dialrule inland`, `setting maxlines`. */
  readonly subject: string;
  readonly fields: readonly string[];
}

export interface ImportView {
  /** Nothing was done: this is what would be. */
  readonly dryRun: boolean;
  readonly created: readonly PlannedView[];
  readonly changed: readonly PlannedView[];
  /** How many records were so already. */
  readonly unchanged: number;
  /** What was read and left alone, with the reason. */
  readonly notes: readonly string[];
  readonly generatedPasswords: readonly { readonly name: string; readonly password: string }[];
}

/** One prefix of a preview; amounts per minute at the dearest hour. */
export interface PreviewLineView {
  readonly prefix: string;
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

export interface TariffImportView {
  readonly dryRun: boolean;
  readonly tariff: string;
  readonly currency: string;
  readonly changes: readonly string[];
  readonly rows: number;
  readonly added: number;
  readonly removed: number;
  readonly cheaper: number;
  /** The steepest first, at most a hundred. */
  readonly dearer: readonly PreviewLineView[];
  readonly dearerCount: number;
  /** Prefixes that cost more than they sell: `before` the price, `after` the cost. */
  readonly losses: readonly PreviewLineView[];
  readonly lossCount: number;
}

export interface TariffView {
  readonly name: string;
  readonly parent: string;
  readonly prices: number;
}

/** One price of a tariff; texts as the columns of a price list have them. */
export interface TariffRowView {
  readonly prefix: string;
  readonly name: string;
  readonly price: string;
  readonly offpeak: string;
  readonly weekend: string;
  readonly connectFee: string;
  /** First and next, such as `60/60`. */
  readonly increments: string;
  /** What else the row has, such as `minimum 0.03, 10 s free`; empty for nothing. */
  readonly more: string;
  readonly validFrom: string;
  readonly validUntil: string;
}

export interface TariffRowsView {
  readonly tariff: string;
  readonly parent: string;
  readonly currency: string;
  readonly rows: readonly TariffRowView[];
  /** Rows that fit, of which `rows` are the first. */
  readonly count: number;
}

export interface PacketView {
  readonly name: string;
  readonly tariff: string;
  readonly prefixes: readonly string[];
  readonly audience: string;
}

/** How a number is priced; texts are empty where there is no packet or no price. */
export interface PriceView {
  readonly packet: string;
  readonly assigned: boolean;
  readonly tariff: string;
  readonly prefix: string;
  readonly name: string;
  /** At this hour. */
  readonly perMinute: string;
  readonly increments: string;
  readonly oneSecond: string;
  readonly oneMinute: string;
  readonly tenMinutes: string;
}

export interface RateView {
  readonly number: string;
  readonly numberClass: string;
  readonly user: string;
  readonly currency: string;
  readonly price: PriceView;
  readonly costs: readonly { readonly sipServer: string; readonly cost: PriceView }[];
}

export interface NumberView {
  readonly number: string;
  readonly user: string;
}

export interface DialRuleView {
  readonly id: number;
  readonly name: string;
  readonly pattern: string;
  readonly secretPrefix: boolean;
  readonly deleteDigits: number;
  readonly addDigits: string;
  readonly timeRule: string;
  readonly maxDurationS: number;
  readonly emergency: boolean;
  readonly dialPlan: string;
  readonly recordInCdr: boolean;
  readonly routes: readonly { readonly sipServer: string; readonly priority: number; readonly weight: number }[];
}

export interface SettingView {
  readonly key: string;
  readonly area: string;
  readonly value: string;
  readonly default: string;
  readonly unit: string;
  /** The value from the next start on, where it differs. */
  readonly afterRestart: string | null;
  readonly source: string;
  readonly setBy: string;
  readonly setAtMs: number | null;
  readonly effect: string;
  readonly text: string;
  /** Why the value is seldom meant; null for one that is fine. */
  readonly warning: string | null;
}

export interface SettingChangeView {
  readonly key: string;
  readonly value: string;
  readonly needsRestart: boolean;
  /** What wins over the change, such as `environment RINGFENCE_MAXLINES`; null when nothing does. */
  readonly shadowedBy: string | null;
  /** Why the value is seldom meant; null for one that is fine. */
  readonly warning: string | null;
}

export interface CallView {
  readonly callId: string;
  readonly phase: string;
  readonly callerName: string;
  readonly callerNumber: string;
  readonly dialledNumber: string;
  readonly calleeName: string;
  readonly startedAtMs: number;
  readonly answeredAtMs: number | null;
  /** Since the answer, or since the start while there is none. */
  readonly durationMs: number;
  readonly codecs: string;
  readonly callerQuality: StreamQuality | null;
  readonly calleeQuality: StreamQuality | null;
  /** What its payer pays; null for a call that is free. */
  readonly money: CallMoneyView | null;
}

/** Amounts are decimal texts. */
export interface CallMoneyView {
  readonly currency: string;
  readonly tariff: string;
  readonly prefix: string;
  /** At the dearest hour. */
  readonly perMinute: string;
  /** Of the seconds that have begun. */
  readonly charge: string;
  /** Seconds that are held for, those that have begun among them; further ones are held before they begin. */
  readonly coveredS: number;
}

export interface BindingView {
  readonly user: string;
  readonly contact: string;
  readonly transport: string;
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly userAgent: string;
  readonly registeredAtMs: number;
  readonly expiresAtMs: number;
  readonly expiresInS: number;
}

export interface CdrView {
  readonly callId: string;
  readonly sipCallId: string;
  readonly callerName: string;
  readonly calleeName: string;
  readonly callerNumber: string;
  readonly dialledNumber: string;
  readonly canonicalNumber: string;
  readonly numberClass: string;
  readonly sentNumber: string;
  readonly dialRule: string;
  readonly attempts: readonly {
    readonly target: string;
    /** Where a SIP server was tried, such as `udp:192.0.2.1:5060`. */
    readonly hop?: string;
    readonly sentNumber: string;
    readonly status: number;
    readonly startedAtMs: number;
    readonly endedAtMs: number;
    /** When it answered although it had been given up. */
    readonly lateAnsweredAtMs?: number;
  }[];
  readonly startedAtMs: number;
  readonly answeredAtMs: number | null;
  readonly endedAtMs: number | null;
  /** Connected time; 0 for a call that was not answered. */
  readonly durationMs: number;
  readonly cause: string;
  readonly sipStatus: number;
  readonly endedBy: string;
  readonly codecs: string;
  /** Media before the answer, which nobody is charged for. */
  readonly earlyMediaMs: number;
  readonly callerQuality: StreamQuality | null;
  readonly calleeQuality: StreamQuality | null;
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly transport: string;
  readonly userAgent: string;
  readonly decisionId: string;
  readonly transferOf: string;
}

/** What somebody paid for a call on a billing day, or what a SIP server charges us for it. */
export interface CallChargeView {
  readonly account: string;
  readonly isOurCost: boolean;
  readonly amount: string;
  readonly currency: string;
  readonly day: string;
}

export interface AuditView {
  readonly atMs: number;
  readonly by: string;
  readonly action: string;
  readonly subject: string;
  readonly detail: string;
}

/** The record of one no. Times are UTC milliseconds. */
export interface DecisionView {
  readonly id: string;
  readonly timeMs: number;
  readonly subject: string;
  readonly rule: string;
  readonly mode: string;
  readonly outcome: string;
  readonly measured: string;
  /** What the call would have added; refused when it and `measured` are more than `limit`. */
  readonly asked: string;
  readonly limit: string;
  readonly unit: string;
  readonly setBy: string;
  readonly setAtMs: number | null;
  readonly wouldPass: string;
  readonly sipStatus: number;
  readonly callId: string;
  readonly evidence: string;
  /** Under the limit that was asked about; null when none was, or where no number decided. */
  readonly passesUnder: { readonly limit: string; readonly passes: boolean } | null;
}

/** How often a stranger was refused in one minute. */
export interface StrangerRefusalView {
  readonly source: string;
  readonly rule: string;
  /** When the minute began. */
  readonly minuteMs: number;
  readonly count: number;
}

export interface DoctorView {
  readonly checks: readonly DoctorCheck[];
  /** As `udp:5060`. */
  readonly ownPorts: readonly string[];
  readonly mediaPorts: readonly [first: number, last: number];
}

export interface StatusView {
  readonly version: string;
  readonly running: boolean;
  readonly startedAtMs: number | null;
  readonly uptimeMs: number | null;
  readonly calls: number | null;
  readonly bindings: number | null;
  readonly listeners: readonly string[];
  /** Those of them, and of the other services, that anybody on the way can read and change [tls.secure-access-everywhere]. */
  readonly clearListeners: readonly string[];
  /** What TLS and secure WebSocket show; null where neither is on. */
  readonly certificate: LiveCertificate | null;
  /** SIP servers that are asked with OPTIONS whether they are there. */
  readonly sipServers: readonly LiveSipServer[];
  /** SIP servers that we register with. */
  readonly registrations: readonly LiveRegistration[];
  readonly blockLists: readonly BlockListView[];
  readonly accounts: number;
  readonly numbers: number;
  readonly dialRules: number;
  readonly realm: string;
  /** Values of settings that are allowed and seldom meant, with what is wrong with them. */
  readonly warnings: readonly string[];
  readonly store: { readonly healthy: boolean; readonly fault: string | null };
}

/** The money of an account, as decimal texts. */
export interface BalanceView {
  readonly user: string;
  readonly currency: string;
  readonly balance: string;
  /** The part of the balance that is not cleared. */
  readonly uncleared: string;
}

export interface PostedView extends BalanceView {
  readonly id: string;
  /** False for a repetition, which changed nothing. */
  readonly isNew: boolean;
}

export interface PostingView {
  readonly seq: number;
  readonly id: string;
  readonly kind: string;
  /** What the balance changed by. */
  readonly amount: string;
  readonly cause: string;
  readonly actor: string;
  readonly atMs: number;
  /** The billing day for which it counts. */
  readonly day: string;
  readonly callId: string;
  readonly cleared: boolean;
}

export interface StatementView extends BalanceView {
  readonly postings: readonly PostingView[];
}

export interface LedgerCheckView {
  readonly postings: number;
  readonly total: string;
  readonly currency: string;
  readonly findings: readonly string[];
  readonly notes: readonly string[];
  /** Why no call that costs something is let through; null while they are. */
  readonly refusal: string | null;
}

/** Users that lack a limit. `missing` holds `lines`, `credit`, `day`. */
export interface LimitCheckView {
  readonly total: number;
  readonly users: readonly { readonly name: string; readonly kind: string; readonly missing: readonly string[] }[];
}

/** A list of bad addresses that others keep; times are UTC milliseconds, null for never. */
export interface BlockListView {
  readonly name: string;
  /** A URL, without what may be a key in it. */
  readonly source: string;
  readonly format: ListFormat;
  readonly by: string;
  readonly addedAtMs: number;
  readonly entries: number;
  /** When the copy in effect was fetched, and when the source last answered as it should. */
  readonly takenAtMs: number | null;
  readonly checkedAtMs: number | null;
  /** Why the last refresh failed. */
  readonly fault: string | null;
  /** What waits for an operator's yes. */
  readonly held: { readonly entries: number; readonly atMs: number; readonly why: string } | null;
  /** Entries of the source that are not taken: our own and private addresses. */
  readonly leftOut: { readonly count: number; readonly first: readonly string[] };
}

export type HeldChangeView = HeldChange;

/** One entry of the list of bans; `untilMs` is null for one that an operator has to remove. */
export interface BanView extends Omit<Ban, 'key' | 'untilMs'> {
  readonly untilMs: number | null;
}
