import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Environment } from '../../kit/environment.ts';
import { answer, dial, dialRefused, password } from '../../kit/office.ts';

export const title =
  'with the import document of the manual and no price at all, the first call out reaches the carrier, and a call abroad once the user may';

const manual = new URL('../../../../docs/manual/operating.md', import.meta.url);

export async function run(env: Environment): Promise<void> {
  const example = /```yaml\n([\s\S]*?)```/.exec(readFileSync(manual, 'utf8'))?.[1] ?? '';
  const text = example
    .replace('sip.carrier-a.example', env.address('carrier'))
    .replace('198.51.100.20', env.address('reserve'))
    .replace('displayname: Alice Example', `password: ${password}`);
  const document: object = parse(text, { schema: 'failsafe' });
  const server = await env.startServer(document);
  const carrier = await answer(env, 'carrier', { calls: 2 });
  await dial(env, '0043112345').passed();
  await dialRefused(env, '0049301234', 403).passed();
  await server.import({ users: [{ name: 'alice', international: 'true' }] });
  await dial(env, '0049301234').passed();
  await carrier.passed();
  const told = (await server.cdrs(3)).map(({ sentNumber, cause }) => `${sentNumber} ${cause}`);
  assert.deepEqual(told.toSorted(), ['43112345 answered', '49301234 answered', ' refused'].toSorted());
}
