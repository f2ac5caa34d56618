import type { Secret } from '../base/log/secret.ts';
import type { Account, Credential, DialRule, NumberOwnership, Packet, Tariff } from './model.ts';

/** Who set a value and when (every field of an account knows it). */
export interface Origin {
  readonly by: string;
  readonly atMs: number;
}

/** Some fields of one account that were set together. */
export interface FieldsSet {
  readonly accountId: number;
  readonly fields: readonly string[];
  readonly origin: Origin;
}

/**
 * One change of stored data, as the administration decides it and the store commits it. A list of them is one
 * transaction: after it, the same list is applied to the directory in memory.
 */
export type StoreChange =
  /** `fields` names the fields that this change set; the store keeps `origin` for each of them. */
  | {
      readonly kind: 'account put';
      readonly account: Account;
      readonly fields: readonly string[];
      readonly origin: Origin;
    }
  /** Takes the account's credential, numbers and bindings with it; its CDRs stay. */
  | { readonly kind: 'account remove'; readonly accountId: number }
  | { readonly kind: 'credential put'; readonly credential: Credential }
  /** The store keeps a slow salted hash of it, nothing else. */
  | { readonly kind: 'web password put'; readonly accountId: number; readonly password: Secret<string> }
  | { readonly kind: 'number put'; readonly ownership: NumberOwnership }
  | { readonly kind: 'number remove'; readonly number: string }
  | { readonly kind: 'dial rule put'; readonly rule: DialRule }
  | { readonly kind: 'dial rule remove'; readonly ruleId: number }
  /** `deck` is the price list as text; undefined leaves it as it is. */
  | { readonly kind: 'tariff put'; readonly tariff: Tariff; readonly deck: string | undefined }
  | { readonly kind: 'packet put'; readonly packet: Packet }
  | { readonly kind: 'setting put'; readonly key: string; readonly value: string; readonly origin: Origin }
  | { readonly kind: 'setting remove'; readonly key: string };

/** What an administrator did. Never holds a secret: a changed password is named, not shown. */
export interface AuditEntry {
  readonly atMs: number;
  /** Who: an account's name, `command line`, `first start`. */
  readonly by: string;
  /** What: `create account`, `change password` ... */
  readonly action: string;
  /** On what: `account 201`, `number 43123`. */
  readonly subject: string;
  /** Names of the fields and their new values, without secrets. */
  readonly detail: string;
}

/** Everything that the directory holds, as it is read from the store at start. */
export interface DirectorySnapshot {
  readonly accounts: readonly Account[];
  readonly credentials: readonly Credential[];
  readonly numbers: readonly NumberOwnership[];
  readonly dialRules: readonly DialRule[];
  readonly tariffs?: readonly Tariff[];
  readonly packets?: readonly Packet[];
  /** The next account or rule gets this id; ids are never used twice, because old CDRs name them. */
  readonly nextId: number;
  /** Who set which field of which account, oldest first; nothing for fields at their defaults. */
  readonly fieldsSet?: readonly FieldsSet[];
}
