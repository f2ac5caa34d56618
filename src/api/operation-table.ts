import type {
  AccountDetailView,
  AccountView,
  AuditView,
  BanView,
  BlockListView,
  HeldChangeView,
  BindingView,
  CallView,
  CallChargeView,
  CdrView,
  ChangeView,
  DecisionView,
  DialRuleView,
  DoctorView,
  ImportView,
  LimitCheckView,
  LedgerCheckView,
  NumberView,
  PacketView,
  RateView,
  TariffImportView,
  TariffRowsView,
  TariffView,
  PhoneSetupView,
  PostedView,
  SettingChangeView,
  SettingView,
  StatementView,
  StatusView,
  StrangerRefusalView,
} from './views.ts';

/** The most that one answer lists; the next page begins where it ends. */
export const pageSize = 1000;

type Texts = Readonly<Record<string, string>>;

/** Every operation by its name: what it is given, and what it answers. */
export interface OperationTable {
  /** In the order of ids, at most `pageSize`; `afterId` is the last id of the page before. */
  readonly 'user list': Entry<
    { kind?: string | undefined; afterId?: number | undefined },
    { readonly users: readonly AccountView[] }
  >;
  /** Users that lack a limit on lines, credit or the day: how many, and the first `pageSize` of them. */
  readonly 'user check': Entry<NoArguments, LimitCheckView>;
  readonly 'user show': Entry<{ name: string }, AccountDetailView>;
  /** Without a password among the fields, an account with phones gets one generated. All of them, or none. */
  readonly 'user add': Entry<{ names: readonly string[]; fields: Texts }, PhoneSetupView>;
  readonly 'user set': Entry<{ name: string; fields: Texts }, ChangeView>;
  readonly 'user remove': Entry<{ name: string }, ChangeView>;
  /** The dynamic limit begins anew: no day so far counts as usual. */
  readonly 'user forget-spending': Entry<{ name: string }, ChangeView>;
  /** Without a password, one is generated. */
  readonly 'user password': Entry<{ name: string; password?: string | undefined }, PhoneSetupView>;
  readonly 'number list': Entry<
    { user?: string | undefined; after?: string | undefined },
    { readonly numbers: readonly NumberView[] }
  >;
  readonly 'number add': Entry<{ number: string; user: string }, ChangeView>;
  readonly 'number remove': Entry<{ number: string }, ChangeView>;
  readonly 'tariff list': Entry<NoArguments, { readonly tariffs: readonly TariffView[] }>;
  /** Prices whose prefix begins with `prefix`, or that a number beginning so could have. */
  readonly 'tariff show': Entry<
    { tariff: string; prefix?: string | undefined; limit?: number | undefined },
    TariffRowsView
  >;
  /** How many of a hundred parts of the price list are read that is being imported; null while none is. */
  readonly 'tariff progress': Entry<NoArguments, { readonly percent: number | null }>;
  /** `document` is a carrier's price list as CSV. */
  readonly 'tariff import': Entry<{ document: string; tariff: string; dryRun: boolean }, TariffImportView>;
  readonly 'packet list': Entry<NoArguments, { readonly packets: readonly PacketView[] }>;
  readonly rate: Entry<{ number: string; user: string; from?: string | undefined }, RateView>;
  readonly 'rule list': Entry<NoArguments, { readonly rules: readonly DialRuleView[] }>;
  readonly import: Entry<{ document: string; dryRun: boolean }, ImportView>;
  readonly 'settings list': Entry<{ changedOnly?: boolean | undefined }, { readonly settings: readonly SettingView[] }>;
  readonly 'settings get': Entry<{ name: string }, SettingView>;
  readonly 'settings set': Entry<{ name: string; value: string }, SettingChangeView>;
  readonly 'settings unset': Entry<{ name: string }, SettingChangeView>;
  readonly 'settings explain': Entry<{ name: string }, { readonly setting: SettingView; readonly text: string }>;
  readonly 'calls list': Entry<NoArguments, { readonly total: number; readonly calls: readonly CallView[] }>;
  readonly 'bindings list': Entry<
    { user?: string | undefined },
    { readonly total: number; readonly bindings: readonly BindingView[] }
  >;
  /** Newest first. */
  readonly 'cdr list': Entry<
    {
      sinceMs?: number | undefined;
      untilMs?: number | undefined;
      user?: string | undefined;
      limit?: number | undefined;
    },
    { readonly cdrs: readonly CdrView[] }
  >;
  readonly 'cdr show': Entry<{ callId: string }, CdrView & { readonly charges: readonly CallChargeView[] }>;
  /** Newest first. */
  readonly 'audit list': Entry<{ limit?: number | undefined }, { readonly entries: readonly AuditView[] }>;
  /** Newest first. `user` is a name; `outcome` is `refused` or `would refuse`. */
  readonly 'decision list': Entry<
    {
      sinceMs?: number | undefined;
      user?: string | undefined;
      rule?: string | undefined;
      outcome?: string | undefined;
      limit?: number | undefined;
    },
    { readonly decisions: readonly DecisionView[] }
  >;
  /** What strangers were refused, by source, rule and minute, the newest first: of them no single decision is kept. */
  readonly 'decision strangers': Entry<NoArguments, { readonly refusals: readonly StrangerRefusalView[] }>;
  /**
   * What a refused call's decision said: which rule, what was measured, what would have passed. With `limit`, also
   * whether the call would have passed under that limit: a number in its unit, of money an amount such as 0.5.
   */
  readonly explain: Entry<{ id: string; limit?: string | undefined }, DecisionView>;
  /** Newest first. */
  readonly 'ban list': Entry<
    { limit?: number | undefined },
    { readonly total: number; readonly bans: readonly BanView[]; readonly lists: readonly BlockListView[] }
  >;
  /**
   * Bans a source, or, with `scope`, a `user`, a `caller number` or a `user agent`. Where phones, calls or SIP servers would be cut off,
   * it tells whom, and bans only if `confirmed`.
   */
  readonly 'ban add': Entry<
    {
      subject: string;
      scope?: string | undefined;
      minutes?: number | undefined;
      reason?: string | undefined;
      confirmed: boolean;
    },
    {
      readonly ban: BanView;
      readonly banned: boolean;
      readonly bindings: readonly string[];
      readonly calls: readonly string[];
      readonly peers: readonly string[];
    }
  >;
  readonly 'ban allow': Entry<{ subject: string; reason?: string | undefined }, { readonly ban: BanView }>;
  /**
   * What stood against the subject; none is no error. `within` are ranges that an operator has banned and `listedOn` block
   * lists that go on stopping it.
   */
  readonly 'ban remove': Entry<
    { subject: string },
    { readonly lifted: readonly string[]; readonly within: readonly string[]; readonly listedOn: readonly string[] }
  >;
  readonly 'ban clear': Entry<NoArguments, { readonly lifted: number }>;
  readonly 'ban explain': Entry<{ subject: string }, { readonly bans: readonly BanView[] }>;
  readonly 'blocklist list': Entry<NoArguments, { readonly lists: readonly BlockListView[] }>;
  /** `source` is a URL; `format` is `plain` or `apiban`. A fetch that takes long goes on after the answer. */
  readonly 'blocklist add': Entry<
    { name: string; source: string; format?: string | undefined; allowHttp: boolean },
    { readonly list: BlockListView; readonly isFetching: boolean }
  >;
  readonly 'blocklist refresh': Entry<{ name: string }, { readonly list: BlockListView; readonly isFetching: boolean }>;
  /** What waits for a yes; `change` is null where nothing does. */
  readonly 'blocklist preview': Entry<
    { name: string },
    { readonly list: BlockListView; readonly change: HeldChangeView | null }
  >;
  readonly 'blocklist accept': Entry<{ name: string }, { readonly list: BlockListView }>;
  readonly 'blocklist remove': Entry<{ name: string }, { readonly name: string }>;
  /** Seals all stored secrets with a new key, while the server runs. */
  readonly 'keys rotate': Entry<NoArguments, ChangeView>;
  /** `path` is absolute, on the server's machine. */
  readonly backup: Entry<{ path: string }, { readonly path: string; readonly durationMs: number }>;
  /** Amounts are decimal texts in the installation's currency; `id` makes a repetition harmless, and is made up where it is missing. */
  readonly 'ledger topup': Entry<Posting & { uncleared?: boolean | undefined }, PostedView>;
  readonly 'ledger adjust': Entry<Posting, PostedView>;
  readonly 'ledger refund': Entry<Posting, PostedView>;
  readonly 'ledger transfer': Entry<Posting & { to: string }, PostedView>;
  /** Locks the account until `user set NAME locked=false`. `of` is the id of the top-up that was taken back. */
  readonly 'ledger chargeback': Entry<Posting & { of?: string | undefined }, PostedView>;
  readonly 'ledger clear': Entry<{ id: string }, PostedView>;
  /** Newest first; `beforeSeq` is the last of the page before. */
  readonly 'ledger statement': Entry<
    { user: string; limit?: number | undefined; beforeSeq?: number | undefined },
    StatementView
  >;
  readonly 'ledger check': Entry<NoArguments, LedgerCheckView>;
  readonly 'ledger resume': Entry<NoArguments, { readonly restored: number; readonly setAside: boolean }>;
  /** Writes down that a command was typed at the console: its first words, and how many it has. */
  readonly console: Entry<{ command: string; words: number }, { readonly command: string }>;
  /** What the server knows of its own safety, and the ports that are its own. */
  readonly doctor: Entry<NoArguments, DoctorView>;
  readonly status: Entry<NoArguments, StatusView>;
  readonly end: Entry<{ callId: string }, { readonly callId: string }>;
}

interface Posting {
  user: string;
  amount: string;
  id?: string | undefined;
  cause?: string | undefined;
}

type NoArguments = Readonly<Record<never, never>>;

interface Entry<Given, Value> {
  readonly arguments: Readonly<Given>;
  readonly value: Value;
}

export type OperationName = keyof OperationTable;
export type ArgumentsOf<Name extends OperationName> = OperationTable[Name]['arguments'];
export type ValueOf<Name extends OperationName> = OperationTable[Name]['value'];
