import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GuardBench } from '../../test/kit/guard-bench.ts';
import { parsePrefix } from '../base/net/prefix.ts';
import { detections, type DetectionKey } from '../guard/detections.ts';
import { profileValues, type Settings } from '../settings/index.ts';
import type { OwnAddress } from './addresses.ts';
import { type Listing, trustOf } from './guard-trust.ts';

function own(address: string, network: string, internal = false): OwnAddress {
  const prefix = parsePrefix(network);
  assert.ok(prefix.ok);
  return { address, network: prefix.value, internal };
}

const ownAddresses = [
  own('192.0.2.1', '192.0.2.0/24'),
  own('10.9.0.1', '10.9.0.0/16'),
  own('127.0.0.1', '127.0.0.0/8', true),
];

/** Every kind of source that the settings tell apart; the listed ones are in trusted_addresses. */
const sources = {
  'our own': '192.0.2.1',
  'our loopback': '127.0.0.1',
  'listed private': '192.168.1.5',
  'listed public': '198.51.100.7',
  'other private': '192.168.1.50',
  'private neighbour': '10.9.0.7',
  'public neighbour': '192.0.2.77',
  'private SIP server': '10.0.0.20',
  'public SIP server': '203.0.113.20',
  'traffic sender': '203.0.113.30',
  stranger: '203.0.113.9',
} as const;
type Source = keyof typeof sources;

const listings: Readonly<Record<string, Listing>> = {
  '10.0.0.20': 'sip server',
  '203.0.113.20': 'sip server',
  '203.0.113.30': 'traffic sender',
};

function why(source: Source, given: Partial<Settings>): string | undefined {
  const settings = { ...profileValues('default'), trusted_addresses: ['192.168.1.0/29', '198.51.100.7'], ...given };
  const address = sources[source];
  return trustOf(address, settings, ownAddresses, listings[address] ?? 'none');
}

const itself = ['our own', 'our loopback'] as const;
const privateOnes = [...itself, 'listed private', 'private SIP server'] as const;
const all = [...itself, 'listed private', 'listed public', 'private SIP server', 'public SIP server'] as const;

describe('whom the settings trust', () => {
  const rows: readonly (readonly [given: Partial<Settings>, trusted: readonly Source[]])[] = [
    [{ allowtrustedip: 0 }, []],
    [{ allowtrustedip: 1 }, itself],
    [{ allowtrustedip: 2 }, privateOnes],
    [{ allowtrustedip: 3 }, all],
    [{ allowtrustedip: 4 }, all],
    [{ allowtrustedip: 0, trustlanip: true, trustsubnet: true, trustauthip: true }, []],
    [{ allowtrustedip: 1, trustlanip: true, trustsubnet: true, trustauthip: true }, itself],
    [{ allowtrustedip: 2, trustlanip: true }, [...privateOnes, 'other private', 'private neighbour']],
    [{ allowtrustedip: 3, trustlanip: true }, [...all, 'other private', 'private neighbour']],
    [{ allowtrustedip: 4, trustlanip: true }, [...all, 'other private', 'private neighbour']],
    [{ allowtrustedip: 2, trustsubnet: true }, [...privateOnes, 'private neighbour']],
    [{ allowtrustedip: 3, trustsubnet: true }, [...all, 'private neighbour', 'public neighbour']],
    [{ allowtrustedip: 4, trustsubnet: true }, [...all, 'private neighbour', 'public neighbour']],
    [{ allowtrustedip: 2, trustauthip: true }, privateOnes],
    [{ allowtrustedip: 3, trustauthip: true }, [...all, 'traffic sender']],
    [{ allowtrustedip: 4, trustauthip: true }, [...all, 'traffic sender']],
  ];
  for (const [given, trusted] of rows) {
    const set = Object.entries(given).map(([key, value]) => `${key} ${String(value)}`);
    const ids = '[network.allowtrustedip] [network.trustlanip] [network.trustsubnet] [network.trustauthip]';
    test(`${set.join(', ')}: ${trusted.join(', ') || 'nobody'} (DOS-9) ${ids}`, () => {
      const found = (Object.keys(sources) as Source[]).filter((source) => why(source, given) !== undefined);
      assert.deepEqual(found.sort(), [...trusted].sort());
    });
  }

  test('by default a neighbour, a private address and a traffic sender are trusted no more than a stranger [network.trustsubnet] [network.trustauthip] [network.trustlanip]', () => {
    for (const source of [
      'other private',
      'private neighbour',
      'public neighbour',
      'traffic sender',
      'stranger',
    ] as const) {
      assert.equal(why(source, {}), undefined, source);
    }
  });
});

/** What trips each detection at a limit of 5, by a source that proves its address. */
const stimuli: Readonly<Record<DetectionKey, (bench: GuardBench, address: string) => void>> = {
  maxsubsmscount: (bench, address) => {
    for (let packet = 0; packet < 6; packet++) bench.packet(address, 5060, '', 'tcp');
  },
  maxwrongmsgallowed: (bench, address) => bench.see('malformed', { address, transport: 'tcp', times: 6 }),
  maxsubsipauthrequest: (bench, address) => bench.see('wrong password', { address, transport: 'tcp', times: 6 }),
  maxwrongauthfromip: (bench, address) => bench.see('not authorised', { address, transport: 'tcp', times: 6 }),
  maxfailedauthenabledipport: (bench, address) => bench.see('wrong password', { address, transport: 'tcp', times: 6 }),
  maxfailedauthenabledip: (bench, address) => bench.see('wrong password', { address, transport: 'tcp', times: 6 }),
  fastauthsubswrongusermsg: (bench, address) => {
    bench.see('challenged', { address, transport: 'tcp', times: 6 });
    bench.clock.advance(7000);
  },
  sip_register_failed_times: (bench, address) =>
    bench.see('wrong password', { address, transport: 'tcp', times: 5, isRegister: true }),
  blockscanning_treshold: (bench, address) => {
    for (const user of ['a', 'b', 'c', 'd', 'e', 'f']) bench.see('unknown number', { address, transport: 'tcp', user });
  },
  max_scanner_messages: (bench, address) => bench.see('blocked device', { address, transport: 'tcp', times: 6 }),
  honeypot_numbers: (bench, address) => bench.see('honeypot', { address, transport: 'tcp', user: '911' }),
  max_abuse: (bench, address) => bench.see('pending calls', { address, transport: 'tcp', times: 6 }),
};

describe('each detection', () => {
  const off = Object.fromEntries(detections.map(({ key }) => [`mode.${key}`, 'off']));
  const limits = Object.fromEntries(detections.map(({ key }) => [key, 5]));
  const bench = (key: DetectionKey, given: Partial<Settings>): GuardBench => {
    const few: Partial<Settings> = {
      ...off,
      ...limits,
      honeypot_numbers: ['911'],
      [`mode.${key}`]: 'enforce',
      ...given,
    };
    const settings = { ...profileValues('default'), trusted_addresses: ['192.168.1.5', '198.51.100.7'], ...few };
    return new GuardBench(settings, 'default', {
      trustOf: (address) => trustOf(address, settings, ownAddresses, listings[address] ?? 'none'),
    });
  };
  for (const { key, scope } of detections) {
    // A refused user is no stopped source: its neighbours at a trusted address are served, and it may be guessed at from there.
    const sparesNobody = scope === 'user at address';
    const says = sparesNobody ? 'refuses the user also at a trusted address' : 'only reports a trusted address';
    test(`${key} ${says}, at each value of allowtrustedip, and stops every other [network.allowtrustedip]`, () => {
      for (const allowtrustedip of [0, 1, 2, 3, 4] as const) {
        for (const source of Object.keys(sources) as Source[]) {
          const one = bench(key, { allowtrustedip });
          const address = sources[source];
          stimuli[key](one, address);
          const given = { allowtrustedip, trusted_addresses: ['192.168.1.5', '198.51.100.7'] };
          const isSpared = !sparesNobody && why(source, given) !== undefined;
          const subject = {
            address,
            'address and port': `${address}:5060`,
            'user at address': `alice from ${address}`,
          };
          const expected = `${isSpared ? 'report' : 'ban'} ${subject[scope]} [${key}]`;
          assert.deepEqual(one.listed(), [expected], `allowtrustedip ${allowtrustedip}, ${source}`);
        }
      }
    });
  }
});

describe('the whitelist', () => {
  const rows: readonly (readonly [address: string, settings: Partial<Settings>, outcome: string])[] = [
    ['203.0.113.9', {}, 'serve'],
    ['203.0.113.9', { sip_whitelist: ['198.51.100.0/24'] }, 'drop'],
    ['198.51.100.7', { sip_whitelist: ['198.51.100.0/24'] }, 'serve'],
    ['192.168.1.5', { sip_whitelist: ['198.51.100.0/24'], trusted_addresses: ['192.168.1.5'] }, 'drop'],
    ['192.0.2.50', { sip_whitelist: ['198.51.100.0/24'] }, 'drop'],
    ['2001:db8::7', { sip_whitelist: ['2001:db8::/32'] }, 'serve'],
    ['203.0.113.9', { sip_whitelist: ['2001:db8::/32'] }, 'drop'],
  ];
  for (const [address, settings, outcome] of rows) {
    const listed = settings.sip_whitelist?.join(', ') ?? 'nobody';
    const trusted = settings.trusted_addresses === undefined ? '' : ', although it is trusted,';
    test(`with ${listed} on it a packet of ${address}${trusted} is: ${outcome} [network.sip-whitelist]`, () => {
      assert.equal(new GuardBench(settings).packet(address), outcome);
    });
  }

  test('spares nobody who is on it: what is banned stays so [network.sip-whitelist]', () => {
    const one = new GuardBench({ sip_whitelist: ['203.0.113.0/24'], honeypot_numbers: ['911'] });
    one.see('honeypot', { transport: 'tcp' });
    assert.equal(one.packet('203.0.113.9'), 'drop');
  });
});
