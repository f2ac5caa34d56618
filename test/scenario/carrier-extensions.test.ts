import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Trunk } from '../../src/accounts/model.ts';
import { HeaderList } from '../../src/sip/message/index.ts';
import { type ScriptedPeer, sdp } from './scripted-peer.ts';
import { Stage, trunkAt } from './stage.ts';

/** A server with one carrier, with which only `fields` say what is spoken. */
async function withCarrier(
  fields: Partial<Trunk>,
): Promise<{ stage: Stage; alice: ScriptedPeer; carrier: ScriptedPeer }> {
  const stage = await Stage.open({
    accounts: [{ name: 'carrier', kind: 'sipserver', trunk: { ...trunkAt('192.0.2.50'), ...fields } }],
    dialRules: [{ pattern: '00.', routes: [{ sipServerId: 3, priority: 1, weight: 1 }] }],
    numbers: [{ number: '4312345', accountId: 2 }],
  });
  return { stage, alice: await stage.phone('alice', '192.0.2.21'), carrier: await stage.peer('192.0.2.50') };
}

async function callFrom(stage: Stage, carrier: ScriptedPeer, header: readonly [string, string]): Promise<void> {
  const headers = new HeaderList().append(...header);
  carrier.send(carrier.build('INVITE', 'sip:4312345@server.example', '4930', { headers, body: sdp('192.0.2.50') }));
  await stage.run(20);
}

describe('a SIP server with which session timers are off', () => {
  test('is not asked for one, and gets none in an answer, whatever it asks for', async () => {
    const { stage, alice, carrier } = await withCarrier({ useSessionTimer: false });
    const invite = await stage.invite(alice, 'alice', 'sip:0049301@server.example');
    const { headers } = carrier.request('INVITE');
    assert.deepEqual([headers.has('session-expires'), headers.getAll('supported')], [false, ['100rel']]);
    const asked = new HeaderList().append('session-expires', '90;refresher=uac').append('require', 'timer');
    carrier.respond(carrier.request('INVITE'), 200, { headers: asked, body: sdp('192.0.2.50') });
    await stage.run(20);
    alice.ack(invite, alice.response('INVITE', 200));
    const update = carrier.inDialogAsCallee('UPDATE', carrier.request('INVITE'));
    update.headers.append('supported', 'timer').append('session-expires', '90;refresher=uac');
    carrier.send(update);
    await stage.run(20);
    assert.equal(carrier.response('UPDATE', 200).headers.has('session-expires'), false);
    await stage.run(200_000);
    assert.equal(
      carrier.requests('UPDATE').length + carrier.requests('BYE').length,
      0,
      'neither refreshed nor expired',
    );
  });

  test('is not refused for an interval that is too short, but for insisting on the extension', async () => {
    const { stage, carrier } = await withCarrier({ useSessionTimer: false });
    const bob = await stage.phone('bob', '192.0.2.22');
    await callFrom(stage, carrier, ['session-expires', '20']);
    assert.equal(bob.requests('INVITE').length, 1);
    await callFrom(stage, carrier, ['require', 'timer']);
    assert.equal(carrier.response('INVITE', 420).headers.get('unsupported'), 'timer');
    assert.equal(bob.requests('INVITE').length, 1);
  });
});

describe('a SIP server with which 100rel is off', () => {
  test('is not told of it, and gets no PRACK; what it says is heard all the same', async () => {
    const { stage, alice, carrier } = await withCarrier({ use100rel: false });
    await stage.invite(alice, 'alice', 'sip:0049301@server.example');
    assert.doesNotMatch(carrier.request('INVITE').headers.getAll('supported').join(), /100rel/);
    const headers = new HeaderList().append('require', '100rel').append('rseq', '1');
    carrier.respond(carrier.request('INVITE'), 183, { headers, body: sdp('192.0.2.50') });
    await stage.run(20);
    assert.match(alice.response('INVITE', 183).body, /m=audio/);
    assert.equal(carrier.requests('PRACK').length, 0);
  });

  test('gets plain ringing, and 420 where it insists', async () => {
    const { stage, carrier } = await withCarrier({ use100rel: false });
    const bob = await stage.phone('bob', '192.0.2.22');
    await callFrom(stage, carrier, ['supported', '100rel']);
    bob.respond(bob.request('INVITE'), 183, { body: sdp('192.0.2.22') });
    await stage.run(20);
    assert.equal(carrier.response('INVITE', 183).headers.has('rseq'), false);
    await callFrom(stage, carrier, ['require', '100rel']);
    assert.equal(carrier.response('INVITE', 420).headers.get('unsupported'), '100rel');
  });
});

test('a SIP server whose fields say nothing is spoken both with', async () => {
  const { stage, alice, carrier } = await withCarrier({});
  await stage.invite(alice, 'alice', 'sip:0049301@server.example');
  const { headers } = carrier.request('INVITE');
  assert.deepEqual([headers.has('session-expires'), headers.getAll('supported')], [true, ['100rel', 'timer']]);
});
