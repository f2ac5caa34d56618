/**
 * The tables as kysely sees them. Times are UTC milliseconds; flags are 0 and 1; columns that end in `_json` hold JSON;
 * columns that end in `_sealed` hold what a SecretBox sealed.
 */
export interface Schema {
  readonly accounts: AccountTable;
  readonly account_fields: AccountFieldTable;
  readonly credentials: CredentialTable;
  /** argon2id in PHC form, for accounts that log in to the web. */
  readonly web_passwords: { readonly account_id: number; readonly hash: string };
  readonly numbers: { readonly number: string; readonly account_id: number };
  readonly dial_rules: DialRuleTable;
  readonly dial_routes: DialRouteTable;
  readonly bindings: BindingTable;
  readonly calls: CallTable;
  readonly spend_peaks: SpendPeakTable;
  readonly cdrs: CdrTable;
  readonly settings: SettingTable;
  readonly audit: AuditTable;
  readonly decisions: DecisionTable;
  readonly bans: BanTable;
  readonly block_lists: BlockListTable;
  /** One entry a line; `which` is `current` or `held`. */
  readonly block_list_copies: { readonly list_name: string; readonly which: string; readonly entries: string };
  /** The price list of a tariff is one text, replaced whole. */
  readonly tariffs: TariffTable;
  readonly packets: { readonly id: number; readonly name: string; readonly packet_json: string };
  readonly postings: PostingTable;
  /** Sums of the postings by account, kept with them in one transaction. */
  readonly balances: {
    readonly account_id: number;
    readonly posted_micros: number;
    readonly uncleared_micros: number;
  };
  readonly charge_days: { readonly account_id: number; readonly day: string; readonly charged_micros: number };
  readonly charge_months: { readonly account_id: number; readonly month: string; readonly charged_micros: number };
  /** Bounds of billing days, each given once. */
  readonly periods: { readonly day: string; readonly starts_at_ms: number; readonly ends_at_ms: number };
  readonly heartbeat: { readonly id: number; readonly at_ms: number; readonly epoch: number };
  readonly meta: { readonly name: string; readonly value: string };
}

/** Movements of money, only ever added. `seq` counts them without gaps, as the journal does. */
export interface PostingTable {
  readonly id: string;
  readonly seq: number;
  readonly account_id: number;
  readonly kind: string;
  readonly amount_micros: number;
  readonly currency: string;
  readonly cause: string;
  readonly actor: string;
  readonly at_ms: number;
  readonly day: string;
  readonly call_id: string;
  readonly cleared: number;
  readonly reverses: string;
}

export interface DecisionTable {
  readonly id: string;
  readonly time_ms: number;
  readonly subject: string;
  readonly rule: string;
  readonly mode: string;
  readonly outcome: string;
  readonly measured: string;
  readonly limit_text: string;
  readonly unit: string;
  readonly set_by: string;
  readonly set_at_ms: number | null;
  readonly would_pass: string;
  readonly sip_status: number;
  readonly call_id: string;
  readonly evidence: string;
  readonly asked: string;
}

export interface BanTable {
  readonly ban_key: string;
  readonly action: string;
  readonly scope: string;
  readonly subject: string;
  readonly rule: string;
  readonly reason: string;
  readonly evidence: string;
  readonly ban_count: number;
  readonly by_whom: string;
  readonly at_ms: number;
  /** 0 for one without end. */
  readonly until_ms: number;
}

export interface BlockListTable {
  readonly name: string;
  readonly source_sealed: string;
  readonly format: string;
  readonly allows_http: number;
  readonly by_whom: string;
  readonly added_at_ms: number;
  readonly etag: string;
  readonly last_modified: string;
  readonly checked_at_ms: number;
  readonly taken_at_ms: number;
  readonly fault: string;
  readonly held_at_ms: number;
  readonly held_why: string;
}

export interface TariffTable {
  readonly id: number;
  readonly name: string;
  readonly parent_id: number | null;
  readonly deck: string;
}

export interface AccountTable {
  readonly id: number;
  readonly name: string;
  /** Lower case: unique, so that no two names differ in case only. */
  readonly name_folded: string;
  readonly kind: string;
  readonly enabled: number;
  readonly display_name: string;
  readonly need_auth: number;
  readonly auth_ip_json: string;
  readonly tech_prefix_sealed: string;
  readonly permit_ip_json: string;
  readonly transports_json: string;
  readonly caller_id: string;
  readonly dial_plan: string;
  readonly home_country: string;
  readonly reseller_id: number | null;
  readonly media_networks_json: string;
  readonly directions_json: string;
  readonly packets_json: string;
  /** The trunk without its password; empty for no trunk. */
  readonly trunk_json: string;
  readonly trunk_password_sealed: string;
  /** The limits that differ from those of the account's kind. */
  readonly limits_json: string;
  /** How the account pays and what it may spend; empty for prepaid without limits. */
  readonly money_json: string;
}

export interface AccountFieldTable {
  readonly account_id: number;
  readonly field: string;
  readonly set_by: string;
  readonly set_at_ms: number;
}

export interface CredentialTable {
  readonly account_id: number;
  readonly realm: string;
  readonly ha1_md5_sealed: string;
  readonly ha1_sha256_sealed: string;
  readonly previous_ha1_md5_sealed: string;
  readonly previous_ha1_sha256_sealed: string;
}

export interface DialRuleTable {
  readonly id: number;
  readonly name: string;
  readonly pattern: string;
  readonly secret_prefix_sealed: string;
  readonly delete_digits: number;
  readonly add_digits: string;
  readonly time_rule: string;
  readonly max_duration_s: number;
  readonly emergency: number;
  readonly dial_plan: string;
  readonly record_in_cdr: number;
}

export interface DialRouteTable {
  readonly rule_id: number;
  readonly position: number;
  readonly sip_server_id: number;
  readonly priority: number;
  readonly weight: number;
}

export interface BindingTable {
  readonly binding_key: string;
  readonly account_id: number;
  readonly expires_at_ms: number;
  readonly binding_json: string;
}

export interface CallTable {
  readonly call_id: string;
  readonly started_at_ms: number;
  readonly answered_at_ms: number | null;
  readonly cdr_json: string;
  readonly caller_json: string;
  readonly callee_json: string;
  /** The INVITEs that it has sent, for the server that finds it unfinished. */
  readonly invites_json: string;
  /** What the call is charged by; empty where nobody pays. */
  readonly money_json: string;
}

/** What an account is used to spend, beyond the days that the ledger keeps by themselves. */
export interface SpendPeakTable {
  readonly account_id: number;
  /** Millionths, as text: more than a number holds exactly. */
  readonly highest_micros: string;
  /** Days on which the dynamic limit stopped it. */
  readonly blocked_days_json: string;
}

export interface CdrTable {
  readonly call_id: string;
  readonly sip_call_id: string;
  readonly payer_id: number | null;
  readonly caller_id: number | null;
  readonly caller_name: string;
  readonly callee_name: string;
  readonly caller_number: string;
  readonly dialled_number: string;
  readonly canonical_number: string;
  readonly number_class: string;
  readonly sent_number: string;
  readonly dial_rule: string;
  readonly attempts_json: string;
  readonly started_at_ms: number;
  readonly answered_at_ms: number | null;
  readonly ended_at_ms: number | null;
  readonly cause: string;
  readonly sip_status: number;
  readonly ended_by: string;
  readonly codecs: string;
  readonly caller_quality_json: string;
  readonly callee_quality_json: string;
  readonly source_address: string;
  readonly source_port: number;
  readonly transport: string;
  readonly user_agent: string;
  readonly decision_id: string;
  readonly early_media_ms: number;
  readonly transfer_of: string;
}

export interface SettingTable {
  readonly name: string;
  /** Empty for a setting that is a secret. */
  readonly value: string;
  readonly value_sealed: string;
  readonly set_by: string;
  readonly set_at_ms: number;
}

export interface AuditTable {
  readonly id: number;
  readonly at_ms: number;
  readonly by_whom: string;
  readonly action: string;
  readonly subject: string;
  readonly detail: string;
}
