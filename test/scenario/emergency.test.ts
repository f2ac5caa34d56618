import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
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
});
