import { fail, ok, type Result } from '../base/result/result.ts';
import {
  type AdminContext,
  type AdminResult,
  findAccount,
  nothingChanged,
  originOf,
  refused,
} from './admin-context.ts';
import { directoryLimits } from './directory.ts';
import { quoted } from './field-texts.ts';

/**
 * A number in the form in which it is kept: country code and subscriber number, digits only (E.164). `+`, blanks,
 * dashes, dots, slashes and brackets of the written form are dropped.
 */
export function canonicalNumber(text: string): Result<string, string> {
  const digits = text.trim().replaceAll(/^\+|[ ()./-]/g, '');
  if (!/^\d{2,15}$/.test(digits)) return fail(`${quoted(text)} is not 2 to 15 digits`);
  if (digits.startsWith('0')) {
    return fail(`${quoted(text)} begins with 0; write it with the country code, such as +43 1 234567`);
  }
  return ok(digits);
}

/** Gives a number to a user; taking it from another one asks for `removeNumber` first. */
export function putNumber(text: string, userName: string, context: AdminContext): AdminResult {
  const number = canonicalNumber(text);
  if (!number.ok) return refused('number', number.error);
  const found = findAccount(userName, context);
  if (!found.ok) return refused('user', `${quoted(userName)} of number ${number.value} is no account; create it first`);
  const account = found.value;
  if (account.kind !== 'enduser')
    return refused('user', `${account.name} is a ${account.kind}; numbers belong to endusers`);
  const owner = context.directory.numberOwner(number.value);
  if (owner?.id === account.id) return ok(nothingChanged);
  if (owner !== undefined) {
    return refused('number', `${number.value} belongs to ${owner.name}; take it from that account first`);
  }
  if (context.directory.size.numbers >= directoryLimits.numbers) {
    return refused('number', `${number.value} is one more than the ${directoryLimits.numbers} numbers there may be`);
  }
  return ok({
    changes: [{ kind: 'number put', ownership: { number: number.value, accountId: account.id } }],
    audit: [
      { ...originOf(context), action: 'give number', subject: `number ${number.value}`, detail: `to ${account.name}` },
    ],
    changedFields: ['number'],
    generatedPassword: undefined,
  });
}

export function removeNumber(text: string, context: AdminContext): AdminResult {
  const number = canonicalNumber(text);
  if (!number.ok) return refused('number', number.error);
  const owner = context.directory.numberOwner(number.value);
  if (owner === undefined) return refused('number', `${number.value} belongs to nobody here`);
  return ok({
    changes: [{ kind: 'number remove', number: number.value }],
    audit: [
      { ...originOf(context), action: 'take number', subject: `number ${number.value}`, detail: `from ${owner.name}` },
    ],
    changedFields: ['number'],
    generatedPassword: undefined,
  });
}
