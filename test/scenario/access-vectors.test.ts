import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkPassword, gradePassword } from '../../src/accounts/passwords.ts';
import type { Account } from '../../src/accounts/model.ts';
import { examineMachine, type MachineFacts } from '../../src/doctor/machine-checks.ts';
import { loadSettings, profileValues, type Settings } from '../../src/settings/index.ts';
import { type ScriptedPeer, sdp } from './scripted-peer.ts';
import { password, serverEndpoint, Stage } from './stage.ts';

const minuteMs = 60_000;

/** One challenge to a REGISTER, and its answer. @returns the status of that */
async function logIn(stage: Stage, phone: ScriptedPeer, word: string, user = 'alice'): Promise<number | undefined> {
  const register = phone.build('REGISTER', 'sip:server.example', user);
  phone.send(register);
  await stage.run(20);
  phone.send(phone.authorised(register, phone.response('REGISTER', 401), user, word));
  await stage.run(20);
  return phone.statuses('REGISTER').at(-1);
}

describe('the numbered examples on log-ins', () => {
  const blocked: readonly (readonly [failures: number, minutes: number, status: number])[] = [
    [9, 0, 200],
    [10, 0, 403],
    [10, 29, 403],
    [10, 31, 200],
  ];
  for (const [failures, minutes, status] of blocked) {
    test(`ZY-REG-1: after ${failures} failures and ${minutes} minutes the right password gets ${status} [auth.sip-register-failed-times] [auth.block-time-min]`, async () => {
      const settings = { sip_register_failed_times: 10, block_time_min: 30 };
      const stage = await Stage.open({
        settings: { ...profileValues('seeds'), listen: [serverEndpoint.address], ...settings },
      });
      const phone = await stage.peer('198.51.100.7');
      for (let failure = 0; failure < failures; failure++) await logIn(stage, phone, 'a wrong password');
      await stage.run(minutes * minuteMs);
      assert.equal(await logIn(stage, phone, password), status);
    });
  }

  const causes: readonly (readonly [
    cause: string,
    from: string,
    given: { readonly word?: string; readonly user?: string; readonly account?: Partial<Account>; readonly tcp?: true },
    counted: number,
  ])[] = [
    ['a wrong password', '192.168.1.143', { word: 'wrong' }, 1],
    ['a wrong user name', '192.168.1.143', { user: 'alicia' }, 1],
    ['an address outside permit_ip', '192.168.1.144', {}, 1],
    ['TCP instead of UDP', '192.168.1.143', { tcp: true }, 1],
    ['what is all right', '192.168.1.143', {}, 0],
  ];
  for (const [cause, from, { word = password, user = 'alice', tcp }, counted] of causes) {
    test(`ZY-REG-2: ${cause} counts ${counted} failures`, async () => {
      const stage = await Stage.open({ settings: { stricttransport: 3 } });
      stage.change('alice', { permitIp: ['192.168.1.143/255.255.255.255'], transports: ['udp'] });
      const phone = tcp === undefined ? await stage.peer(from) : stage.tcpPeer(from);
      await stage.run(20);
      await logIn(stage, phone, word, user);
      assert.equal(stage.server.guard.countOf('maxwrongauthfromip', from), counted);
    });
  }

  const calls: readonly (readonly [from: string, called: string, status: number])[] = [
    ['198.51.100.7', '5432112343664123', 100],
    ['198.51.100.7', '43664123', 407],
    ['198.51.100.8', '5432112343664123', 407],
  ];
  for (const [from, called, status] of calls) {
    test(`AUTH-1: with needauth 3 a call from ${from} to ${called} gets ${status} [auth.needauth]`, async () => {
      const sender = {
        name: 'bulk',
        kind: 'trafficsender',
        needAuth: 3,
        authIp: ['198.51.100.7'],
        techPrefix: '54321123',
      } as const;
      const stage = await Stage.open({ accounts: [sender], numbers: [{ number: '43664123', accountId: 1 }] });
      const alice = await stage.phone('alice', '192.0.2.21');
      const gateway = await stage.peer(from);
      gateway.send(gateway.build('INVITE', `sip:${called}@server.example`, 'bulk', { body: sdp(from) }));
      await stage.run(20);
      assert.equal(gateway.statuses('INVITE')[0], status);
      // The prefix is stripped before the number is looked at.
      assert.equal(alice.requests('INVITE').length, status === 100 ? 1 : 0);
    });
  }

  for (const [key, id, why] of [
    ['callingcardauth', 'AUTH-2', /no voice menu/],
    ['apideftrustadmin', 'AUTH-4', /not in effect/],
  ] as const) {
    test(`${id}: ${key} is refused by name, because what it is about is not here`, () => {
      const loaded = loadSettings({ stored: [], environment: {}, commandLine: [`${key}=4`], nowMs: 0 });
      assert.ok(!loaded.ok);
      assert.match(loaded.error.map(({ message }) => message).join(), why);
    });
  }

  for (const [word, isTaken] of [
    ['abc', false],
    ['abcd', true],
  ] as const) {
    test(`AUTH-3: under the profile seeds '${word}' is ${isTaken ? 'taken' : 'refused'} for its length; by default it is refused [auth.minpwdlength]`, () => {
      const owner = { userName: 'alice', validatepassword: 1 };
      const check = (rules: Settings): boolean =>
        checkPassword(word, { ...owner, minpwdlength: rules.minpwdlength }).ok;
      assert.deepEqual([check(profileValues('seeds')), check(profileValues('default'))], [isTaken, false]);
    });
  }

  for (const [word, grade] of [
    ['201', 'useless'],
    ['94993', 'poor'],
    ['holiday2', 'poor'],
    ['H883ksd3', 'good'],
    ['_eK5B2hwAN', 'great'],
  ] as const) {
    test(`ZY-PWD-1: '${word}' is ${grade} [auth.password-strength-table]`, () => {
      assert.equal(gradePassword(word, { userName: '810' }), grade);
    });
  }
});

describe('the numbered examples on ports and machines', () => {
  for (const [port, id] of [
    [5070, 'PORT-1'],
    [5744, 'BL-PORT-1'],
  ] as const) {
    test(`${id}: with SIP on port ${port} nothing answers on 5060 [network.non-standard-sip-port]`, async () => {
      const stage = await Stage.open({ settings: { udp_port: port, tcp_port: port } });
      const here = { address: serverEndpoint.address, port };
      const peer = await stage.peer('203.0.113.9', 5060, here);
      for (const [to, answers] of [
        [serverEndpoint, 0],
        [here, 1],
      ] as const) {
        peer.send(peer.build('REGISTER', 'sip:server.example', 'alice'), to);
        await stage.run(20);
        assert.equal(peer.received.length, answers);
      }
    });
  }

  const machine: MachineFacts = {
    ...{
      listeners: [],
      ownPorts: new Set<string>(),
      mediaPorts: [10_000, 20_000],
      reversePath: new Map([['eth0', 1]]),
    },
    ...{ clockSynchronised: true, swapKb: 0, openFilesLimit: 65_536, runsAsRoot: false },
    ...{ extraRoots: [], withoutPassword: [], openToOthers: [], martiansLogged: true },
  };
  const found = (facts: Partial<MachineFacts>): readonly string[] => {
    const wrong = examineMachine({ ...machine, ...facts }).filter(({ result }) => result !== 'ok');
    return wrong.map(({ name }) => name);
  };
  const at = (port: number): Partial<MachineFacts> => ({
    listeners: [{ protocol: 'tcp', address: '0.0.0.0', port, program: undefined }],
  });
  const rows: readonly (readonly [id: string, facts: Partial<MachineFacts>, found: readonly string[]])[] = [
    ['BL-SYS-1', {}, []],
    ['BL-SYS-1', { reversePath: new Map([['eth0', 0]]) }, ['ingress filtering']],
    ['BL-SYS-1', { reversePath: new Map([['eth0', 2]]) }, []],
    ['BL-SYS-1', { martiansLogged: false }, ['ingress filtering']],
    ['RDP-1', at(3389), ['remote desktop port']],
    ['RDP-1', at(1433), ['databases']],
    ['RDP-1', at(60_089), ['other services']],
  ];
  for (const [id, facts, expected] of rows) {
    const what = Object.entries(facts).map(
      ([key, value]) => `${key} ${value instanceof Map ? [...value].join() : JSON.stringify(value)}`,
    );
    test(`${id}: the doctor finds ${expected.join() || 'nothing'} with ${what.join() || 'all as it should be'} [network.ingress-filtering] [admin.rdp-port] [admin.db-port]`, () => {
      assert.deepEqual(found(facts), expected);
    });
  }
});
