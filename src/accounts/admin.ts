import { blankAccount } from './blank-account.ts';
import { Secret } from '../base/log/secret.ts';
import { fail, ok, type Result } from '../base/result/result.ts';
import type { AccountField } from './account-field.ts';
import { accountFields, accountNamePattern } from './account-fields.ts';
import { checkedPassword, hasPassword, newPassword, passwordChange } from './account-password.ts';
import { splitPort } from './address-index.ts';
import {
  type AdminContext,
  type AdminResult,
  findAccount,
  nothingChanged,
  originOf,
  refused,
} from './admin-context.ts';
import type { AuditEntry, StoreChange } from './change.ts';
import { type AccountDirectory, directoryLimits } from './directory.ts';
import { findField, foldFieldName, unknownFieldMessage } from './field-names.ts';
import { type FieldError, type FieldText, type FieldTexts, oneText, quoted, wordOf } from './field-texts.ts';
import { type Account, accountKinds } from './model.ts';

/** Makes an account of its fields; a password that is wanted and not given is generated. */
export function createAccount(texts: FieldTexts, context: AdminContext): AdminResult {
  const base = newAccount(texts, context);
  if (!base.ok) return base;
  const edited = editAccount(base.value, texts, context);
  if (!edited.ok) return edited;
  const { account, given } = edited.value;
  const password = newPassword(account, given['password'], context);
  if (!password.ok) return fail([password.error]);
  const origin = originOf(context);
  const fields = ['name', 'type', ...accountFields.filter((field) => field.name in given).map((field) => field.name)];
  const changes: StoreChange[] = [{ kind: 'account put', account, fields, origin }];
  const chosen = password.value;
  if (chosen !== undefined) changes.push(passwordChange(account, chosen.text, context));
  const shown = shownFields(account, fields, context);
  const detail = [`type ${account.kind}`, ...shown, ...(chosen?.generated === true ? ['password generated'] : [])];
  return ok({
    changes,
    audit: [auditOf(context, 'create account', account, detail)],
    changedFields: fields,
    generatedPassword: chosen?.generated === true ? new Secret(chosen.text) : undefined,
  });
}

/** Changes the given fields of an account. A password that it has already is no change. */
export function changeAccount(name: string, texts: FieldTexts, context: AdminContext): AdminResult {
  const found = findAccount(name, context);
  if (!found.ok) return found;
  const before = found.value;
  const edited = editAccount(before, texts, context);
  if (!edited.ok) return edited;
  const { account, given } = edited.value;
  if (!account.enabled && before.enabled && isLastAdmin(before, context)) return fail([lastAdminError]);
  const changedFields = accountFields
    .filter((field) => field.show(before, context.directory) !== field.show(account, context.directory))
    .map((field) => field.name);
  const changes: StoreChange[] = [];
  if (changedFields.length > 0) {
    changes.push({ kind: 'account put', account, fields: changedFields, origin: originOf(context) });
  }
  const typed = given['password'];
  if (typed !== undefined) {
    const password = checkedPassword(account, typed, context);
    if (!password.ok) return fail([password.error]);
    if (!hasPassword(account, password.value, context)) {
      changes.push(passwordChange(account, password.value, context));
      changedFields.push('password');
    }
  }
  if (changes.length === 0) return ok(nothingChanged);
  const detail = shownFields(account, changedFields, context);
  const audit = [auditOf(context, 'change account', account, detail)];
  return ok({ changes, audit, changedFields, generatedPassword: undefined });
}

/** Removes an account with its numbers and registrations; its CDRs stay. */
export function removeAccount(name: string, context: AdminContext): AdminResult {
  const found = findAccount(name, context);
  if (!found.ok) return found;
  const account = found.value;
  if (isLastAdmin(account, context)) return fail([lastAdminError]);
  const user = firstUserOf(account, context.directory);
  if (user !== undefined) return fail([{ field: 'name', message: `${account.name} is still used by ${user}` }]);
  const changes: StoreChange[] = [{ kind: 'account remove', accountId: account.id }];
  const audit = [auditOf(context, 'remove account', account, [`type ${account.kind}`])];
  return ok({ changes, audit, changedFields: [], generatedPassword: undefined });
}

/** Sets a new password; generates one when `typed` is undefined. */
export function setPassword(name: string, typed: string | undefined, context: AdminContext): AdminResult {
  const found = findAccount(name, context);
  if (!found.ok) return found;
  const account = found.value;
  const password = newPassword(account, typed, context);
  if (!password.ok) return fail([password.error]);
  if (password.value === undefined) {
    return fail([{ field: 'password', message: `${account.name} is known by its address and has no password` }]);
  }
  const { text, generated } = password.value;
  if (!generated && hasPassword(account, text, context)) return ok(nothingChanged);
  const detail = generated ? ['password generated'] : [];
  return ok({
    changes: [passwordChange(account, text, context)],
    audit: [auditOf(context, 'change password', account, detail)],
    changedFields: ['password'],
    generatedPassword: generated ? new Secret(text) : undefined,
  });
}

function newAccount(texts: FieldTexts, { directory, rules }: AdminContext): Result<Account, readonly FieldError[]> {
  const name = oneText(texts['name'] ?? '');
  if (!name.ok) return refused('name', name.error);
  if (!accountNamePattern.test(name.value)) {
    return refused(
      'name',
      `${quoted(name.value)} is not 1 to 64 letters, digits and _ . + - that begin with a letter or digit`,
    );
  }
  const namesake = directory.accountByNameIgnoringCase(name.value);
  if (namesake !== undefined) return refused('name', `${quoted(name.value)} is taken by the account ${namesake.name}`);
  if (directory.size.accounts >= directoryLimits.accounts) {
    return refused(
      'name',
      `${quoted(name.value)} is one more than the ${directoryLimits.accounts} accounts there may be`,
    );
  }
  const { maxAccounts = 0 } = rules;
  if (maxAccounts > 0 && directory.size.accounts >= maxAccounts) {
    return refused(
      'name',
      `${quoted(name.value)} is one more than the ${maxAccounts} users of licensecfg; raise it, or remove one`,
    );
  }
  const kind = wordOf(texts['type'] ?? 'enduser', accountKinds);
  if (!kind.ok) return refused('type', kind.error);
  return ok(blankAccount(directory.nextId, name.value, kind.value));
}

interface Edited {
  readonly account: Account;
  /** What was written, by the fields' own names. */
  readonly given: FieldTexts;
}

function editAccount(before: Account, texts: FieldTexts, context: AdminContext): Result<Edited, readonly FieldError[]> {
  const errors: FieldError[] = [];
  const given: Record<string, FieldText> = {};
  let account = before;
  for (const [written, text] of Object.entries(texts)) {
    const error = identityError(before, written, text) ?? kindError(before, written);
    if (error !== undefined) errors.push({ field: written, message: error });
    const field = findField(written);
    const name = field?.name ?? foldFieldName(written);
    if (name in given) errors.push({ field: written, message: `${written} and another spelling of it are both given` });
    given[name] = text;
    if (error !== undefined || field === undefined) continue;
    const set = field.set(account, text, { directory: context.directory, ...context.rules });
    if (set.ok) account = set.value;
    else errors.push({ field: field.name, message: `${field.name} ${set.error}` });
  }
  if (errors.length === 0) errors.push(...togetherErrors(account));
  return errors.length > 0 ? fail(errors) : ok({ account, given });
}

/** Name and type make an account what it is: they are given at its creation and do not change. */
function identityError(account: Account, written: string, text: FieldText): string | undefined {
  const name = foldFieldName(written);
  const wanted = typeof text === 'string' ? text.trim() : '';
  if (name === 'name' && wanted !== account.name) {
    return `name ${quoted(wanted)} is not ${account.name}: an account keeps its name; create another one`;
  }
  if (name === 'type' && wanted.toLowerCase() !== account.kind) {
    return `type ${quoted(wanted)} is not ${account.kind}: an account keeps its type; create another one`;
  }
  return undefined;
}

function kindError(account: Account, written: string): string | undefined {
  const name = foldFieldName(written);
  if (name === 'name' || name === 'type' || name === 'password') return undefined;
  const field = findField(written);
  if (field === undefined) return unknownFieldMessage(written);
  if (field.kinds.includes(account.kind)) return undefined;
  return `${field.name} has no effect on a ${account.kind}; it belongs to ${field.kinds.join(', ')}`;
}

/** Fields that are each right and do not fit each other. */
function togetherErrors(account: Account): FieldError[] {
  if (account.kind === 'sipserver') {
    return account.trunk === undefined || account.trunk.host === '' ? [missing('host', 'a SIP server needs one')] : [];
  }
  if (account.kind !== 'trafficsender') return [];
  const errors: FieldError[] = [];
  const { needAuth, authIp, techPrefix } = account;
  if (needAuth !== 2 && authIp.length === 0) errors.push(missing('authip', `needauth ${needAuth} needs the address`));
  if ((needAuth === 2 || needAuth === 3) && techPrefix === '') {
    errors.push(missing('techprefix', `needauth ${needAuth} needs the secret digits`));
  }
  const withPort = authIp.filter((entry) => splitPort(entry).port !== undefined);
  if (needAuth === 6 && withPort.length !== authIp.length) {
    errors.push({ field: 'authip', message: 'authip must be address:port for needauth 6' });
  }
  if (needAuth !== 6 && withPort.length > 0) {
    errors.push({
      field: 'authip',
      message: `authip ${quoted(withPort[0] ?? '')} has a port, which only needauth 6 takes`,
    });
  }
  return errors;
}

function missing(field: string, why: string): FieldError {
  return { field, message: `${field} is missing: ${why}` };
}

const lastAdminError: FieldError = {
  field: 'name',
  message: 'this is the last admin that is enabled; without it nobody could undo this',
};

function isLastAdmin(account: Account, { directory }: AdminContext): boolean {
  if (account.kind !== 'admin' || !account.enabled) return false;
  for (const other of directory.accounts()) {
    if (other.kind === 'admin' && other.enabled && other.id !== account.id) return false;
  }
  return true;
}

function firstUserOf(account: Account, directory: AccountDirectory): string | undefined {
  if (account.kind === 'reseller') {
    for (const other of directory.accounts()) if (other.resellerId === account.id) return `account ${other.name}`;
  }
  if (account.kind !== 'sipserver') return undefined;
  const rule = directory
    .allDialRules()
    .find(({ routes }) => routes.some(({ sipServerId }) => sipServerId === account.id));
  return rule === undefined ? undefined : `dial rule ${rule.name}`;
}

function shownFields(account: Account, names: readonly string[], { directory }: AdminContext): string[] {
  const shown = names.flatMap((name): string[] => {
    const field: AccountField | undefined = accountFields.find((candidate) => candidate.name === name);
    if (field === undefined) return name === 'password' ? ['password changed'] : [];
    return [field.secret === true ? `${name} changed` : `${name} ${quoted(field.show(account, directory))}`];
  });
  return shown;
}

function auditOf(context: AdminContext, action: string, account: Account, detail: readonly string[]): AuditEntry {
  return { ...originOf(context), action, subject: `account ${account.name}`, detail: detail.join(', ') };
}
