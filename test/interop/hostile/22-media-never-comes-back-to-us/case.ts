import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { office, password } from '../../kit/office.ts';
import { firstLine, RoguePeer, sdp } from '../rogue-peer.ts';

export const title =
  'media that is to go to the server itself, to its public address, or to a group is refused with 488';

const publicAddress = '203.0.113.9';

export async function run(env: Environment): Promise<void> {
  const { serverAddress } = env;
  await env.startServer(office(env), { public_address: publicAddress, media_networks: '' });
  const login = { user: 'alice', password };
  const alice = await RoguePeer.bind('alice', env.address('alice'), serverAddress);
  const bob = await RoguePeer.bind('bob', env.address('bob'), serverAddress);
  env.atEnd(() => alice.close());
  env.atEnd(() => bob.close());
  assert.match(await bob.register({ user: 'bob', password }), /^SIP\/2\.0 200/);
  const targets: readonly (readonly [string, number])[] = [
    ['127.0.0.1', 5060],
    ['0x7f.1', 5060],
    ['224.0.0.1', 5000],
    ['255.255.255.255', 5000],
    ['169.254.169.254', 80],
    [publicAddress, 20_000],
    [publicAddress, 5060],
  ];
  for (const [address, port] of targets) {
    const uri = `sip:bob@${serverAddress}`;
    const headers = `Contact: <sip:alice@${alice.address}>\r\nContent-Type: application/sdp\r\n`;
    const asked = alice.ask({ method: 'INVITE', uri, headers, body: sdp(address, port) }, login);
    const rang = bob.expect('INVITE', (text) => text.startsWith('INVITE'));
    const answer = await Promise.any([asked, rang]);
    assert.match(firstLine(answer), /^SIP\/2\.0 488/, `media at ${address}:${port}`);
    alice.acknowledge(uri, answer);
    await rang.catch(() => {});
  }
}
