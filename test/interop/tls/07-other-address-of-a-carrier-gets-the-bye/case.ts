import assert from 'node:assert/strict';
import { DnsServer } from '../../../kit/dns-server.ts';
import type { Environment } from '../../kit/environment.ts';
import { dial, office } from '../../kit/office.ts';
import { StreamCarrier } from '../../kit/stream-carrier.ts';
import { until } from '../../kit/until.ts';

export const title =
  'a carrier of two addresses whose first dies during a call gets the BYE at the second, with the same number and dialog';

const domain = 'carrier.test';

export async function run(env: Environment): Promise<void> {
  const places = [env.address('carrier'), env.address('reserve')];
  const dns = await DnsServer.start(
    places.flatMap((address, index) => {
      const [target, priority] = [`place${index}.${domain}`, index + 1];
      const srv = { priority, weight: 1, port: 5070, target };
      return [
        { type: 'SRV', name: `_sip._tcp.${domain}`, ttl: 60, data: srv } as const,
        { type: 'A', name: target, ttl: 60, data: address } as const,
      ];
    }),
    env.address('third'),
  );
  env.atEnd(async () => dns.close());
  // Its Contact is the name of both places.
  const contact = `sip:${domain};transport=tcp`;
  const [first, second] = await Promise.all(
    places.map((address) => StreamCarrier.start({ address, port: 5070, contact })),
  );
  assert.ok(first !== undefined && second !== undefined);
  for (const carrier of [first, second]) env.atEnd(() => carrier.stop());
  const document = {
    ...office(env),
    sipservers: [{ name: 'carrier', host: domain, transport: 'tcp' }],
    dialrules: [{ name: 'world', pattern: '00.', sipservers: ['carrier'] }],
  };
  const server = await env.startServer(document, {
    dns_servers: `${dns.endpoint.address}:${dns.endpoint.port}`,
  });
  const alice = dial(env, '00441234567', { timeoutS: 60 }, 'call-hung-up-on.xml');
  await until('the first place has its ACK', 15_000, () => first.heard.includes('ACK'));
  await first.loseConnections();
  await first.stop();
  const [call] = await server.calls();
  assert.deepEqual([call?.phase, second.connections], ['connected', 0]);
  await server.ask('end', { callId: call?.callId ?? '' });
  await alice.passed();
  assert.equal((await server.onlyCdr()).cause, 'ended by operator');
  const requests = [...first.received, ...second.received].filter((message) => message.kind === 'request');
  assert.deepEqual(
    requests.map(({ method, cseq }) => `${method} ${cseq.seq}`),
    ['INVITE 1', 'ACK 1', 'BYE 2'],
  );
  assert.equal(new Set(requests.map(({ callId, fromTag }) => `${callId} ${fromTag}`)).size, 1);
  assert.deepEqual([second.heard, requests.at(-1)?.toTag], [['BYE'], 'carrier']);
}
