import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { profileValues } from '../settings/index.ts';
import { examineMachine, type Listener, type MachineFacts } from './machine-checks.ts';
import { examineServer, isSound, type ServerFacts, summary } from './server-checks.ts';

const wellKept: MachineFacts = {
  listeners: [
    { protocol: 'udp', address: '0.0.0.0', port: 5060, program: 'node' },
    { protocol: 'udp', address: '0.0.0.0', port: 10_001, program: 'node' },
    { protocol: 'tcp', address: '127.0.0.1', port: 5432, program: 'postgres' },
    { protocol: 'tcp', address: '::1', port: 22, program: 'sshd' },
  ],
  ownPorts: new Set(['udp:5060', 'tcp:5060']),
  mediaPorts: [10_000, 20_000],
  reversePath: new Map([['eth0', 1]]),
  martiansLogged: true,
  clockSynchronised: true,
  swapKb: 0,
  openFilesLimit: 65_536,
  runsAsRoot: false,
  extraRoots: [],
  withoutPassword: [],
  openToOthers: [],
};

function at(port: number, program?: string, protocol: Listener['protocol'] = 'tcp'): Partial<MachineFacts> {
  return { listeners: [{ protocol, address: '0.0.0.0', port, program }] };
}

describe('the doctor at a machine', () => {
  test('nothing is said of a well kept one: our ports, and what listens on the loopback, are fine', () => {
    assert.deepEqual(
      examineMachine(wellKept).filter(({ result }) => result !== 'ok'),
      [],
    );
  });

  const ills: readonly (readonly [
    title: string,
    ill: Partial<MachineFacts>,
    check: string,
    result: string,
    seen: RegExp,
  ])[] = [
    [
      'a listening port that no part of the server owns is named with its program [network.disable-unneeded-network-services] [admin.os-clean-dedicated-system]',
      at(8080, 'python3'),
      'other services',
      'warning',
      /^tcp 8080 \(python3\)$/,
    ],
    [
      'file sharing is a fault [network.disable-unneeded-network-services]',
      at(445),
      'file and desktop sharing',
      'fault',
      /^tcp 445$/,
    ],
    ['FTP is a fault', at(21, 'vsftpd'), 'file and desktop sharing', 'fault', /vsftpd/],
    ['a database on all addresses is a fault [admin.db-port]', at(1433), 'databases', 'fault', /1433/],
    ['SSH on port 22 of all addresses is told', at(22, 'sshd'), 'SSH port', 'warning', /22/],
    ['remote desktop on its usual port is a fault [admin.rdp-port]', at(3389), 'remote desktop port', 'fault', /3389/],
    [
      'an interface without rp_filter is named',
      { reversePath: new Map([['eth1', 0]]) },
      'ingress filtering',
      'warning',
      /eth1/,
    ],
    ['a clock that nobody has set is told', { clockSynchronised: false }, 'clock', 'warning', /not set/],
    ['swap is told with its size', { swapKb: 2_097_152 }, 'swap', 'warning', /2048 MB/],
    ['too few open files are a fault', { openFilesLimit: 1024 }, 'open files', 'fault', /1024/],
    ['a server that runs as root is told', { runsAsRoot: true }, 'user of the server', 'warning', /root/],
    [
      'a second root and an account without password are faults [admin.os-accounts]',
      { extraRoots: ['toor'], withoutPassword: ['guest'] },
      'accounts of the machine',
      'fault',
      /toor has user id 0, guest has no password/,
    ],
    ['a data folder that others can read is a fault', { openToOthers: ['. (755)'] }, 'data folder', 'fault', /755/],
    ['what cannot be seen is not called well', { listeners: undefined }, 'databases', 'unknown', /proc/],
  ];
  for (const [title, ill, name, result, seen] of ills) {
    test(title, () => {
      const check = examineMachine({ ...wellKept, ...ill }).find((each) => each.name === name);
      assert.ok(check);
      assert.equal(check.result, result);
      assert.match(check.seen, seen);
      assert.ok(check.remedy.length > 20 && check.meaning.length > 20);
    });
  }
});

const safe: ServerFacts = {
  settings: { ...profileValues('default'), udp_port: 5070, tcp_port: 5070 },
  accounts: [{ name: 'alice', kind: 'enduser', needAuth: 4, enabled: true, authIp: [] }],
  weakPasswords: [],
  passwordsNotSeen: 0,
  accountsByAddress: new Map([['192.0.2.1', 3]]),
  certificate: { validUntilMs: 90 * 86_400_000, selfSigned: false },
  storeIsHealthy: true,
  blockLists: [],
  nowMs: 0,
};

function sender(needAuth: ServerFacts['accounts'][number]['needAuth']): Partial<ServerFacts> {
  return { accounts: [{ name: 'bulk', kind: 'trafficsender', needAuth, enabled: true, authIp: ['192.0.2.7'] }] };
}

describe('the doctor at the settings and accounts', () => {
  test('the defaults, another port and a certificate of an authority are well', () => {
    const weakness = examineServer(safe).filter(({ result }) => result !== 'ok');
    assert.deepEqual(weakness, []);
  });

  for (const [needAuth, better] of [
    [1, 3],
    [2, 4],
    [6, 8],
    [9, 10],
  ] as const) {
    test(`needauth ${needAuth} is reported with ${better} in its place [network.no-ip-authentication-where-spoofing-is-possible]`, () => {
      const check = examineServer({ ...safe, ...sender(needAuth) }).find(({ result }) => result !== 'ok');
      assert.equal(check?.name, 'authentication by address');
      assert.equal(check.seen, `bulk (needauth ${needAuth}, better ${better})`);
    });
  }

  for (const needAuth of [3, 4, 8, 10] as const) {
    test(`needauth ${needAuth} is not reported [network.no-ip-authentication-where-spoofing-is-possible]`, () => {
      assert.ok(examineServer({ ...safe, ...sender(needAuth) }).every(({ result }) => result === 'ok'));
    });
  }

  const ills: readonly (readonly [
    title: string,
    ill: Partial<ServerFacts>,
    check: string,
    result: string,
    seen: RegExp,
  ])[] = [
    ['SIP on port 5060 is told', { settings: profileValues('default') }, 'SIP port', 'warning', /5060/],
    [
      'guessable passwords are a fault',
      { weakPasswords: ['alice'], passwordsNotSeen: 7 },
      'passwords',
      'fault',
      /^alice \(7/,
    ],
    [
      'a rule that only watches is named',
      { settings: { ...safe.settings, 'mode.maxlines': 'observe' } },
      'protections that are off',
      'warning',
      /mode\.maxlines is observe/,
    ],
    [
      'a setting that is back at the value of the original is named',
      { settings: { ...safe.settings, checkrtpaddr: 0 } },
      'settings below the default',
      'warning',
      /^checkrtpaddr is 0$/,
    ],
    [
      'guests are told',
      { settings: { ...safe.settings, allownoauthcalls: 1, allow_guest: true } },
      'calls without an account',
      'warning',
      /guests/,
    ],
    ['a certificate that has ended is a fault', { nowMs: 100 * 86_400_000 }, 'certificate', 'fault', /10 days ago/],
    ['one that ends soon is told', { nowMs: 80 * 86_400_000 }, 'certificate', 'warning', /10 days left/],
    [
      'an address with many accounts is told',
      { accountsByAddress: new Map([['172.17.0.1', 40]]) },
      'shared addresses',
      'warning',
      /172\.17\.0\.1 \(40 accounts\)/,
    ],
    ['a store that fails is a fault', { storeIsHealthy: false }, 'store', 'fault', /fail/],
  ];
  for (const [title, ill, name, result, seen] of ills) {
    test(title, () => {
      const check = examineServer({ ...safe, ...ill }).find((each) => each.name === name);
      assert.ok(check);
      assert.deepEqual([check.result, seen.test(check.seen)], [result, true], check.seen);
    });
  }

  test('only faults make the exit code of the doctor 1, and the summary names them', () => {
    const warned = examineServer({ ...safe, nowMs: 80 * 86_400_000 });
    const broken = examineServer({ ...safe, storeIsHealthy: false });
    assert.deepEqual([isSound(warned), isSound(broken)], [true, false]);
    assert.match(summary(broken), /^1 faults \(store\), 0 warnings/);
  });
});
