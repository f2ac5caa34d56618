import { Secret } from '../base/log/secret.ts';
import { fail, ok, type Result } from '../base/result/result.ts';
import type { AdminContext } from './admin-context.ts';
import type { StoreChange } from './change.ts';
import type { FieldError, FieldText } from './field-texts.ts';
import { credentialFor, isPasswordOf } from './ha1.ts';
import type { Account } from './model.ts';
import { isAmongFirstGuesses } from './password-guesses.ts';
import { checkPassword, generatePassword, gradePassword } from './passwords.ts';

function usesDigest(account: Account): boolean {
  return account.kind === 'enduser';
}

export function usesWeb(account: Account): boolean {
  return account.kind === 'admin' || account.kind === 'support' || account.kind === 'reseller';
}

export interface ChosenPassword {
  readonly text: string;
  readonly generated: boolean;
}

export function newPassword(
  account: Account,
  typed: FieldText | undefined,
  context: AdminContext,
): Result<ChosenPassword | undefined, FieldError> {
  if (typed !== undefined) {
    const checked = checkedPassword(account, typed, context);
    return checked.ok ? ok({ text: checked.value, generated: false }) : checked;
  }
  if (!usesDigest(account) && !usesWeb(account)) return ok(undefined);
  return ok({ text: generatePassword(context.random), generated: true });
}

export function checkedPassword(account: Account, typed: FieldText, context: AdminContext): Result<string, FieldError> {
  const refuse = (message: string): Result<string, FieldError> =>
    fail({ field: 'password', message: `password ${message}` });
  if (typeof typed !== 'string') return refuse('is a list; write one value');
  if (account.kind === 'sipserver') return refuse('has no effect on a sipserver; what we show it is authpassword');
  if (!usesDigest(account) && !usesWeb(account)) {
    return refuse(`has no effect on a ${account.kind} with needauth ${account.needAuth}; leave it out`);
  }
  const checked = checkPassword(typed, { userName: account.name, ...context.rules });
  if (!checked.ok) return refuse(checked.error);
  const grade = gradePassword(typed, { userName: account.name });
  const weak = grade === 'useless' || (grade === 'poor' && isAmongFirstGuesses(typed, account.name));
  if (weak && context.rules.enforcestrongauth) {
    return refuse('is among the first that are guessed, and enforcestrongauth would replace it; leave it out');
  }
  return checked;
}

export function hasPassword(account: Account, password: string, { directory }: AdminContext): boolean {
  const credential = directory.credentialOf(account.id);
  return usesDigest(account) && credential !== undefined && isPasswordOf(credential, account.name, password);
}

export function passwordChange(account: Account, password: string, { directory, realm }: AdminContext): StoreChange {
  if (!usesDigest(account)) return { kind: 'web password put', accountId: account.id, password: new Secret(password) };
  const previous = directory.credentialOf(account.id);
  return { kind: 'credential put', credential: credentialFor(account, realm, password, previous) };
}
