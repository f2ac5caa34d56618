import type { AuditEntry } from '../../accounts/change.ts';
import { ok } from '../../base/result/result.ts';
import {
  type AppliedSetting,
  catalogue,
  type SettingError,
  type SettingKey,
  type SettingRow,
} from '../../settings/index.ts';
import { findSetting } from '../../settings/names.ts';
import type { Arguments } from '../operation.ts';
import type { OperationPorts } from '../ports.ts';
import type { SettingChangeView, SettingView } from '../views.ts';
import { flag, text } from './arguments.ts';
import { commandLine, done, type OperationsOf, type Outcome, refused } from './outcome.ts';

type Names = 'settings list' | 'settings get' | 'settings set' | 'settings unset' | 'settings explain';

export function settingOperations(ports: OperationPorts): OperationsOf<Names> {
  const { settings } = ports;
  return {
    'settings list': (given) => {
      const changedOnly = flag(given, 'changedOnly');
      if (!changedOnly.ok) return Promise.resolve(changedOnly);
      const rows = settings.list().filter((row) => !changedOnly.value || isChanged(row));
      return done({ settings: rows.map(viewOf) });
    },
    'settings get': (given) => Promise.resolve(found(ports, given)),
    'settings explain': (given) => {
      const setting = found(ports, given);
      if (!setting.ok) return Promise.resolve(setting);
      const explained = settings.explain(setting.value.key);
      if (!explained.ok) return Promise.resolve(refusal(explained.error));
      return done({ setting: setting.value, text: explained.value });
    },
    'settings set': (given) => setSetting(ports, given),
    'settings unset': (given) => unsetSetting(ports, given),
  };
}

async function setSetting(ports: OperationPorts, given: Arguments): Promise<Outcome<SettingChangeView>> {
  const name = text(given, 'name');
  if (!name.ok) return name;
  // An empty value is one: it empties a list.
  const value = given['value'] === '' ? ok('') : text(given, 'value');
  if (!value.ok) return value;
  const override = { key: name.value, value: value.value, by: commandLine, atMs: ports.clock.wallMs() };
  const checked = ports.settings.check(override);
  if (!checked.ok) return refusal(checked.error);
  const { key, text: stored } = checked.value;
  const origin = { by: override.by, atMs: override.atMs };
  const shown = isSecret(key) ? '[secret]' : stored;
  const audit: AuditEntry = { ...origin, action: 'set setting', subject: `setting ${key}`, detail: shown };
  await ports.store.apply([{ kind: 'setting put', key, value: stored, origin }], [audit]);
  const applied = ports.settings.apply({ ...override, key, value: stored });
  return applied.ok ? ok(changeView(ports, applied.value)) : refusal(applied.error);
}

async function unsetSetting(ports: OperationPorts, given: Arguments): Promise<Outcome<SettingChangeView>> {
  const name = text(given, 'name');
  if (!name.ok) return name;
  // Taken away in memory first: only there is it known whether the settings that remain can hold together.
  const removed = ports.settings.remove(name.value);
  if (!removed.ok) return refusal(removed.error);
  const { key } = removed.value;
  const atMs = ports.clock.wallMs();
  const audit: AuditEntry = { atMs, by: commandLine, action: 'unset setting', subject: `setting ${key}`, detail: '' };
  await ports.store.apply([{ kind: 'setting remove', key }], [audit]);
  return ok(changeView(ports, removed.value));
}

function found(ports: OperationPorts, given: Arguments): Outcome<SettingView> {
  const name = text(given, 'name');
  if (!name.ok) return name;
  const spec = findSetting(name.value);
  if (!spec.ok) return refusal(spec.error);
  const row = ports.settings.list().find((each) => each.key === spec.value.key);
  return row === undefined ? refused(`${spec.value.key} is not in the list of settings`) : ok(viewOf(row));
}

function changeView(ports: OperationPorts, applied: AppliedSetting): SettingChangeView {
  const { key, needsRestart, shadowedBy, warning } = applied;
  const row = ports.settings.list().find((each) => each.key === key);
  return {
    key,
    value: row?.afterRestart ?? row?.value ?? '',
    // Without a server there is nothing to restart: what is stored holds from its start.
    needsRestart: needsRestart && ports.live !== undefined,
    shadowedBy: shadowedBy === undefined ? null : `${shadowedBy.source} ${shadowedBy.by}`,
    warning: warning ?? null,
  };
}

function viewOf(row: SettingRow): SettingView {
  return {
    key: row.key,
    area: row.area,
    value: row.value,
    default: row.default,
    unit: row.unit,
    afterRestart: row.afterRestart ?? null,
    source: row.origin.source,
    setBy: row.origin.by,
    setAtMs: row.origin.atMs ?? null,
    effect: row.effect,
    text: row.text,
    warning: row.warning ?? null,
  };
}

function isChanged(row: SettingRow): boolean {
  return row.origin.source !== 'default' || row.afterRestart !== undefined;
}

function isSecret(key: SettingKey): boolean {
  return catalogue.find((spec) => spec.key === key)?.secret === true;
}

function refusal(error: SettingError): Outcome<never> {
  return refused(error.message);
}
