import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DnsServer } from '../../../kit/dns-server.ts';
import type { Environment } from '../../kit/environment.ts';
import { KamailioProcess } from '../../kit/kamailio-process.ts';
import { answer, dial, office } from '../../kit/office.ts';

export const title =
  'a carrier of two Kamailios is found by SRV: the second one is called when the first refuses, and when it is dead';

const domain = 'carrier.test';

export async function run(env: Environment): Promise<void> {
  const [first, second] = [env.address('carrier'), env.address('reserve')];
  const dns = await DnsServer.start(
    [
      {
        type: 'SRV',
        name: `_sip._udp.${domain}`,
        ttl: 60,
        data: { priority: 1, weight: 1, port: 5070, target: `one.${domain}` },
      },
      {
        type: 'SRV',
        name: `_sip._udp.${domain}`,
        ttl: 60,
        data: { priority: 2, weight: 1, port: 5071, target: `two.${domain}` },
      },
      { type: 'A', name: `one.${domain}`, ttl: 60, data: first },
      { type: 'A', name: `two.${domain}`, ttl: 60, data: second },
    ],
    env.address('third'),
  );
  env.atEnd(async () => dns.close());
  const document = {
    ...office(env),
    sipservers: [{ name: 'carrier', host: domain }],
    dialrules: [{ name: 'world', pattern: '00.', sipservers: ['carrier'] }],
  };
  const server = await env.startServer(document, {
    dns_servers: `${dns.endpoint.address}:${dns.endpoint.port}`,
    call_init_timeout: '2',
  });
  const refusing = new KamailioProcess(join(env.folder, 'one'), { address: first, port: 5070, mode: 'refuse' });
  const passing = new KamailioProcess(join(env.folder, 'two'), {
    ...{ address: second, port: 5071, mode: { passTo: `${env.address('sender')}:5060` } },
  });
  env.atEnd(() => refusing.stop());
  env.atEnd(() => passing.stop());
  await Promise.all([refusing.start(), passing.start()]);

  await call(env);
  await refusing.stop();
  await call(env);

  const cdrs = await server.cdrs(2);
  const places = [`udp:${first}:5070`, `udp:${second}:5071`];
  const told = cdrs.map(({ cause, attempts }) => {
    return `${cause} after ${attempts.map(({ hop, status }) => `${hop} ${status}`).join(', ')}`;
  });
  assert.deepEqual(told.toSorted(), [
    `answered after ${places[0]} 408, ${places[1]} 200`,
    `answered after ${places[0]} 503, ${places[1]} 200`,
  ]);
  assert.deepEqual([refusing.invites, passing.invites], [1, 2]);
  assert.ok(dns.log().filter((question) => question.startsWith('SRV _sip._udp')).length <= 2, 'answers are kept');
}

/** Alice calls over the carrier, somebody behind it answers, and she hangs up. */
async function call(env: Environment): Promise<void> {
  const callee = await answer(env, 'sender');
  await dial(env, '0043123456').passed();
  await callee.passed();
}
