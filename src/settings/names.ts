import { catalogue, type SettingSpec } from './catalogue.ts';
import { quoted, type SettingError } from './error.ts';
import { type NameScope, namesOutsideCatalogue, reasonsOutsideCatalogue } from './known-names.ts';
import { fail, ok, type Result } from '../base/result/result.ts';

/** Longer than any name there is; the work for a suggestion is bounded by it. */
const maxNameCharacters = 80;

/** One form for all spellings: small letters, and `_` for whatever stands between words. Dots of ids stay. */
export function foldName(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9.]+/g, '_')
    .replaceAll(/^_|_$/g, '');
}

/** The key that belongs to a requirement id: its tail with `_` for `-`. */
export function keyOfId(id: string): string {
  return id.slice(id.indexOf('.') + 1).replaceAll('-', '_');
}

const specByName = new Map<string, SettingSpec>();
for (const spec of catalogue) {
  const ownId = keyOfId(spec.id) === spec.key ? [spec.id] : [];
  for (const name of [spec.key, ...ownId, ...(spec.aliases ?? [])]) specByName.set(foldName(name), spec);
}

const scopeByName = new Map<string, NameScope>();
const reasonByName = new Map<string, string>();
for (const [scope, rows] of Object.entries(namesOutsideCatalogue)) {
  for (const [id, ...spellings] of rows) {
    for (const name of [id, keyOfId(id), ...spellings]) {
      const folded = foldName(name);
      if (!scopeByName.has(folded)) scopeByName.set(folded, scope as NameScope);
      const reason = reasonsOutsideCatalogue[id];
      if (reason !== undefined) reasonByName.set(folded, reason);
    }
  }
}

/** Finds a setting by its key, its requirement id or another spelling of it, without regard to case. */
export function findSetting(name: string): Result<SettingSpec, SettingError> {
  const folded = foldName(name.slice(0, maxNameCharacters));
  const spec = specByName.get(folded);
  return spec === undefined ? fail(notFound(name, folded)) : ok(spec);
}

function notFound(name: string, folded: string): SettingError {
  const error = { name, value: undefined, allowed: undefined };
  const scope = scopeByName.get(folded);
  if (scope === 'global') {
    const reason = reasonByName.get(folded);
    const why = reason === undefined ? '' : `: ${reason}`;
    const message = `${quoted(name)} is known, but not in effect in this version${why}`;
    return { ...error, kind: 'not in effect', message };
  }
  if (scope !== undefined) {
    return { ...error, kind: 'not a setting', message: `${quoted(name)} is a field of each ${scope}, not a setting` };
  }
  const nearest = nearestName(foldName(name.slice(0, maxNameCharacters)));
  return {
    ...error,
    kind: 'unknown',
    message: `there is no setting ${quoted(name)}; the nearest name is '${nearest}'`,
  };
}

/** The key, or the known name, with the fewest letters to change; of equals, the first in the catalogue. */
function nearestName(folded: string): string {
  let nearest = '';
  let least = Number.POSITIVE_INFINITY;
  for (const [name, key] of candidates()) {
    const distance = editDistance(folded, name);
    if (distance < least) [least, nearest] = [distance, key];
  }
  return nearest;
}

function* candidates(): Generator<readonly [string, string]> {
  for (const [name, spec] of specByName) yield [name, spec.key];
  for (const name of scopeByName.keys()) if (!name.includes('.')) yield [name, name];
}

/** How many letters must be added, taken away or exchanged to come from one text to the other (Levenshtein). */
export function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const exchanged = at(row, j - 1) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(exchanged, at(row, j) + 1, at(next, j - 1) + 1));
    }
    row = next;
  }
  return at(row, other.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
