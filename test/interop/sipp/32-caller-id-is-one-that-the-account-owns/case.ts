import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { answer, dial, office } from '../../kit/office.ts';
import { headerValue } from '../../kit/sip-log.ts';

export const title =
  'a caller shows its own number, whatever its phone writes, unless the setting lets it choose [protocol.allowcalleridchange]';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env, { alice: { callerid: '4312340' } }));
  const shown = async (): Promise<string> => {
    const carrier = await answer(env, 'carrier');
    const headers = 'P-Asserted-Identity: <sip:110@example.org>\nRemote-Party-ID: <sip:110@example.org>';
    await dial(env, '19123', { variables: { user: '110', headers } }).passed();
    await carrier.passed();
    const invite = carrier.onlyReceived('INVITE');
    assert.equal(headerValue(invite, 'P-Asserted-Identity') + headerValue(invite, 'Remote-Party-ID'), '');
    return /<sip:([^@]*)@/.exec(headerValue(invite, 'From'))?.[1] ?? '';
  };
  assert.equal(await shown(), '4312340');
  await server.ask('settings set', { name: 'allowcalleridchange', value: '1' });
  assert.equal(await shown(), '110');
  assert.deepEqual(
    (await server.cdrs(2)).map(({ callerName, callerNumber }) => [callerName, callerNumber]),
    [
      ['alice', '110'],
      ['alice', '4312340'],
    ],
  );
}
