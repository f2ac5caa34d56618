import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { knownScanners, type Settings } from '../../src/settings/index.ts';
import { serialise } from '../../src/sip/message/index.ts';
import { HandGate } from '../kit/hand-gate.ts';
import { type ScriptedPeer, sdp } from './scripted-peer.ts';
import { password, Stage } from './stage.ts';

function named(peer: ScriptedPeer, method: string, uri: string, user: string, agent: string | undefined) {
  const body = method === 'INVITE' ? { body: sdp(peer.local.address) } : {};
  const request = peer.build(method, uri, user, body);
  if (agent !== undefined) request.headers.append('user-agent', agent);
  return request;
}

/** What a REGISTER of a device of this name gets. */
async function answerTo(settings: Partial<Settings>, agent: string | undefined): Promise<number | 'nothing'> {
  const stage = await Stage.open({ settings });
  const peer = await stage.peer('203.0.113.9');
  peer.send(named(peer, 'REGISTER', 'sip:server.example', 'alice', agent));
  await stage.run(20);
  return peer.statuses('REGISTER')[0] ?? 'nothing';
}

describe('which devices are served', () => {
  const rows: readonly (readonly [
    settings: Partial<Settings>,
    agent: string | undefined,
    answer: number | 'nothing',
  ])[] = [
    // UA-2: an item below five characters is the whole name, a longer one any part of it.
    [{ blockua: ['iWar', 'sipvicious'] }, 'iWar', 'nothing'],
    [{ blockua: ['iWar', 'sipvicious'] }, 'iWarrior', 401],
    [{ blockua: ['iWar', 'sipvicious'] }, 'SIPVicious/0.3.4', 'nothing'],
    [{ blockua: ['iWar', 'sipvicious'] }, 'xsipviciousx', 'nothing'],
    [{ blockua: ['iWar', 'sipvicious'] }, 'Linphone', 401],
    [{ blockua: ['abcd', 'abcde'] }, 'ABCD', 'nothing'],
    [{ blockua: ['abcd', 'abcde'] }, 'xabcd', 401],
    [{ blockua: ['abcd', 'abcde'] }, 'xABCDEx', 'nothing'],
    [{}, undefined, 401],
    [{ allowua: ['Mizu', 'mzvios'] }, 'mizu softphone 5', 401],
    [{ allowua: ['Mizu', 'mzvios'] }, 'mzvios/3', 401],
    [{ allowua: ['Mizu', 'mzvios'] }, 'friendly-scanner', 'nothing'],
    [{ allowua: ['Mizu', 'mzvios'] }, 'Mizu friendly-scanner', 'nothing'],
    [{ allowua: ['Mizu', 'mzvios'] }, 'Linphone', 'nothing'],
    [{ allowua: ['Mizu', 'mzvios'] }, undefined, 'nothing'],
  ];
  for (const [settings, agent, answer] of rows) {
    const set = Object.entries(settings).map(([key, value]) => `${key} ${String(value)}`);
    test(`${set.join('') || 'by default'}: '${agent ?? 'no name'}' gets ${answer} [protocol.blockua] [protocol.allowua]`, async () => {
      assert.equal(await answerTo(settings, agent), answer);
    });
  }

  test('a name on allowua is no password: the right one is still asked for [protocol.allowua]', async () => {
    const stage = await Stage.open({ settings: { allowua: ['Mizu'] } });
    const peer = await stage.peer('203.0.113.9');
    const register = named(peer, 'REGISTER', 'sip:server.example', 'alice', 'Mizu 5');
    peer.send(register);
    await stage.run(20);
    peer.send(peer.authorised(register, peer.response('REGISTER', 401), 'alice', 'a wrong password'));
    await stage.run(20);
    assert.deepEqual(peer.statuses('REGISTER'), [401, 403]);
  });
});

describe('known scanners', () => {
  // BL-UA-1 names the first eight.
  const tools = [
    'sundayddr',
    'sipsak',
    'sipvicious',
    'friendly-scanner',
    'iWar',
    'sip-scan',
    'VaxSIPUserAgent',
    'sipcli',
  ];
  for (const tool of [...new Set([...tools, ...knownScanners])]) {
    test(`${tool} gets no reply, is counted by its name, and is served once blockua_except says so [protocol.built-in-scanner-block] [own.blockua-except]`, async () => {
      const stage = await Stage.open();
      const peer = await stage.peer('203.0.113.9');
      peer.send(named(peer, 'OPTIONS', 'sip:server.example', 'x', tool.toUpperCase()));
      await stage.run(20);
      assert.deepEqual(peer.received, []);
      assert.deepEqual([...stage.server.guard.devices.refused], [[tool.toLowerCase(), 1]]);
      const except = knownScanners.filter(
        (name) => name.toLowerCase().includes(tool.toLowerCase()) || tool.toLowerCase().includes(name.toLowerCase()),
      );
      assert.equal(await answerTo({ blockua_except: except }, tool), 401);
    });
  }

  test('another phone is passed on [protocol.built-in-scanner-block]', async () => {
    for (const phone of ['Linphone', 'Yealink SIP-T46S', 'sipp', 'smappee', 'baresip 1.0']) {
      assert.equal(await answerTo({}, phone), 401, phone);
    }
  });

  for (const transport of ['udp', 'tcp', 'tls', 'ws', 'wss'] as const) {
    test(`one that comes over ${transport} is refused there too [protocol.built-in-scanner-block]`, async () => {
      const gate = new HandGate();
      const stage = await Stage.open({ gate, settings: { ws_port: 8080 } });
      const answers = async (agent: string, address: string): Promise<boolean> => {
        const peer = transport === 'tcp' ? stage.tcpPeer(address) : await stage.peer(address);
        if (transport === 'tcp') await stage.run(20);
        const request = named(peer, 'OPTIONS', 'sip:server.example', 'x', agent);
        if (transport === 'udp' || transport === 'tcp') {
          peer.send(request);
          await stage.run(20);
          return peer.received.length > 0;
        }
        const stream = gate.arrive(transport, { address, port: 40_000 });
        request.headers.append('content-length', '0');
        stream.onData(serialise(request));
        await stage.run(20);
        return stream.written.length > 0;
      };
      assert.equal(await answers('friendly-scanner', '203.0.113.9'), false);
      assert.equal(await answers('Linphone', '203.0.113.10'), true);
    });
  }

  test('who goes on with one is banned where it is proven, and shed where it is not [protocol.blockua]', async () => {
    for (const [isTcp, expected] of [
      [true, 'ban 203.0.113.9'],
      [false, 'shed 203.0.113.9'],
    ] as const) {
      const stage = await Stage.open();
      const peer = isTcp ? stage.tcpPeer('203.0.113.9') : await stage.peer('203.0.113.9');
      await stage.run(20);
      for (let message = 0; message < 6; message++) {
        peer.send(named(peer, 'OPTIONS', 'sip:server.example', 'x', 'sipvicious'));
        await stage.run(20);
      }
      assert.deepEqual(
        [...stage.server.guard.bans.all()].map(({ action, subject }) => `${action} ${subject}`),
        [expected],
      );
    }
  });
});

describe('devices without a password', () => {
  const mizu = ['Mizu', 'mzvios', 'webphone', 'WPhone'];
  // UA-1: the list is for senders that are known by address and prefix, and for nobody else.
  const rows: readonly (readonly [
    settings: Partial<Settings>,
    agent: string | undefined,
    sender: number,
    user: number,
  ])[] = [
    [{}, 'Linphone', 100, 407],
    [{ alloweua: mizu }, 'Mizu softphone', 100, 407],
    [{ alloweua: mizu }, 'mzvios/3', 100, 407],
    [{ alloweua: mizu }, 'webphone', 100, 407],
    [{ alloweua: mizu }, 'WPhone', 100, 407],
    [{ alloweua: mizu }, 'WPhone 2', 100, 407],
    [{ alloweua: mizu }, 'Linphone', 403, 407],
    [{ alloweua: mizu }, undefined, 403, 407],
    [{ blockeua: ['Asterisk'] }, 'Asterisk PBX 18', 403, 407],
    [{ blockeua: ['Asterisk'] }, 'FPBX', 100, 407],
    [{ blockeua: ['FPBX'] }, 'fpbx', 403, 407],
    [{ blockeua: ['FPBX'] }, 'FPBX-16', 100, 407],
    [{ blockeua: ['Asterisk'], alloweua: ['Asterisk'] }, 'Asterisk', 403, 407],
  ];
  for (const [settings, agent, sender, user] of rows) {
    const set = Object.entries(settings).map(([key, value]) => `${key} ${String(value)}`);
    test(`${set.join('; ') || 'by default'}: a call of '${agent ?? 'no name'}' by address gets ${sender}, one of a user goes on with ${user} [protocol.alloweua] [protocol.blockeua]`, async () => {
      const bulk = {
        name: 'bulk',
        kind: 'trafficsender',
        needAuth: 3,
        techPrefix: '12345678',
        authIp: ['198.51.100.7'],
      } as const;
      const stage = await Stage.open({ settings, accounts: [bulk], numbers: [{ number: '4312345', accountId: 2 }] });
      await stage.phone('bob', '192.0.2.22');
      const gateway = await stage.peer('198.51.100.7');
      gateway.send(named(gateway, 'INVITE', 'sip:12345678004312345@server.example', 'bulk', agent));
      const phone = await stage.peer('192.0.2.23');
      phone.send(named(phone, 'INVITE', 'sip:bob@server.example', 'alice', agent));
      await stage.run(20);
      assert.equal(gateway.statuses('INVITE')[0], sender);
      assert.deepEqual(phone.statuses('INVITE'), [user]);
    });
  }

  test('a user with a password is served whatever alloweua says [protocol.alloweua]', async () => {
    const stage = await Stage.open({ settings: { alloweua: mizu } });
    const peer = await stage.peer('192.0.2.21');
    const register = named(peer, 'REGISTER', 'sip:server.example', 'alice', 'Linphone');
    peer.send(register);
    await stage.run(20);
    peer.send(peer.authorised(register, peer.response('REGISTER', 401), 'alice', password));
    await stage.run(20);
    assert.deepEqual(peer.statuses('REGISTER'), [401, 200]);
  });
});
