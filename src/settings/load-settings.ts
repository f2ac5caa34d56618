import { fail, ok, type Result } from '../base/result/result.ts';
import type { SettingKey } from './catalogue.ts';
import { checkSetting, checkTogether } from './check.ts';
import { errorAt, type SettingError } from './error.ts';
import { Layers, type SourceName } from './layers.ts';
import { LoadedSettings, storedLayer } from './loaded-settings.ts';
import type { SettingOverride } from './ports.ts';
import { readCommandLine, readEnvironment, readFileSettings, type WrittenSetting } from './sources.ts';

/** Everything that a start takes settings from; a later field wins over an earlier one. */
export interface SettingSources {
  readonly file?: { readonly path: string; readonly text: string };
  readonly stored: readonly SettingOverride[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Variables with our prefix that are no settings. */
  readonly environmentWithout?: readonly string[];
  /** The arguments of `--set`, as `name=value`. */
  readonly commandLine: readonly string[];
  readonly nowMs: number;
}

/** Reads all sources. On failure every fault of every source is named, so that one look is enough to mend them. */
export function loadSettings(input: SettingSources): Result<LoadedSettings, readonly SettingError[]> {
  const layers = new Layers();
  const errors: SettingError[] = [];
  const enter = (source: SourceName, written: readonly WrittenSetting[]): void => {
    errors.push(...enterWritten(layers, source, written, input.nowMs));
  };
  if (input.file !== undefined) {
    const read = readFileSettings(input.file.path, input.file.text);
    if (read.ok) enter('file', read.value);
    else errors.push(...read.error);
  }
  errors.push(...enterStored(layers, input.stored));
  enter('environment', readEnvironment(input.environment, input.environmentWithout ?? []));
  const read = readCommandLine(input.commandLine);
  if (read.ok) enter('command line', read.value);
  else errors.push(...read.error);
  if (errors.length === 0) errors.push(...checkTogether(layers.settings()));
  return errors.length > 0 ? fail(errors) : ok(new LoadedSettings(layers));
}

function enterWritten(
  layers: Layers,
  source: SourceName,
  written: readonly WrittenSetting[],
  atMs: number,
): readonly SettingError[] {
  const errors: SettingError[] = [];
  const placeOfKey = new Map<SettingKey, string>();
  for (const { name, text, place } of written) {
    const checked = checkSetting(name, text);
    if (!checked.ok) {
      errors.push(errorAt(place, checked.error));
      continue;
    }
    const { key, value } = checked.value;
    const earlier = placeOfKey.get(key);
    // Two spellings of one setting in one source: whichever won, the other line would lie. `--set` is read in order.
    if (earlier !== undefined && source !== 'command line') {
      const message = `${place}: ${key} is set twice, also at ${earlier}`;
      errors.push({ kind: 'twice', name, value: undefined, allowed: undefined, message });
    }
    placeOfKey.set(key, place);
    layers.set(key, { value, origin: { source, by: place, atMs } });
  }
  return errors;
}

function enterStored(layers: Layers, stored: readonly SettingOverride[]): readonly SettingError[] {
  const errors: SettingError[] = [];
  for (const override of stored) {
    const checked = checkSetting(override.key, override.value);
    if (checked.ok) layers.set(checked.value.key, storedLayer(checked.value, override));
    else errors.push(errorAt(`stored by ${override.by}`, checked.error));
  }
  return errors;
}
