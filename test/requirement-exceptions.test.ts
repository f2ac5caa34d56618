import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Requirement ids in the table of `docs/guard.md` that says what is elsewhere. */
function exceptions(): readonly string[] {
  const guard = readFileSync(join(root, 'docs/guard.md'), 'utf8');
  const table = guard.slice(guard.indexOf('## What is elsewhere'), guard.indexOf('## Bounds'));
  return table
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => line.split('|')[1]?.match(/[a-z]+\.[a-z-]+/g) ?? []);
}

/** Ids that the titles of tests name in square brackets. */
function named(): ReadonlySet<string> {
  const files = ['src', 'test', 'tools'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts') || name.endsWith('case.ts'))
      .map((name) => join(root, folder, name)),
  );
  return new Set(files.flatMap((file) => readFileSync(file, 'utf8').match(/(?<=\[)[a-z]+\.[a-z-]+(?=\])/g) ?? []));
}

test('nothing that the manual says is elsewhere is claimed by a test', () => {
  const ids = exceptions();
  assert.ok(ids.length > 15, `${ids.length} ids`);
  assert.equal(new Set(ids).size, ids.length);
  const both = named();
  assert.deepEqual(
    ids.filter((id) => both.has(id)),
    [],
  );
});
