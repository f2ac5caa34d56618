import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CallBench } from './call-bench.ts';
import { sdp } from './scripted-peer.ts';
import { password, Stage, trunkAt } from './stage.ts';

/** A second of speech of one side. */
function speak({ stage }: CallBench, side: 'a' | 'b', from: string, seq: number): void {
  const [session] = stage.plane.sessions;
  assert.ok(session !== undefined);
  const { address, rtp } = session.ports(0, side);
  for (let packet = 0; packet < 10; packet++) {
    const octets = Buffer.alloc(172);
    octets.writeUInt16BE(0x8000, 0);
    octets.writeUInt16BE(seq + packet, 2);
    octets.writeUInt32BE((seq + packet) * 160, 4);
    octets.writeUInt32BE(7, 8);
    stage.plane.deliver(octets, { address: from, port: 40_000 }, { address, port: rtp });
  }
}

const places = [
  { what: 'another port of its address, as by a new NAT binding', address: '192.0.2.21', port: 5099 },
  { what: 'another address', address: '198.51.100.66', port: 5060 },
];

describe('a BYE of a phone that comes from elsewhere is challenged', () => {
  for (const { what, address, port } of places) {
    test(`from ${what}, and without an answer and without media the call ends after 10 s`, async () => {
      const talk = await CallBench.connect();
      const { stage, alice, bob } = talk;
      const elsewhere = await stage.peer(address, port);
      speak(talk, 'a', '192.0.2.21', 1);
      elsewhere.send(alice.inDialog('BYE', talk.invite, talk.answer));
      await stage.run(9_900);
      assert.deepEqual(
        [elsewhere.statuses('BYE'), stage.server.calls.count, bob.requests('BYE').length],
        [[407], 1, 0],
      );
      await stage.run(200);
      assert.ok(bob.requests('BYE').length > 0 && alice.requests('BYE').length > 0);
      assert.deepEqual(
        stage.store.cdrs.map(({ cause }) => cause),
        ['challenge unanswered'],
      );
      assert.equal(elsewhere.requests('BYE').length, 0);
    });

    test(`from ${what}, and while the phone is heard the call goes on`, async () => {
      const talk = await CallBench.connect();
      const { stage, alice } = talk;
      const elsewhere = await stage.peer(address, port);
      elsewhere.send(alice.inDialog('BYE', talk.invite, talk.answer));
      for (let second = 0; second < 30; second++) {
        speak(talk, 'a', '192.0.2.21', second * 50);
        await stage.run(1000);
      }
      assert.deepEqual([elsewhere.statuses('BYE'), stage.server.calls.count], [[407], 1]);
    });

    test(`from ${what}, and acts once it is proven`, async () => {
      const { stage, alice, bob, invite, answer } = await CallBench.connect();
      const elsewhere = await stage.peer(address, port);
      const bye = alice.inDialog('BYE', invite, answer);
      elsewhere.send(bye);
      await stage.run(20);
      elsewhere.send(alice.authorised(bye, elsewhere.response('BYE', 407), 'alice', password));
      await stage.run(20);
      assert.deepEqual([elsewhere.statuses('BYE'), bob.requests('BYE').length > 0], [[407, 200], true]);
      assert.deepEqual(
        stage.store.cdrs.map(({ cause }) => cause),
        ['answered'],
      );
    });
  }

  test('and the call goes on when the phone speaks from its own place meanwhile', async () => {
    const { stage, alice, bob, invite, answer } = await CallBench.connect();
    const elsewhere = await stage.peer('198.51.100.66');
    elsewhere.send(alice.inDialog('BYE', invite, answer));
    await stage.run(3_000);
    alice.send(alice.inDialog('OPTIONS', invite, answer));
    await stage.run(20_000);
    assert.deepEqual([alice.statuses('OPTIONS'), stage.server.calls.count, bob.requests('BYE').length], [[200], 1, 0]);
  });

  test('and that of the callee alike', async () => {
    const talk = await CallBench.connect();
    const { stage, bob } = talk;
    const elsewhere = await stage.peer('198.51.100.66');
    elsewhere.send(bob.inDialogAsCallee('BYE', bob.request('INVITE')));
    speak(talk, 'a', '192.0.2.21', 1);
    await stage.run(10_600);
    assert.deepEqual([elsewhere.statuses('BYE'), bob.requests('BYE').length > 0], [[407], true]);
  });

  test('but a stranger who does not know the dialog is told 481, and sets nothing going', async () => {
    const { stage, alice, invite, answer } = await CallBench.connect();
    const elsewhere = await stage.peer('198.51.100.66');
    const bye = alice.inDialog('BYE', invite, answer);
    bye.headers.set('to', (bye.headers.get('to') ?? '').replace(/tag=.*/, 'tag=guessed'));
    elsewhere.send(bye);
    await stage.run(11_000);
    assert.deepEqual([elsewhere.statuses('BYE'), stage.server.calls.count], [[481], 1]);
  });
});

describe('a request in the dialog of a SIP server', () => {
  const addresses = ['192.0.2.52'];
  const rows = [
    { from: '192.0.2.52', what: 'another of its configured addresses', status: 200 },
    { from: '198.51.100.66', what: 'elsewhere', status: 403 },
  ];
  for (const { from, what, status } of rows) {
    test(`from ${what} is answered ${status}`, async () => {
      const trunk = { ...trunkAt('192.0.2.50'), addresses };
      const stage = await Stage.open({
        accounts: [{ name: 'carrier', kind: 'sipserver', trunk }],
        dialRules: [{ pattern: '00.', routes: [{ sipServerId: 3, priority: 1, weight: 1 }] }],
      });
      const carrier = await stage.peer('192.0.2.50');
      const alice = await stage.phone('alice', '192.0.2.21');
      const invite = await stage.invite(alice, 'alice', 'sip:0049301@server.example');
      carrier.respond(carrier.request('INVITE'), 200, { body: sdp('192.0.2.50') });
      await stage.run(20);
      alice.ack(invite, alice.response('INVITE', 200));
      const other = await stage.peer(from);
      other.send(carrier.inDialogAsCallee('BYE', carrier.request('INVITE')));
      await stage.run(15_000);
      assert.deepEqual([other.statuses('BYE'), alice.requests('BYE').length > 0], [[status], status === 200]);
    });
  }
});

test('an ACK from another address acknowledges nothing, and one from another port of the phone does', async () => {
  const stage = await Stage.open();
  const alice = await stage.phone('alice', '192.0.2.21');
  const bob = await stage.phone('bob', '192.0.2.22');
  const [stranger, moved] = [await stage.peer('198.51.100.66'), await stage.peer('192.0.2.21', 5099)];
  const invite = await stage.invite(alice, 'alice', 'sip:bob@server.example');
  bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22') });
  await stage.run(20);
  const ack = alice.inDialogAck(invite, alice.response('INVITE', 200));
  const repeatedIn = async (durationMs: number): Promise<number> => {
    const before = alice.statuses('INVITE').length;
    await stage.run(durationMs);
    return alice.statuses('INVITE').length - before;
  };
  stranger.send(ack);
  assert.ok((await repeatedIn(4000)) > 0);
  moved.send(ack);
  await stage.run(20);
  assert.equal(await repeatedIn(10_000), 0);
});
