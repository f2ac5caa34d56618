import { catalogue, type SettingSpec } from './catalogue.ts';
import { quoted, type SettingError } from './error.ts';
import { type NameScope, namesOutsideCatalogue, reasonsOutsideCatalogue } from './known-names.ts';
import { fail, ok, type Result } from '../base/result/result.ts';
import { nearestName } from '../base/text/nearest-name.ts';

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
  const nearest = nearestKey(foldName(name.slice(0, maxNameCharacters)));
  return {
    ...error,
    kind: 'unknown',
    message: `there is no setting ${quoted(name)}; the nearest name is '${nearest}'`,
  };
}

/** The key, or the known name, that is nearest to what was written. */
function nearestKey(folded: string): string {
  const name = nearestName(folded, candidates());
  return specByName.get(name)?.key ?? name;
}

function* candidates(): Generator<string> {
  yield* specByName.keys();
  for (const name of scopeByName.keys()) if (!name.includes('.')) yield name;
}
