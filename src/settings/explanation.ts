import type { SettingKey, SettingSpec } from './catalogue.ts';
import type { SettingOrigin } from './layers.ts';
import type { Effect } from './setting.ts';

/** One line of the list of settings; values are texts, and secrets are masked. */
export interface SettingRow {
  readonly key: SettingKey;
  readonly area: string;
  readonly value: string;
  readonly default: string;
  /** The value from the next start on, where it differs. */
  readonly afterRestart: string | undefined;
  readonly origin: SettingOrigin;
  readonly unit: string;
  readonly effect: Effect;
  readonly text: string;
  /** Why the value, or that of the next start, is seldom meant. */
  readonly warning: string | undefined;
}

/** A setting as text for a terminal: what it is, what it is set to, by whom, and what else it could be. */
export function explanation(spec: SettingSpec, row: SettingRow): string {
  const unit = spec.unit === '' ? '' : ` ${spec.unit}`;
  const shown = (text: string): string => (text === '' ? '(empty)' : `${text}${unit}`);
  const lines = [
    `${spec.key} (${spec.id})`,
    spec.text,
    `value: ${shown(row.value)}, set by ${describeOrigin(row.origin)}`,
  ];
  if (row.afterRestart !== undefined) lines.push(`after the next start: ${shown(row.afterRestart)}`);
  lines.push(`default: ${shown(row.default)}`);
  if (row.warning !== undefined) lines.push(`warning: ${row.warning}`);
  if (spec.hardened !== undefined) lines.push(`profile hardened: ${shown(spec.format(spec.hardened))}`);
  if (spec.seeds !== undefined) lines.push(`profile seeds: ${shown(spec.format(spec.seeds))}`);
  if (spec.stressTest !== undefined) lines.push(`profile stress_test: ${shown(spec.format(spec.stressTest))}`);
  if (spec.reason !== undefined) lines.push(`why the default differs: ${spec.reason}`);
  if (spec.meanings.length === 0) lines.push(`allowed: ${spec.allowed}`);
  else lines.push('allowed:', ...spec.meanings.map(({ value, meaning }) => `  ${value}: ${meaning}`));
  if (spec.aliases !== undefined) lines.push(`also written: ${spec.aliases.join(', ')}`);
  lines.push(spec.effect === 'live' ? 'a change holds at once' : 'a change holds from the next start');
  return lines.join('\n');
}

/** `file /etc/ringfence.yaml:12, 2026-01-01T00:00:00.000Z`: source, who and when. */
export function describeOrigin(origin: SettingOrigin): string {
  if (origin.source === 'default') return 'default';
  const at = origin.atMs === undefined ? '' : `, ${new Date(origin.atMs).toISOString()}`;
  return `${origin.source} ${origin.by}${at}`;
}
