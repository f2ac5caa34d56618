import type { Posting } from '../../src/billing/ledger/posting.ts';
import type { PriceRow } from '../../src/billing/rating/price.ts';
import { monthOf } from '../../src/billing/ledger/calendar.ts';
import type { Cdr } from '../../src/call/record.ts';
import type { Problem } from './checks.ts';
import { accountIds, carlsDayMicros, costByDay, costOf, payersOf, prepaidIds, rowOf, rows } from './money.ts';
import { carriers } from './directory.ts';
import type { ServerLife } from './server-life.ts';
import type { World } from './world.ts';

/** What must hold of money at every moment: no limit is exceeded, and what calls have used or may use is held. */
export function auditMoney(world: World): void {
  const { life } = world;
  if (life === undefined || world.problems.length > 20) return;
  const { money } = life.server;
  const { balances } = life.ledger;
  const tell = (text: string): void => void world.problems.push(`${text} (server ${life.life})`);
  for (const [counter, micros] of money.heldCounters) if (micros <= 0n) tell(`${counter} holds ${micros}`);
  for (const id of prepaidIds) {
    const [posted, held] = [balances.postedMicros(id), money.heldOf(id)];
    if (posted < 0n || held > posted) tell(`account ${id} has ${posted}, and ${held} is held`);
  }
  for (const [counter, micros] of money.heldCounters) {
    const day = new RegExp(`^day ${accountIds.carl} (.*)$`).exec(counter)?.[1];
    if (day === undefined) continue;
    const charged = balances.chargedOnDay(accountIds.carl, day);
    if (micros + charged > carlsDayMicros) tell(`the day of carl has ${charged} charged and ${micros} held`);
  }
  checkRunningCalls(world, life, tell);
}

function checkRunningCalls(world: World, life: ServerLife, tell: (text: string) => void): void {
  const usedMicros = new Map<number, bigint>();
  const running = new Map<number, Cdr[]>();
  for (const call of life.server.calls.calls()) {
    const { cdr } = call.record;
    if (call.phase !== 'up' || !isPriced(cdr) || cdr.payerId === undefined) continue;
    running.set(cdr.payerId, [...(running.get(cdr.payerId) ?? []), cdr]);
    const answeredAtMs = world.wall.trueMs(cdr.answeredAtMs ?? 0);
    const seconds = secondsBetween(answeredAtMs, world.clock.wallMs());
    for (const payer of payersOf(cdr.payerId)) {
      usedMicros.set(payer, (usedMicros.get(payer) ?? 0n) + costOf(rowIn(world, payer), answeredAtMs, seconds));
    }
  }
  const held = (id: number): bigint => life.server.money.heldOf(id);
  for (const [id, micros] of usedMicros)
    if (micros > held(id)) tell(`account ${id} used ${micros} and holds ${held(id)}`);
  // Where an account has one call, its session is the only one that has a time to which it is paid.
  const sessions = life.plane.sessions.filter(({ paidUntilMs }) => paidUntilMs !== undefined);
  const [only, ...others] = [...running.values()].flat();
  const [session, ...more] = sessions;
  if (only?.payerId === undefined || session === undefined || others.length > 0 || more.length > 0) return;
  const answeredAtMs = world.wall.trueMs(only.answeredAtMs ?? 0);
  const answeredMs = world.clock.monotonicMs() - (world.clock.wallMs() - answeredAtMs);
  const paidS = Math.floor(((session.paidUntilMs ?? 0) - answeredMs) / 1000);
  for (const payer of payersOf(only.payerId)) {
    if (paidS > 0 && costOf(rowIn(world, payer), answeredAtMs, paidS) > held(payer)) {
      tell(`media is paid for ${paidS} s, and account ${payer} holds ${held(payer)} for it`);
    }
  }
}

/** What must hold of money when all is over: charges are those of the CDRs, by day, and sums are those of the postings. */
export function brokenCharges(world: World): Problem[] {
  const problems: Problem[] = [];
  const postings = [...world.disk.postings.postings.values()];
  const charged = new Map<string, bigint>();
  for (const { callId, accountId, day, amountMicros, kind } of postings) {
    const key = `${callId} ${accountId} ${day}`;
    if (kind === 'charge' && callId !== '') charged.set(key, (charged.get(key) ?? 0n) - amountMicros);
  }
  for (const cdr of world.disk.cdrs.values()) {
    const found = world.kind === 'set clocks' ? summed(chargesOf(cdr, charged)) : chargesOf(cdr, charged);
    const expected = expectedCharges(world, cdr);
    const isCutAtOnce = world.wall.wasSet && cdr.endedAtMs === cdr.answeredAtMs;
    const isCut = cdr.cause === 'server restart' || isCutAtOnce;
    const differs = [...new Set([...found.keys(), ...expected.keys()])].filter((key) => {
      const [is, should] = [found.get(key) ?? 0n, expected.get(key) ?? 0n];
      // What a dead server had not held cannot be charged, where others took it meanwhile.
      return isCut ? is > should : is !== should;
    });
    for (const key of differs) {
      const text = `the CDR of ${cdr.callerName} says ${secondsOf(cdr)} s (${cdr.cause}): ${key} was charged ${found.get(key)}, not ${expected.get(key)}`;
      problems.push({ text, callIds: [cdr.sipCallId] });
    }
    problems.push(...lateEnd(world, cdr), ...brokenCosts(world, cdr, postings));
  }
  for (const [key] of charged) {
    const [callId = ''] = key.split(' ');
    if (!world.disk.cdrs.has(callId)) problems.push({ text: `the charge ${key} has no CDR`, callIds: [] });
  }
  return [...problems, ...brokenSums(world)];
}

/** Nothing that came after the death of a server is charged. */
function lateEnd(world: World, cdr: Cdr): Problem[] {
  if (cdr.cause !== 'server restart') return [];
  const life = world.lives[(world.asked.begun.get(cdr.callId)?.life ?? 0) - 1];
  const latestMs = Math.max(life?.crashedAtMs ?? 0, cdr.answeredAtMs ?? 0, cdr.startedAtMs);
  if ((cdr.endedAtMs ?? 0) <= latestMs) return [];
  return [{ text: `a call ended ${(cdr.endedAtMs ?? 0) - latestMs} ms after its server`, callIds: [cdr.sipCallId] }];
}

function brokenSums(world: World): Problem[] {
  const problems: Problem[] = [];
  const balances = world.disk.postings.balances();
  for (const id of prepaidIds) {
    const micros = balances.postedMicros(id);
    if (micros < 0n) problems.push({ text: `account ${id} ended with ${micros}`, callIds: [] });
  }
  const carl = new Map<string, bigint>();
  for (const { accountId, day, amountMicros, kind } of world.disk.postings.postings.values()) {
    if (accountId === accountIds.carl && kind === 'charge') carl.set(day, (carl.get(day) ?? 0n) - amountMicros);
  }
  for (const [day, micros] of carl) {
    if (micros > carlsDayMicros) problems.push({ text: `carl was charged ${micros} on ${day}`, callIds: [] });
    if (balances.chargedOnDay(accountIds.carl, day) !== micros) problems.push({ text: `${day} of carl`, callIds: [] });
    if (balances.chargedInMonth(accountIds.carl, monthOf(day)) < micros)
      problems.push({ text: 'a month', callIds: [] });
  }
  return problems;
}

/** By payer and day, carriers left out. */
function chargesOf(cdr: Cdr, charged: ReadonlyMap<string, bigint>): ReadonlyMap<string, bigint> {
  const own = [...charged].filter(([key]) => key.startsWith(`${cdr.callId} `));
  return new Map(
    own
      .map(([key, micros]) => [key.slice(cdr.callId.length + 1), micros] as const)
      .filter(([key]) => !carrierIds.some((id) => key.startsWith(`${id} `))),
  );
}

const carrierIds: readonly number[] = [accountIds.carrierA, accountIds.carrierB];

function expectedCharges(world: World, cdr: Cdr): ReadonlyMap<string, bigint> {
  const expected = new Map<string, bigint>();
  const { payerId, answeredAtMs } = cdr;
  if (!isPriced(cdr) || payerId === undefined || answeredAtMs === undefined) return expected;
  for (const payer of payersOf(payerId)) {
    for (const [day, micros] of costByDay(rowIn(world, payer), answeredAtMs, secondsOf(cdr))) {
      if (micros > 0n) expected.set(`${payer} ${day}`, micros);
    }
  }
  return world.kind === 'set clocks' ? summed(expected) : expected;
}

/** Over all days: which of them runs is for the server to say, once its clock was set. */
function summed(byDay: ReadonlyMap<string, bigint>): ReadonlyMap<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const [key, micros] of byDay) {
    const [payer = ''] = key.split(' ');
    sums.set(payer, (sums.get(payer) ?? 0n) + micros);
  }
  return sums;
}

/** What carriers charge us: a fee for each INVITE that they were sent, the time that they were connected, and late answers. */
function brokenCosts(world: World, cdr: Cdr, postings: readonly Posting[]): Problem[] {
  const invites = world.asked.invites.get(cdr.callId) ?? [];
  return carriers.flatMap(({ name }, index): Problem[] => {
    const id = carrierIds[index] ?? 0;
    const row = rowIn(world, id);
    const sent = invites.filter(
      ({ sipServerId, callId }) => sipServerId === id && world.wire.of(callId).some(({ way }) => way === 'out'),
    ).length;
    const isConnected = cdr.calleeName === `trunk:${name}` && cdr.answeredAtMs !== undefined;
    const talk = isConnected ? costOf(row, cdr.answeredAtMs ?? 0, secondsOf(cdr)) : 0n;
    const charged = postings
      .filter(({ callId, accountId, kind }) => callId === cdr.callId && accountId === id && kind === 'charge')
      .reduce((sum, { amountMicros }) => sum - amountMicros, 0n);
    const lateOnes = cdr.attempts.filter(
      ({ target, lateAnsweredAtMs }) => target === `trunk:${name}` && lateAnsweredAtMs !== undefined,
    ).length;
    const over = charged - talk - row.attemptFeeMicros * BigInt(sent);
    // Two phones behind the carrier may both be late, and an answer at night costs less.
    const dearest = costOf({ ...row, offPeakPerMinuteMicros: row.peakPerMinuteMicros }, 0, 1);
    const cheapest = costOf({ ...row, peakPerMinuteMicros: row.offPeakPerMinuteMicros }, 0, 1);
    const most = dearest * BigInt(2 * sent);
    const isCut = cdr.cause === 'server restart';
    // What a dead server had not written down of attempts is not known, and an INVITE may have been written and not sent.
    const least = isCut ? -charged - talk : cheapest * BigInt(lateOnes);
    const slack = isCut ? row.attemptFeeMicros * BigInt(invites.length) : 0n;
    if (over >= least && over <= most + slack) return [];
    const text = `${name} charged ${charged} for a call of ${cdr.callerName} (${cdr.cause}): ${sent} attempts, ${talk} for talk, ${lateOnes} late`;
    return [{ text, callIds: [cdr.sipCallId] }];
  });
}

function isPriced({ calleeName, payerId }: Cdr): boolean {
  return calleeName.startsWith('trunk:') && payerId !== undefined && payerId in rows && !carrierIds.includes(payerId);
}

function secondsOf({ answeredAtMs = 0, endedAtMs = 0 }: Cdr): number {
  return secondsBetween(answeredAtMs, endedAtMs);
}

function secondsBetween(fromMs: number, untilMs: number): number {
  return Math.max(1, Math.ceil((untilMs - fromMs) / 1000));
}

function rowIn(world: World, id: number): PriceRow {
  return rowOf(id, world.kind === 'peak hours');
}
