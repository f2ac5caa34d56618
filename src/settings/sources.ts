import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type YAMLMap } from 'yaml';
import { fail, ok, type Result } from '../base/result/result.ts';
import { quoted, type SettingError } from './error.ts';

/** A name and its text as one source has them, and the place for messages. */
export interface WrittenSetting {
  readonly name: string;
  readonly text: string;
  /** Such as `ringfence.yaml:12` or `RINGFENCE_UDP_PORT`. */
  readonly place: string;
}

/** Variables of other programs are none of our business; everything with this prefix is. */
export const environmentPrefix = 'RINGFENCE_';

const maxFileCharacters = 1_000_000;

/**
 * Reads the `settings:` map of a YAML file. Every scalar is taken as the text that was written, so that `0043`, `+43`,
 * `10.10` and `no` survive; a sequence is a list.
 */
export function readFileSettings(path: string, text: string): Result<readonly WrittenSetting[], SettingError[]> {
  if (text.length > maxFileCharacters)
    return fail([fileError(`${path} is larger than ${maxFileCharacters} characters`)]);
  const lines = new LineCounter();
  const document = parseDocument(text, { schema: 'failsafe', lineCounter: lines, prettyErrors: false });
  const placeOf = (offset: number | undefined): string => `${path}:${lines.linePos(offset ?? 0).line}`;
  if (document.errors.length > 0) {
    return fail(document.errors.map((error) => fileError(`${placeOf(error.pos[0])}: ${error.message}`)));
  }
  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === '')) return ok([]);
  if (!isMap(root)) return fail([fileError(`${path} must be a map with the entry 'settings'`)]);
  const errors: SettingError[] = [];
  const written: WrittenSetting[] = [];
  for (const { key, value } of root.items) {
    const place = placeOf(offsetOf(key));
    if (!isScalar(key) || key.value !== 'settings') {
      errors.push(fileError(`${place}: only the entry 'settings' belongs here, not ${quoted(String(key))}`));
    } else if (isMap(value)) {
      collect(value, placeOf, written, errors);
    } else if (!(value === null || (isScalar(value) && value.value === ''))) {
      errors.push(fileError(`${place}: 'settings' must be a map of names and values`));
    }
  }
  return errors.length > 0 ? fail(errors) : ok(written);
}

function collect(
  map: YAMLMap,
  placeOf: (offset: number | undefined) => string,
  written: WrittenSetting[],
  errors: SettingError[],
): void {
  for (const { key, value } of map.items) {
    const place = placeOf(offsetOf(key));
    const text = textOf(value);
    if (isScalar(key) && text !== undefined) written.push({ name: String(key.value), text, place });
    else errors.push(fileError(`${place}: a setting is written as 'name: value' or 'name: [value, value]'`));
  }
}

/** The text of a scalar, or of a flat sequence of scalars; `undefined` for anything else, aliases included. */
function textOf(node: unknown): string | undefined {
  if (node === null) return '';
  if (isAlias(node)) return undefined;
  if (isScalar(node)) return typeof node.value === 'string' ? node.value : '';
  if (!isSeq(node)) return undefined;
  const items = node.items.map((item) => (isScalar(item) && typeof item.value === 'string' ? item.value : undefined));
  return items.includes(undefined) ? undefined : items.join(',');
}

function offsetOf(node: unknown): number | undefined {
  return isScalar(node) ? node.range?.[0] : undefined;
}

function fileError(message: string): SettingError {
  return { kind: 'file', name: 'settings', value: undefined, allowed: undefined, message };
}

/** The variables `RINGFENCE_NAME`; `without` names those that are no settings. */
export function readEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  without: readonly string[],
): readonly WrittenSetting[] {
  const written: WrittenSetting[] = [];
  for (const [variable, text] of Object.entries(environment)) {
    if (text === undefined || !variable.startsWith(environmentPrefix) || without.includes(variable)) continue;
    written.push({ name: variable.slice(environmentPrefix.length), text, place: variable });
  }
  return written;
}

/** The arguments of `--set name=value`. */
export function readCommandLine(
  assignments: readonly string[],
): Result<readonly WrittenSetting[], readonly SettingError[]> {
  const written: WrittenSetting[] = [];
  const errors: SettingError[] = [];
  for (const assignment of assignments) {
    const equals = assignment.indexOf('=');
    if (equals > 0) {
      written.push({ name: assignment.slice(0, equals), text: assignment.slice(equals + 1), place: '--set' });
      continue;
    }
    const message = `--set ${quoted(assignment)}: write it as name=value`;
    errors.push({ kind: 'value', name: assignment, value: undefined, allowed: 'name=value', message });
  }
  return errors.length > 0 ? fail(errors) : ok(written);
}
