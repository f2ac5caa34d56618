import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { seededRandom } from '../../../kit/seeded-random.ts';
import type { Environment } from '../../kit/environment.ts';
import { HostilePeer } from '../../kit/hostile-peer.ts';
import { answer, dial, office, register } from '../../kit/office.ts';

export const title =
  'carriers and a phone that answer and ask nonsense inside their calls do not end the server, and others go on calling [protocol.malformed-packet-drop]';

const rounds = 150;
const timers = { ring_timeout: '2', early_timeout: '5', call_timeout: '3', call_init_timeout: '2', media_timeout: '3' };

export async function run(env: Environment): Promise<void> {
  const trunk = { realm: 'carrier.example', authuser: 'we', authpassword: 'Trunk-Secret-1' };
  const server = await env.startServer(office(env, { carrier: trunk }), { ...timers, log_level: 'info' });
  const authip = [env.address('sender')];
  const bulk = { name: 'bulk', type: 'trafficsender', needauth: '3', authip, techprefix: '99887766' };
  await server.import({ users: [bulk] });
  await register(env, 'bob');
  const random = seededRandom(Number(process.env['SEED'] ?? 1));
  const bind = async (host: 'carrier' | 'reserve' | 'bob' | 'sender'): Promise<HostilePeer> => {
    const peer = new HostilePeer(env.address(host), env.serverAddress, random);
    await peer.bind();
    env.atEnd(() => peer.close());
    return peer;
  };
  await bind('bob');
  const [carrier, reserve, sender] = [await bind('carrier'), await bind('reserve'), await bind('sender')];
  for (let round = 0; round < rounds; round++) {
    carrier.call('4312345');
    reserve.call('bob');
    sender.call('998877660043123456');
    sender.call('99887766bob');
    await wait(20);
    assert.ok(server.running, `the server ended in round ${round}\n${server.log().slice(-2000)}`);
  }
  await wait(4000);
  assert.ok(server.running, server.log().slice(-2000));
  const carol = { user: 'carol', username: 'carol' };
  await register(env, 'bobsOther', { variables: carol });
  const phone = await answer(env, 'bobsOther');
  await dial(env, 'carol').passed();
  await phone.passed();
}
