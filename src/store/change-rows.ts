import type { AuditEntry, StoreChange } from '../accounts/change.ts';
import type { Tariff } from '../accounts/model.ts';
import { catalogue } from '../settings/index.ts';
import { accountRow, credentialRow, dialRuleChanges } from './account-rows.ts';
import type { SettingOverride } from '../settings/ports.ts';
import type { Row, RowChange } from './messages.ts';
import { hashWebPassword } from './web-password.ts';

/** What a change means for the tables. Hashing a web password takes some 30 ms, off this thread. */
export async function rowChangesOf(change: StoreChange): Promise<RowChange[]> {
  switch (change.kind) {
    case 'account put':
      return [{ kind: 'put', table: 'accounts', row: accountRow(change.account) }, ...fieldChanges(change)];
    case 'account remove':
      return removalsOf(change.accountId);
    case 'credential put':
      return [{ kind: 'put', table: 'credentials', row: credentialRow(change.credential) }];
    case 'web password put': {
      const row = { account_id: change.accountId, hash: await hashWebPassword(change.password) };
      return [{ kind: 'put', table: 'web_passwords', row }];
    }
    case 'number put': {
      const row = { number: change.ownership.number, account_id: change.ownership.accountId };
      return [{ kind: 'put', table: 'numbers', row }];
    }
    case 'number remove':
      return [{ kind: 'remove', table: 'numbers', column: 'number', value: change.number }];
    case 'dial rule put':
      return dialRuleChanges(change.rule);
    case 'dial rule remove':
      return [
        { kind: 'remove', table: 'dial_rules', column: 'id', value: change.ruleId },
        { kind: 'remove', table: 'dial_routes', column: 'rule_id', value: change.ruleId },
      ];
    case 'tariff put':
      return [tariffPut(change.tariff, change.deck)];
    case 'packet put': {
      const { id, name, ...packet } = change.packet;
      return [{ kind: 'put', table: 'packets', row: { id, name, packet_json: JSON.stringify(packet) } }];
    }
    case 'setting put':
      return [settingPut({ key: change.key, value: change.value, ...change.origin })];
    case 'setting remove':
      return [{ kind: 'remove', table: 'settings', column: 'name', value: change.key }];
  }
}

export function settingPut(setting: {
  readonly key: string;
  readonly value: string;
  readonly by: string;
  readonly atMs: number;
}): RowChange {
  const isSecret = catalogue.some((spec) => spec.key === setting.key && spec.secret === true);
  const row = {
    name: setting.key,
    value: isSecret ? '' : setting.value,
    value_sealed: isSecret ? setting.value : '',
    set_by: setting.by,
    set_at_ms: setting.atMs,
  };
  return { kind: 'put', table: 'settings', row };
}

export function auditPut(id: number, entry: AuditEntry): RowChange {
  const { atMs, by, action, subject, detail } = entry;
  return { kind: 'put', table: 'audit', row: { id, at_ms: atMs, by_whom: by, action, subject, detail } };
}

/** Without a deck the row keeps the one that it has: an update names only the columns that are given. */
function tariffPut({ id, name, parentId }: Tariff, deck: string | undefined): RowChange {
  const row = { id, name, parent_id: parentId ?? null };
  return { kind: 'put', table: 'tariffs', row: deck === undefined ? row : { ...row, deck } };
}

function fieldChanges(change: Extract<StoreChange, { readonly kind: 'account put' }>): RowChange[] {
  const { by, atMs } = change.origin;
  return change.fields.map((field) => {
    const row = { account_id: change.account.id, field, set_by: by, set_at_ms: atMs };
    return { kind: 'put', table: 'account_fields', row };
  });
}

const accountTables = ['account_fields', 'credentials', 'web_passwords', 'numbers', 'bindings'] as const;

function removalsOf(accountId: number): RowChange[] {
  const owned = accountTables.map((table): RowChange => {
    return { kind: 'remove', table, column: 'account_id', value: accountId };
  });
  return [{ kind: 'remove', table: 'accounts', column: 'id', value: accountId }, ...owned];
}

/** A stored setting; its value is the sealed one where it is a secret. */
export function overrideOf(row: Row): SettingOverride {
  const { name, value, value_sealed: secret, set_by: by, set_at_ms: atMs } = row;
  const text = secret === '' ? value : secret;
  return { key: String(name), value: String(text), by: String(by), atMs: Number(atMs) };
}
