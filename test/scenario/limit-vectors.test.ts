import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AccountLimits } from '../../src/accounts/model.ts';
import { profileValues, type Settings } from '../../src/settings/index.ts';
import { sdp } from './scripted-peer.ts';
import { Stage, type StageOptions, trunkAt } from './stage.ts';

/** One step of a vector: what holds before it, and what becomes of a call of alice. */
interface Row {
  readonly id: string;
  readonly settings?: Partial<Settings>;
  readonly limits?: Partial<AccountLimits>;
  /** Seconds that alice has talked today. */
  readonly usedTodayS?: number;
  readonly runningCalls?: number;
  /** Calls that the source had admitted so many hours ago. */
  readonly earlier?: { readonly calls: number; readonly hoursAgo: number; readonly source?: string };
  readonly status: number;
}

const ip = '198.51.100.7';

/** The numbered examples on counts and time, under the profile `seeds`. */
const rows: readonly Row[] = [
  { id: 'LIN-1', runningCalls: 4, status: 100 },
  { id: 'LIN-1', runningCalls: 5, status: 403 },
  { id: 'DUR-1', settings: { calcmxsl: 1 }, limits: { maxSlPerDayS: 3600 }, usedTodayS: 3590, status: 100 },
  { id: 'DUR-1', settings: { calcmxsl: 1 }, limits: { maxSlPerDayS: 3600 }, usedTodayS: 3710, status: 403 },
  { id: 'DUR-3', settings: { calcmxsl: 0 }, limits: { maxSlPerDayS: 60 }, usedTodayS: 60, status: 100 },
  { id: 'DUR-3', settings: { calcmxsl: 1 }, limits: { maxSlPerDayS: 60 }, usedTodayS: 60, status: 403 },
  { id: 'DUR-3', settings: { calcmxsl: -1 }, limits: { maxSlPerDayS: 60 }, usedTodayS: 60, status: 403 },
  { id: 'IPC-1', settings: { maxcallperip: 3 }, earlier: { calls: 3, hoursAgo: 1 }, status: 403 },
  {
    id: 'IPC-1',
    settings: { maxcallperip: 3 },
    earlier: { calls: 3, hoursAgo: 1, source: '198.51.100.8' },
    status: 100,
  },
  { id: 'IPC-1', settings: { maxcallperip: 3 }, earlier: { calls: 3, hoursAgo: 24.01 }, status: 100 },
  {
    id: 'IPC-1',
    settings: { maxcallperip: 3, maxcallperuserid: 17 },
    earlier: { calls: 3, hoursAgo: 1 },
    status: 100,
  },
  { id: 'DYN-10', settings: { quotadiscreason: 403 }, runningCalls: 5, status: 403 },
  { id: 'DYN-10', settings: { quotadiscreason: 402 }, runningCalls: 5, status: 402 },
];

/** Vectors on limits that are rows elsewhere, and where. */
const elsewhere: Readonly<Record<string, string>> = {
  'DUR-1 step 2': "a running call is not cut: 'where the limits only refuse new calls' below",
  'DUR-2': "'a SIP server that has had its seconds is passed over' in limits.test.ts",
  'LIN-1 step 3': "'maxlines 1 is stored with a warning' in test/cli/users.test.ts",
};

describe('worked examples on limits in counts and time', () => {
  for (const [at, row] of rows.entries()) {
    test(`${row.id}, row ${at + 1}: ${JSON.stringify({ ...row, id: undefined })}`, async () => {
      const stage = await Stage.open({
        settings: { ...profileValues('seeds'), listen: ['192.0.2.9'], ...row.settings },
      });
      const { limits, server } = { limits: stage.server.limits, server: stage.server };
      if (row.limits !== undefined) stage.setLimits('alice', row.limits);
      if (row.usedTodayS !== undefined) limits.talk.remember(1, stage.clock.wallMs(), row.usedTodayS * 1000);
      for (let call = 0; call < (row.runningCalls ?? 0); call++) limits.lines.take(1, `running ${call}`);
      const { calls = 0, hoursAgo = 0, source = ip } = row.earlier ?? {};
      const startedAtMs = stage.clock.wallMs() - hoursAgo * 3_600_000;
      for (let call = 0; call < calls; call++) limits.remember(source, startedAtMs, undefined, startedAtMs + 1);
      const alice = await stage.phone('alice', ip);
      await stage.phone('bob', '192.0.2.22');
      // The profile takes a call from where its phone has registered without a challenge.
      alice.send(alice.build('INVITE', 'sip:bob@server.example', 'alice', { body: sdp(ip) }));
      await stage.run(20);
      assert.equal(alice.statuses('INVITE').at(-1), row.status);
      assert.equal(server.calls.count, row.status === 100 ? 1 : 0);
    });
  }

  test('DUR-1: a running call is not cut where the limits only refuse new calls, as profile seeds has it', async () => {
    const options: StageOptions = {
      accounts: [{ name: 'first', kind: 'sipserver', trunk: trunkAt('192.0.2.50') }],
      settings: { ...profileValues('seeds'), listen: ['192.0.2.9'], media_timeout: 0, calcmxsl: 1 },
    };
    const stage = await Stage.open(options);
    stage.setLimits('alice', { maxSlPerDayS: 3600 });
    stage.server.limits.talk.remember(1, stage.clock.wallMs(), 3_590_000);
    const alice = await stage.phone('alice', ip);
    const bob = await stage.phone('bob', '192.0.2.22');
    const invite = alice.build('INVITE', 'sip:bob@server.example', 'alice', { body: sdp(ip) });
    alice.send(invite);
    await stage.run(20);
    bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22') });
    await stage.run(20);
    alice.ack(invite, alice.response('INVITE', 200));
    await stage.run(120_000);
    assert.equal(bob.requests('BYE').length, 0);
    assert.ok(Object.keys(elsewhere).length > 0);
  });
});
