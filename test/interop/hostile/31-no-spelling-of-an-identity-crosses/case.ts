import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { office, password } from '../../kit/office.ts';
import { firstLine, RoguePeer, sdp, token } from '../rogue-peer.ts';

export const title =
  'a caller who spells P-Asserted-Identity in odd ways asserts nothing, to a phone or to a trusted carrier';

const marker = 'zq7marker';
const name = 'P-Asserted-Identity';
const lines: readonly string[] = [
  `${name}: <sip:${marker}@x>`,
  `${name.toLowerCase()}:<sip:${marker}@x>`,
  `${name} \t : <sip:${marker}@x>`,
  `${name}:\r\n <sip:${marker}@x>`,
  `${name} :\r\n\t\r\n <sip:${marker}@x>`,
  `${name}\0: <sip:${marker}@x>`,
  `\0${name}: <sip:${marker}@x>`,
  `P-Asserted\u00ad-Identity: <sip:${marker}@x>`,
  `\u00d0\u00a0-Asserted-Identity: <sip:${marker}@x>`,
  `P_Asserted_Identity: <sip:${marker}@x>`,
  `P%2DAsserted%2DIdentity: <sip:${marker}@x>`,
  `X: y\n${name}: <sip:${marker}@x>`,
  `X: y\r${name}: <sip:${marker}@x>`,
  `X: y\0\r\n${name}: <sip:${marker}@x>`,
  `${name}: <sip:1@x>\r\n${name}: <sip:${marker}@x>\r\n${name}: <sip:${marker}@x>`,
  `${name}: "\\\0" <sip:${marker}@x>`,
  `Remote-Party-ID: <sip:${marker}@x>;screen=yes`,
  `P-Preferred-Identity: <sip:${marker}@x>`,
  `Privacy: none;${marker}`,
  `y: ${marker}`,
  `History-Info: <sip:${marker}@x>`,
  `Diversion: <sip:${marker}@x>`,
];

export async function run(env: Environment): Promise<void> {
  const { serverAddress } = env;
  await env.startServer(office(env, { carrier: { trustidentity: 'true' } }), { maxcps: '0' });
  const bind = async (peer: 'alice' | 'bob' | 'carrier'): Promise<RoguePeer> => {
    const bound = await RoguePeer.bind(peer, env.address(peer), serverAddress);
    env.atEnd(() => bound.close());
    return bound;
  };
  const [alice, bob, carrier] = [await bind('alice'), await bind('bob'), await bind('carrier')];
  await bob.register({ user: 'bob', password });
  const login = { user: 'alice', password };
  let arrived = 0;
  for (const line of lines) {
    for (const [callee, number] of [
      [bob, 'bob'],
      [carrier, '0043123456'],
    ] as const) {
      const headers = `${line}\r\nContact: <sip:alice@${alice.address}>\r\nContent-Type: application/sdp\r\n`;
      const call = { callId: token(), fromTag: token(), headers, body: sdp(alice.address, 30_000) };
      const uri = `sip:${number}@${serverAddress}`;
      const answered = alice.ask({ method: 'INVITE', uri, ...call }, login);
      const invite = await Promise.race([
        callee.take((text) => text.startsWith('INVITE'), 1500),
        answered.then(() => undefined),
      ]);
      if (invite !== undefined) {
        arrived++;
        assert.ok(!invite.includes(marker), `${JSON.stringify(line)} became ${invite}`);
        if (callee === carrier) assert.match(invite, /\r\nP-Asserted-Identity: <sip:alice@/);
        callee.respond(invite, 486);
      }
      alice.acknowledge(uri, await answered);
    }
  }
  // Those that are spelled as the grammar allows are no reason to refuse the call.
  assert.ok(arrived >= 20, `${arrived} calls arrived`);
  assert.deepEqual(
    alice.received.map(firstLine).filter((line) => line.startsWith('SIP/2.0 5')),
    [],
  );
}
