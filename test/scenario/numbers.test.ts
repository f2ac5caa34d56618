import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DialRule } from '../../src/accounts/model.ts';
import type { NumberFormat } from '../../src/numbering/called-number.ts';
import { Stage, type StageOptions, trunkAt } from './stage.ts';

/** What becomes of a call: the number that the SIP server was sent, or the rule that refused it. */
async function outcome(uri: string, options: StageOptions): Promise<string> {
  const stage = await Stage.open(options);
  const carrier = await stage.peer('192.0.2.50');
  const alice = await stage.phone('alice', '192.0.2.21');
  await stage.invite(alice, 'alice', uri);
  const sent = carrier.requests('INVITE')[0];
  if (sent !== undefined) return `sent ${/^sip:([^@;]*)@/.exec(sent.uri)?.[1]}`;
  const [decision] = stage.decisions;
  assert.equal(alice.statuses('INVITE').at(-1), decision?.sipStatus);
  return `${decision?.rule} ${decision?.sipStatus}`;
}

const routes = [{ sipServerId: 3, priority: 1, weight: 1 }];

function austria(rules: readonly Partial<DialRule>[], numberFormat: NumberFormat = ''): StageOptions {
  return {
    settings: { home_country: '43' },
    accounts: [{ name: 'carrier', kind: 'sipserver', trunk: { ...trunkAt('192.0.2.50'), numberFormat } }],
    dialRules: rules.map((rule) => ({ ...rule, routes })),
  };
}

function america(rules: readonly Partial<DialRule>[], numberFormat: NumberFormat = ''): StageOptions {
  const options = austria(rules, numberFormat);
  return { ...options, settings: { home_country: '1', international_prefix: '011', national_prefix: '1' } };
}

/** Every kind of rule: as dialled, stripped, stripped and added to, behind a secret prefix, for bare digits. */
const austrianRules: readonly { readonly name: string; readonly rules: readonly Partial<DialRule>[] }[] = [
  { name: 'as dialled', rules: [{ pattern: '00.' }, { pattern: '0Z.' }, { pattern: 'Z.' }] },
  { name: 'stripped', rules: [{ pattern: '00.', deleteDigits: 2 }, { pattern: '0Z.' }, { pattern: 'Z.' }] },
  {
    name: 'stripped, plus added',
    rules: [
      { pattern: '00.', deleteDigits: 2, addDigits: '+' },
      { pattern: '0Z.', deleteDigits: 1, addDigits: '+43' },
      { pattern: 'Z.', addDigits: '+' },
    ],
  },
  {
    name: 'stripped, code added',
    rules: [
      { pattern: '00.', deleteDigits: 2, addDigits: '99#00' },
      { pattern: '0Z.', addDigits: '99#' },
      { pattern: 'Z.', addDigits: '99#00' },
    ],
  },
];

const premiumAndSatellite: readonly { readonly uri: string; readonly rule: string }[] = [
  ...['0088216123456', '+88216123456', '88216123456', '%2B88216123456', '00%38%38216123456'].map((user) => ({
    uri: `sip:${user}@server.example`,
    rule: 'blocksatellitecalls',
  })),
  { uri: 'sip:+88216123456;rn=+43664123456;npdi@server.example;user=phone', rule: 'blocksatellitecalls' },
  { uri: 'sip:+88216123456;phone-context=+43@server.example', rule: 'blocksatellitecalls' },
  { uri: 'sip:+882-16.(12)3456@server.example', rule: 'blocksatellitecalls' },
  ...['0019005551234', '+19005551234', '19005551234', '+190055512349', '0900123456', '+43900123456'].map((user) => ({
    uri: `sip:${user}@server.example`,
    rule: 'blockpremiumnumbers',
  })),
  { uri: 'sip:900123456;phone-context=+43@server.example', rule: 'blockpremiumnumbers' },
  { uri: 'tel:+1-900-555-1234;ext=5', rule: 'blockpremiumnumbers' },
];

describe('what is sent is what was barred and priced', () => {
  for (const { name, rules } of austrianRules) {
    for (const format of ['', 'e164', 'plus', 'international', 'national'] as const) {
      test(`no dial form of a satellite or premium number passes rules ${name} to a server that wants '${format}' [fraud.blocksatellitecalls] [fraud.blockpremiumnumbers]`, async () => {
        for (const { uri, rule } of premiumAndSatellite) {
          assert.equal(await outcome(uri, austria(rules, format)), `${rule} 403`, uri);
        }
      });
    }
  }

  test('9011 and 011 in North America are the same as + [fraud.blocksatellitecalls] [fraud.blockpremiumnumbers]', async () => {
    const rules = [
      { pattern: '9011.', deleteDigits: 1 },
      { pattern: '011.' },
      { pattern: '9Z.', deleteDigits: 1 },
      { pattern: '1NXXNXXXXXX' },
      { pattern: 'NXXNXXXXXX' },
      { pattern: 'Z.' },
    ];
    const table: [user: string, expected: string][] = [
      ['901188216123456', 'blocksatellitecalls 403'],
      ['01188216123456', 'blocksatellitecalls 403'],
      ['+88216123456', 'blocksatellitecalls 403'],
      ['919005551234', 'blockpremiumnumbers 403'],
      ['19005551234', 'blockpremiumnumbers 403'],
      ['9005551234', 'blockpremiumnumbers 403'],
      ['+19005551234', 'blockpremiumnumbers 403'],
      ['011449091234567', 'blockpremiumnumbers 403'],
      ['12125551234', 'sent 12125551234'],
      ['9011441234567890', 'sent 011441234567890'],
    ];
    for (const [user, expected] of table) {
      assert.equal(await outcome(`sip:${user}@server.example`, america(rules)), expected, user);
    }
  });

  test('a secret prefix in front changes nothing [fraud.blocksatellitecalls]', async () => {
    const rules = [{ pattern: '00.', secretPrefix: '4711' }];
    assert.equal(await outcome('sip:47110088216123456@server.example', austria(rules)), 'blocksatellitecalls 403');
    assert.equal(await outcome('sip:47110049301234567@server.example', austria(rules)), 'sent 0049301234567');
  });

  test('a server is sent the number in the format that it declares, from every dial form', async () => {
    const rules = [{ pattern: '00.' }, { pattern: '0Z.' }];
    const table: [format: NumberFormat, home: string, abroad: string][] = [
      ['', '0664123456', '0049301234567'],
      ['e164', '43664123456', '49301234567'],
      ['plus', '+43664123456', '+49301234567'],
      ['international', '0043664123456', '0049301234567'],
      ['national', '0664123456', '0049301234567'],
    ];
    for (const [format, home, abroad] of table) {
      assert.equal(await outcome('sip:0664123456@server.example', austria(rules, format)), `sent ${home}`);
      assert.equal(await outcome('sip:0049301234567@server.example', austria(rules, format)), `sent ${abroad}`);
      assert.equal(await outcome('sip:+49301234567@server.example', austria(rules, format)), `sent ${abroad}`);
      assert.equal(await outcome('tel:+49-30-1234567;ext=3', austria(rules, format)), `sent ${abroad}`);
    }
  });

  test('a rule that would make another number of one dialled with + is not followed', async () => {
    const rules = [{ pattern: '00.', deleteDigits: 4, addDigits: '001900' }];
    assert.equal(await outcome('sip:+49301234567@server.example', austria(rules)), 'numberformat 404');
  });

  test('a service code of the caller reaches no carrier', async () => {
    const rules = [{ pattern: '0.' }, { pattern: 'X.' }];
    assert.equal(await outcome('sip:0*31%230900123456@server.example', austria(rules)), 'numberformat 404');
  });
});

describe('numbers that may be called', () => {
  const rules = [{ pattern: '00.' }, { pattern: '0Z.' }];
  const called = (uri: string, settings: StageOptions['settings'], account = {}): Promise<string> => {
    const options = austria(rules);
    const carrier = options.accounts?.[0] ?? {};
    const own = { ...options, settings: { ...options.settings, ...settings } };
    return outcome(uri, { ...own, accounts: [{ ...carrier, ...account }] });
  };

  test('FRA-1: satellite and premium are refused by default, other numbers are not [fraud.blocksatellitecalls] [fraud.blockpremiumnumbers]', async () => {
    assert.equal(await called('sip:+88216123456@server.example', {}), 'blocksatellitecalls 403');
    assert.equal(await called('sip:+19005551234@server.example', {}), 'blockpremiumnumbers 403');
    assert.equal(await called('sip:+43664123456@server.example', {}), 'sent 0043664123456');
  });

  test('switched off, both pass [fraud.blocksatellitecalls] [fraud.blockpremiumnumbers]', async () => {
    const off = { blocksatellitecalls: false, blockpremiumnumbers: false };
    assert.equal(await called('sip:+88216123456@server.example', off), 'sent 0088216123456');
    assert.equal(await called('sip:+19005551234@server.example', off), 'sent 0019005551234');
  });

  test('the premium list can be extended, and one number taken out of it [fraud.blockpremiumnumbers]', async () => {
    const settings = { premium_prefixes: ['+43810'], premium_exceptions: ['43900123456'] };
    assert.equal(await called('sip:0810123456@server.example', settings), 'blockpremiumnumbers 403');
    assert.equal(await called('sip:0900123456@server.example', settings), 'sent 0900123456');
    assert.equal(await called('sip:0900123457@server.example', settings), 'blockpremiumnumbers 403');
  });

  test('a number on the fixed blacklist is refused in every form, before routing [blacklist.fix-blacklist]', async () => {
    const settings = { fix_blacklist: ['+4912345678', '43111222333'] };
    for (const user of ['+4912345678', '004912345678', '00%34912345678', '0111222333', '43111222333']) {
      assert.equal(await called(`sip:${user}@server.example`, settings), 'fix_blacklist 403', user);
    }
  });

  test('with the directions 43 and 49 allowed, a call to 371 is refused [fraud.disable-unwanted-directions]', async () => {
    const settings = { allowed_directions: ['43', '49'], blocked_directions: ['+4999'] };
    assert.equal(await called('sip:+37120123456@server.example', settings), 'directions 403');
    assert.equal(await called('sip:0664123456@server.example', settings), 'sent 0664123456');
    assert.equal(await called('sip:+4999123456@server.example', settings), 'directions 403');
  });

  test('the directions of a SIP server leave it out, and the call is refused where none is left [fraud.disable-unwanted-directions]', async () => {
    const only = { directions: { allowed: ['43'], blocked: [] } };
    assert.equal(await called('sip:+49301234567@server.example', {}, only), 'directions 403');
    assert.equal(await called('sip:0664123456@server.example', {}, only), 'sent 0664123456');
  });
});
