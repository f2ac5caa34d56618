import type { Result } from '../base/result/result.ts';
import type { AccountDirectory } from './directory.ts';
import type { FieldText } from './field-texts.ts';
import type { Account, AccountKind } from './model.ts';

/** What a field needs to know besides its text. */
export interface FieldContext {
  readonly directory: AccountDirectory;
  readonly enforcestrongauth: boolean;
  /** What is wrong with a text that people are shown, beyond its form [protocol.validateinput]. */
  readonly shownTextProblem?: (text: string) => string | undefined;
}

/** One field of an account, as documents, the command line and the API name it. */
export interface AccountField {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly kinds: readonly AccountKind[];
  /** Its value goes into no message, audit or listing. */
  readonly secret?: boolean;
  readonly meaning: string;
  /** The account with the field set, or what is wrong with the text: a clause that follows the field's name. */
  set(account: Account, text: FieldText, context: FieldContext): Result<Account, string>;
  /** The value in the form in which it may be written again; of a secret for comparing only. */
  show(account: Account, directory: AccountDirectory): string;
}
