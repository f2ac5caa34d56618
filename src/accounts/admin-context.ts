import type { Secret } from '../base/log/secret.ts';
import type { Random } from '../base/random/random.ts';
import { fail, ok, type Result } from '../base/result/result.ts';
import type { AuditEntry, Origin, StoreChange } from './change.ts';
import type { AccountDirectory } from './directory.ts';
import { type FieldError, quoted } from './field-texts.ts';
import type { Account } from './model.ts';
import type { PasswordRules } from './passwords.ts';

/** What a change is decided with. Nothing here is changed: the caller commits what comes back, then applies it. */
export interface AdminContext {
  readonly directory: AccountDirectory;
  /** Realm of the SIP credentials, fixed at first start. */
  readonly realm: string;
  readonly random: Random;
  readonly nowMs: number;
  /** Who does it, for the audit. */
  readonly by: string;
  readonly rules: PasswordRules & {
    readonly enforcestrongauth: boolean;
    /** [limits.licensecfg] accounts that there may be; 0 or nothing is no limit of its own. */
    readonly maxAccounts?: number;
    /** What is wrong with a text that people are shown, beyond its form [protocol.validateinput]. */
    readonly shownTextProblem?: (text: string) => string | undefined;
  };
}

export interface AdminOutcome {
  /** Empty when everything was so already. */
  readonly changes: readonly StoreChange[];
  readonly audit: readonly AuditEntry[];
  /** Names of the fields that changed. */
  readonly changedFields: readonly string[];
  /** To be printed once, and kept nowhere. */
  readonly generatedPassword: Secret<string> | undefined;
}

export type AdminResult = Result<AdminOutcome, readonly FieldError[]>;

export const nothingChanged: AdminOutcome = {
  changes: [],
  audit: [],
  changedFields: [],
  generatedPassword: undefined,
};

export function originOf({ by, nowMs }: AdminContext): Origin {
  return { by, atMs: nowMs };
}

/** The account that an operator named, in whatever case. */
export function findAccount(name: string, { directory }: AdminContext): Result<Account, readonly FieldError[]> {
  const account = directory.accountByNameIgnoringCase(name);
  return account === undefined ? refused('name', `${quoted(name)} is no account here`) : ok(account);
}

/** One refused field; the message follows the field's name. */
export function refused(field: string, message: string): { readonly ok: false; readonly error: readonly FieldError[] } {
  return fail([{ field, message: `${field} ${message}` }]);
}
