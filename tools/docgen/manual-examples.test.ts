import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { AccountDirectory } from '../../src/accounts/directory.ts';
import { parseImport } from '../../src/accounts/import-document.ts';
import { planImport } from '../../src/accounts/import.ts';
import { inSlices } from '../../src/base/time/in-slices.ts';
import { seededRandom } from '../../test/kit/seeded-random.ts';

const page = readFileSync(new URL('../../docs/manual/operating.md', import.meta.url), 'utf8');

test('the import document of the manual can be imported as it stands', async () => {
  const text = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const document = parseImport(text);
  assert.ok(document.ok, document.ok ? '' : JSON.stringify(document.error));
  const context = {
    ...{ realm: 'r', random: seededRandom(1), nowMs: 0, by: 'test' },
    directory: new AccountDirectory({ accounts: [], credentials: [], numbers: [], dialRules: [], nextId: 1 }),
    rules: { minpwdlength: 10, validatepassword: 2 as const, enforcestrongauth: true },
  };
  const plan = await inSlices(planImport(document.value, context, new Map()), () => Promise.resolve());
  assert.deepEqual(plan.errors, []);
});
