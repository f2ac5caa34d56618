import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { answer, dial, dialRefused, office } from '../../kit/office.ts';
import { startLine } from '../../kit/sip-log.ts';

export const title =
  'a rule with a secret prefix is open to those who dial it, and the prefix never leaves [fraud.secret-prefix-for-international-calls]';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env, { world: { secretprefix: '778899' } }));
  await dialRefused(env, '0043123456', 404).passed();
  const carrier = await answer(env, 'carrier');
  await dial(env, '7788990043123456').passed();
  await carrier.passed();
  const arrived = carrier.onlyReceived('INVITE');
  assert.match(startLine(arrived), /^INVITE sip:0043123456@/);
  assert.ok(!arrived.includes('778899'));
  assert.equal((await server.cdrs(2)).length, 2);
}
