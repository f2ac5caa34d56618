import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ScriptedPeer } from './scripted-peer.ts';
import { password, Stage } from './stage.ts';

/** The server of the stage is 192.0.2.9 in 192.0.2.0/24. */
const neighbour = '192.0.2.50';
const elsewhere = '203.0.113.9';

/** One challenge, and its answer with this password. @returns the status */
async function logIn(stage: Stage, phone: ScriptedPeer, word: string): Promise<number | undefined> {
  const register = phone.build('REGISTER', 'sip:server.example', 'alice');
  phone.send(register);
  await stage.run(20);
  phone.send(phone.authorised(register, phone.response('REGISTER', 401), 'alice', word));
  await stage.run(20);
  return phone.statuses('REGISTER').at(-1);
}

async function afterWrong(
  count: number,
  address: string,
  trusted_segment_exemption: boolean,
): Promise<number | undefined> {
  const stage = await Stage.open({ settings: { trusted_segment_exemption } });
  const phone = await stage.peer(address);
  for (let guess = 0; guess < count; guess++) await logIn(stage, phone, 'a wrong password');
  return logIn(stage, phone, password);
}

describe('wrong log-ins of neighbours', () => {
  test('with the exemption, 100 from the segment of the server cause no block [auth.trusted-segment-exemption]', async () => {
    assert.equal(await afterWrong(100, neighbour, true), 200);
  });

  test('with the exemption, 11 from elsewhere do: the right password is refused then [auth.trusted-segment-exemption]', async () => {
    assert.equal(await afterWrong(11, elsewhere, true), 403);
  });

  test('without it, which is the default, neighbours are blocked like anybody [auth.trusted-segment-exemption]', async () => {
    assert.equal(await afterWrong(11, neighbour, false), 403);
  });
});
