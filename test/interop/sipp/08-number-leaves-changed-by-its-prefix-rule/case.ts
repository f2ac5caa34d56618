import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { answer, bystander, dial, dialRefused, office } from '../../kit/office.ts';
import { startLine } from '../../kit/sip-log.ts';

export const title =
  'a number that fits a dial rule leaves with digits deleted and added, any other is unknown [fraud.custom-pattern, fraud.delete-n-digits-prefix-from-the-front, fraud.auto-add-digit, fraud.place-this-call-through, vectors ZY-DIAL-1 ZY-DIAL-3]';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  const reserve = await bystander(env, 'reserve');
  const carrier = await answer(env, 'carrier');
  await dial(env, '19123').passed();
  await carrier.passed();
  assert.equal(startLine(carrier.onlyReceived('INVITE')), `INVITE sip:00123@${env.address('carrier')}:5060 SIP/2.0`);
  const cdr = await server.onlyCdr();
  assert.deepEqual([cdr.dialledNumber, cdr.sentNumber, cdr.dialRule], ['19123', '00123', 'abroad']);
  for (const number of ['1912', '191234', '20123', '123']) await dialRefused(env, number, 404).passed();
  const causes = (await server.cdrs(5)).map(({ cause }) => cause);
  assert.deepEqual(causes, ['not found', 'not found', 'not found', 'not found', 'answered']);
  assert.deepEqual(reserve.received('INVITE'), []);
}
