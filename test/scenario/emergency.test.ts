import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { firstCeiling } from '../../src/billing/ceiling.ts';
import { marketOf, packetOf, priceRow } from '../kit/money.ts';
import { sdp } from './scripted-peer.ts';
import { Stage, type StageOptions, trunkAt } from './stage.ts';

const office: StageOptions = {
  accounts: [{ name: 'carrier', kind: 'sipserver', trunk: { ...trunkAt('192.0.2.50'), maxCalls: 1 } }],
  dialRules: [
    { name: 'emergency', pattern: 'XXX', emergency: true, routes: [{ sipServerId: 3, priority: 1, weight: 1 }] },
    {
      name: 'three digits',
      pattern: 'XXX',
      deleteDigits: 1,
      addDigits: '99',
      routes: [{ sipServerId: 3, priority: 1, weight: 1 }],
    },
  ],
};

const home = { home_country: '43' };

function opened(settings: StageOptions['settings'] = {}): Promise<Stage> {
  return Stage.open({ ...office, settings: { ...home, ...settings } });
}

describe('emergency calls', () => {
  test('pass every limit and list, with the digits unchanged, and raise an alarm', async () => {
    const stage = await opened({ licensecfg: ['calls=1'], maxcps: 1, maxcpsperip: 1, fix_blacklist: ['112'] });
    stage.setLimits('alice', { maxLines: 1, maxSlPerDayS: 1, international: false });
    stage.server.limits.talk.remember(1, stage.clock.wallMs(), 5000);
    const alice = await stage.phone('alice', '192.0.2.21');
    const carrier = await stage.peer('192.0.2.50');
    const logged: string[] = [];
    stage.listen = (level, message) => logged.push(`${level}: ${message}`);
    await stage.invite(alice, 'alice', 'sip:112@server.example');
    await stage.invite(alice, 'alice', 'sip:144@server.example');
    const dialled = carrier.requests('INVITE').map(({ uri }) => uri.replace(/^sip:(\d+)@.*/, '$1'));
    assert.deepEqual([...new Set(dialled)], ['112', '144']);
    assert.deepEqual(stage.decisions, []);
    assert.deepEqual(logged, ['warn: emergency call', 'warn: emergency call']);
  });

  test('a third one of the same account at once is refused, and their leases are released', async () => {
    const stage = await opened();
    const alice = await stage.phone('alice', '192.0.2.21');
    const carrier = await stage.peer('192.0.2.50');
    const first = await stage.invite(alice, 'alice', 'sip:112@server.example');
    await stage.invite(alice, 'alice', 'sip:112@server.example');
    await stage.invite(alice, 'alice', 'sip:112@server.example');
    assert.deepEqual([alice.statuses('INVITE').at(-1), stage.decisions[0]?.rule], [503, 'emergency']);
    carrier.respond(carrier.requests('INVITE')[0] ?? carrier.request('INVITE'), 180);
    await stage.run(20);
    alice.cancel(first);
    await stage.run(120_000);
    stage.server.audit.run();
    assert.deepEqual([stage.server.limits.emergencies.size, stage.server.audit.found], [0, 0]);
  });

  test('eleven accounts at once: the server lets ten through', async () => {
    const names = Array.from({ length: 11 }, (_, at) => `u${at}`);
    const accounts = [...(office.accounts ?? []), ...names.map((name) => ({ name, kind: 'enduser' as const }))];
    const stage = await Stage.open({ ...office, accounts, settings: home });
    await stage.peer('192.0.2.50');
    const statuses: (number | undefined)[] = [];
    for (const [at, name] of names.entries()) {
      const phone = await stage.phone(name, `192.0.2.${100 + at}`);
      await stage.invite(phone, name, 'sip:112@server.example');
      statuses.push(phone.statuses('INVITE').at(-1));
    }
    assert.deepEqual([statuses.filter((status) => status === 100).length, statuses.at(-1)], [10, 503]);
  });

  test('a disabled account, a longer number and a number of another country are no emergency', async () => {
    const stage = await opened();
    const alice = await stage.phone('alice', '192.0.2.21');
    const carrier = await stage.peer('192.0.2.50');
    await stage.invite(alice, 'alice', 'sip:911@server.example');
    assert.match(carrier.request('INVITE').uri, /^sip:9911@/);
    await stage.invite(alice, 'alice', 'sip:1121@server.example');
    assert.equal(alice.statuses('INVITE').at(-1), 404);
    const stranger = await stage.peer('192.0.2.66');
    stranger.send(stranger.build('INVITE', 'sip:112@server.example', 'nobody', { body: sdp('192.0.2.66') }));
    await stage.run(20);
    assert.equal(stranger.statuses('INVITE').at(-1), 407);
  });

  test('a prepaid account with no credit gets through, at once for two, with every money limit used up, and pays nothing', async () => {
    const market = marketOf({ 1: priceRow(60_000n), 3: priceRow(30_000n) });
    const ceiling = {
      ...firstCeiling,
      spendPerAccountDayMicros: 1n,
      spendPerTrunkHourMicros: 1n,
      spendPerServerDayMicros: 1n,
    };
    const settings = { ...home, maxdailycreditforenduser: 1n, maxcostperip: 1n };
    const stage = await Stage.open({ ...office, ...market, ceiling, settings });
    stage.change('alice', { packetIds: [packetOf(1)] });
    stage.change('carrier', { packetIds: [packetOf(3)] });
    const logged: string[] = [];
    stage.listen = (level, message) => logged.push(`${level}: ${message}`);
    const alice = await stage.phone('alice', '192.0.2.21');
    const carrier = await stage.peer('192.0.2.50');
    for (let call = 0; call < 3; call++) {
      await stage.invite(alice, 'alice', 'sip:112@server.example');
      for (const invite of carrier.requests('INVITE')) carrier.respond(invite, 180);
      await stage.run(20);
    }
    assert.deepEqual(
      alice.statuses('INVITE').filter((status) => status === 180 || status === 503),
      [180, 180, 503],
    );
    assert.deepEqual(logged, [
      'warn: emergency call',
      'warn: emergency call',
      'warn: emergency call refused: too many at once',
    ]);
    assert.equal(stage.balanceOf('alice'), 0n);
    // What is no emergency is held to the credit.
    await stage.invite(alice, 'alice', 'sip:987@server.example');
    assert.equal(stage.decisions.at(-1)?.rule, 'credit');
  });

  test("an account in a country of its own has that country's emergency numbers, not those of the server", async () => {
    const stage = await opened();
    stage.change('alice', { homeCountry: '49' });
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    const carrier = await stage.peer('192.0.2.50');
    const logged: string[] = [];
    stage.listen = (level, message) => logged.push(`${level}: ${message}`);
    await stage.invite(alice, 'alice', 'sip:110@server.example');
    await stage.invite(bob, 'bob', 'sip:110@server.example');
    assert.match(carrier.requests('INVITE')[0]?.uri ?? '', /^sip:110@/);
    assert.deepEqual(logged, ['warn: emergency call']);
  });
});

describe('a call back from the emergency centre', () => {
  const numbers = [{ number: '43199', accountId: 1 }];
  const banned: StageOptions['settings'] = { licensecfg: ['calls=0', 'users=0'], fix_blacklist: ['43199'] };

  async function called(settings: StageOptions['settings'], forHelp: boolean): Promise<Stage> {
    const stage = await Stage.open({ ...office, numbers, settings: { ...home, ...settings } });
    stage.change('carrier', { limits: { ...stage.accountOf('carrier').limits, maxLines: 1, maxSlPerDayS: 1 } });
    stage.server.limits.talk.remember(3, stage.clock.wallMs(), 5000);
    stage.onLog(() => {});
    const alice = await stage.phone('alice', '192.0.2.21');
    if (forHelp) {
      const invite = await stage.invite(alice, 'alice', 'sip:112@server.example');
      alice.cancel(invite);
      await stage.run(40_000);
    }
    return stage;
  }

  async function callFrom(stage: Stage, address: string): Promise<number | undefined> {
    const gateway = await stage.peer(address, 5070);
    gateway.send(gateway.build('INVITE', 'sip:0043199@server.example', 'anonymous', { body: sdp(address) }));
    await stage.run(20);
    return gateway.statuses('INVITE').at(-1);
  }

  test('passes the lists and limits that stop any other call, for an hour', async () => {
    const usual = await called(banned, false);
    await usual.peer('192.0.2.50');
    assert.equal(await callFrom(usual, '192.0.2.50'), 403);
    const stage = await called(banned, true);
    assert.equal(await callFrom(stage, '192.0.2.50'), 100);
    stage.clock.advance(3_600_000);
    const later = await stage.peer('192.0.2.50', 5071);
    later.send(later.build('INVITE', 'sip:0043199@server.example', 'x', { body: sdp('192.0.2.50') }));
    await stage.run(20);
    assert.equal(later.statuses('INVITE').at(-1), 403);
  });

  test('comes from a SIP server of an emergency rule: nobody else gains by it', async () => {
    const stage = await called({ fix_blacklist: ['43199'] }, true);
    const bob = await stage.phone('bob', '192.0.2.22');
    await stage.invite(bob, 'bob', 'sip:0043199@server.example');
    assert.equal(bob.statuses('INVITE').at(-1), 403);
  });
});

describe('an account in a country of its own', () => {
  for (const [numberFormat, sent] of [
    ['e164', '49301234567'],
    ['national', '0049301234567'],
    // As dialled, the carrier would read a number of the server's country.
    ['', undefined],
  ] as const) {
    test(`dials its national numbers, and a SIP server of format '${numberFormat}' is sent ${sent ?? 'nothing'}`, async () => {
      const stage = await Stage.open({
        accounts: [{ name: 'carrier', kind: 'sipserver', trunk: { ...trunkAt('192.0.2.50'), numberFormat } }],
        dialRules: [{ name: 'out', pattern: '0.', routes: [{ sipServerId: 3, priority: 1, weight: 1 }] }],
        settings: home,
      });
      stage.change('alice', { homeCountry: '49' });
      const alice = await stage.phone('alice', '192.0.2.21');
      const carrier = await stage.peer('192.0.2.50');
      await stage.invite(alice, 'alice', 'sip:0301234567@server.example');
      const dialled = carrier.requests('INVITE').map(({ uri }) => uri.replace(/^sip:(\d+)@.*/, '$1'));
      assert.deepEqual([...new Set(dialled)], sent === undefined ? [] : [sent]);
      assert.equal(stage.decisions.at(-1)?.rule, sent === undefined ? 'numberformat' : undefined);
    });
  }
});
