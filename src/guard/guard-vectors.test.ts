import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GuardBench } from '../../test/kit/guard-bench.ts';
import { SimulatedClock } from '../../test/kit/simulated-clock.ts';
import { type Log, silentLog } from '../base/log/log.ts';
import { profileValues, type Settings } from '../settings/index.ts';
import { StrangerLog } from './stranger-log.ts';

const attacker = '203.0.113.9';
const hourS = 3600;
const noRates = { stranger_rate: 0, stranger_rate_per_source: 0 };
const alone = { sip_register_failed_times: 0, maxsubsipauthrequest: 0, blockscanning_treshold: 0 } as const;

/** One step of a vector: so many events, spread evenly over so many seconds or all at once, and what stands then. */
interface Row {
  readonly id: string;
  readonly settings: Partial<Settings>;
  readonly event: (bench: GuardBench, index: number) => void;
  readonly events: number;
  readonly overS?: number;
  readonly listed: readonly string[];
}

const message: Row['event'] = (bench) => void bench.packet(attacker);
const wrongMessage: Row['event'] = (bench) => bench.see('malformed', { evidence: 'none' });
const unauthorised: Row['event'] = (bench) => bench.see('not authorised', { evidence: 'none', user: '' });
const wrongPassword: Row['event'] = (bench) => bench.see('wrong password');
const onSixteenPorts: Row['event'] = (bench, index) => bench.see('wrong password', { port: 6000 + (index % 16) });
const unknownNames: Row['event'] = (bench, index) => bench.see('unknown number', { user: `x${index}` });
const oneKnownName: Row['event'] = (bench) => bench.see('wrong password', { user: 'alice' });

/** The numbered examples on counts, under the profile `seeds`, in which an unproven source is banned too. */
const rows: readonly Row[] = [
  { id: 'DOS-1', settings: noRates, event: message, events: 39_000, listed: [] },
  { id: 'DOS-1', settings: noRates, event: message, events: 39_001, listed: [`ban ${attacker} [maxsubsmscount]`] },
  { id: 'DOS-1', settings: noRates, event: message, events: 39_001, overS: 360, listed: [] },
  { id: 'DOS-2', settings: {}, event: wrongMessage, events: 4000, listed: [] },
  { id: 'DOS-2', settings: {}, event: wrongMessage, events: 4001, listed: [`ban ${attacker} [maxwrongmsgallowed]`] },
  { id: 'DOS-2', settings: {}, event: wrongMessage, events: 4001, overS: 2 * hourS, listed: [] },
  { id: 'DOS-3', settings: alone, event: unauthorised, events: 2500, listed: [] },
  { id: 'DOS-3', settings: alone, event: unauthorised, events: 2501, listed: [`ban ${attacker} [maxwrongauthfromip]`] },
  { id: 'DOS-3', settings: alone, event: unauthorised, events: 2501, overS: 2 * hourS, listed: [] },
  { id: 'DOS-4', settings: alone, event: wrongPassword, events: 50, listed: [] },
  {
    ...{ id: 'DOS-4', settings: alone, event: wrongPassword, events: 51 },
    listed: [`ban ${attacker}:5060 [maxfailedauthenabledipport]`],
  },
  { id: 'DOS-4', settings: alone, event: wrongPassword, events: 51, overS: 2 * hourS, listed: [] },
  { id: 'DOS-5', settings: alone, event: onSixteenPorts, events: 800, listed: [] },
  { id: 'SCAN-1', settings: { blockscanning_treshold: 10 }, event: unknownNames, events: 10, listed: [] },
  {
    ...{ id: 'SCAN-1', settings: { blockscanning_treshold: 10 }, event: unknownNames, events: 11 },
    listed: [`ban ${attacker} [blockscanning_treshold]`],
  },
  {
    ...{ id: 'SCAN-1', settings: { ...alone, blockscanning_treshold: 10 }, event: oneKnownName, events: 11 },
    listed: [],
  },
  // The whole server under load: what scans and what is pending is off, and the flood limit alone stands.
  {
    id: 'STR-1',
    settings: { ...noRates, ...alone, blocktoomuchpendingsession: 0 },
    ...{ event: message, events: 38_999, listed: [] },
  },
  {
    id: 'STR-1',
    settings: { ...noRates, ...alone, blocktoomuchpendingsession: 0 },
    ...{ event: message, events: 39_001, listed: [`ban ${attacker} [maxsubsmscount]`] },
  },
  { id: 'ZY-FLOOD-1', settings: { ...alone, maxwrongauthfromip: 10 }, event: unauthorised, events: 10, listed: [] },
  {
    ...{ id: 'ZY-FLOOD-1', settings: { ...alone, maxwrongauthfromip: 10 }, event: unauthorised, events: 11 },
    listed: [`ban ${attacker} [maxwrongauthfromip]`],
  },
];

function after({ settings, event, events, overS = 0 }: Row): GuardBench {
  const bench = new GuardBench(settings, 'seeds');
  const perMs = events / Math.max(1, overS * 1000);
  let elapsedMs = 0;
  for (let index = 0; index < events; index++) {
    const dueMs = overS === 0 ? 0 : Math.floor(index / perMs);
    if (dueMs > elapsedMs) bench.clock.advance(dueMs - elapsedMs);
    elapsedMs = Math.max(elapsedMs, dueMs);
    event(bench, index);
  }
  return bench;
}

describe('the numbered examples on sources', () => {
  for (const row of rows) {
    const over = row.overS === undefined ? 'at once' : `over ${row.overS} s`;
    test(`${row.id}: ${row.events} events ${over} list ${row.listed.join() || 'nothing'}`, () => {
      const bench = after(row);
      assert.deepEqual(bench.listed(), row.listed);
      // Silence is all that a banned source gets.
      const isStopped = row.listed.length > 0;
      if (row.event !== wrongPassword) assert.equal(bench.packet(attacker), isStopped ? 'drop' : 'serve');
    });
  }

  test('DOS-4: the ban is of this port only', () => {
    const bench = after({ id: 'DOS-4', settings: alone, event: wrongPassword, events: 51, listed: [] });
    assert.deepEqual([bench.packet(attacker, 5060), bench.packet(attacker, 5061)], ['drop', 'serve']);
  });

  test('DOS-5: after 800 failures over 16 ports one more from another port bans the address', () => {
    const bench = after({ id: 'DOS-5', settings: alone, event: onSixteenPorts, events: 800, listed: [] });
    bench.see('wrong password', { port: 7000 });
    assert.deepEqual(bench.listed(), [`ban ${attacker} [maxfailedauthenabledip]`]);
  });

  for (const [minutes, outcome] of [
    [359, 'drop'],
    [361, 'serve'],
  ] as const) {
    test(`DOS-6: ${minutes} minutes after a ban of six hours a packet is: ${outcome} [network.reenabledosblocked]`, () => {
      const bench = after({ id: 'DOS-6', settings: alone, event: unauthorised, events: 2501, listed: [] });
      bench.clock.advance(minutes * 60_000);
      assert.equal(bench.packet(attacker), outcome);
    });
  }

  for (const [challenges, sources, listed, isShed] of [
    [300, 1, [], false],
    [301, 1, [`ban ${attacker} [fastauthsubswrongusermsg]`], false],
    [3000, 100, [], false],
    [3001, 100, [], true],
  ] as const) {
    test(`DOS-7: ${challenges} unanswered challenges to ${sources} addresses list ${listed.join() || 'nothing'}${isShed ? ', and strangers are held back, but nobody who has logged in' : ''} [network.fastauthsubswrongusermsg]`, () => {
      const bench = new GuardBench(alone, 'seeds');
      bench.see('authenticated', { address: '198.51.100.7' });
      for (let index = 0; index < challenges; index++) {
        const address = sources === 1 ? attacker : `198.18.0.${index % sources}`;
        bench.see('challenged', { address, evidence: 'none' });
      }
      bench.clock.advance(7000);
      assert.deepEqual(bench.listed(), listed);
      let strangers = 0;
      for (let index = 0; index < 2000; index++) {
        if (bench.packet(`198.19.${index >> 8}.${index & 255}`) === 'serve') strangers++;
      }
      assert.equal(strangers < 2000, isShed, `${strangers} of 2000 strangers were served`);
      assert.equal(bench.served(100, '198.51.100.7'), 100);
    });
  }

  test('ZY-FLOOD-1: no other change lifts the ban, for that would be a free try; an operator does', () => {
    const row = rows.findLast(({ id }) => id === 'ZY-FLOOD-1');
    assert.ok(row);
    const bench = after(row);
    bench.settings = { ...bench.settings, max_abuse: 100 };
    assert.equal(bench.packet(attacker), 'drop');
    assert.equal(bench.guard.liftAll(), 1);
    assert.equal(bench.packet(attacker), 'serve');
  });

  test('NET-1: the ceiling is 0.8 Gbit/s, and 80 Mbit/s where it is set so [network.maxnetworkspeed]', () => {
    assert.equal(profileValues('seeds').maxnetworkspeed, 800_000);
    const bench = new GuardBench({ ...noRates, maxsubsmscount: 0, maxnetworkspeed: 80_000 }, 'seeds');
    // 300 octets a packet: 33,333 of them are 80 Mbit.
    assert.equal(bench.served(50_000), 33_333);
    bench.clock.advance(1200);
    assert.equal(bench.served(50_000), 33_333);
  });

  test('BL-LOG-1: of 10,000 bad packets of one source within a minute at most 11 are told in the log', () => {
    const lines: string[] = [];
    const log: Log = { ...silentLog, info: (line) => lines.push(line) };
    const clock = new SimulatedClock();
    const strangers = new StrangerLog(clock, log);
    for (let packet = 0; packet < 10_000; packet++) {
      strangers.refused('refused', attacker, { reason: 'bad packet' });
      clock.advance(6);
    }
    assert.ok(lines.length <= 11, `${lines.length} lines`);
    assert.ok(lines.length > 0);
  });
});
