import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Environment } from '../../kit/environment.ts';
import { password } from '../../kit/office.ts';
import type { ServerProcess } from '../../kit/server-process.ts';
import type { SippProcess } from '../../kit/sipp-process.ts';

/** A prepaid account with what it pays: the price of its row for some seconds, in millionths. */
export interface PrepaidCaller {
  readonly name: string;
  readonly packet: 'seconds' | 'minutes';
  /** What the account is topped up with for each round. */
  readonly topUp: string;
}

/** By the second at 0.05, and by the minute at 0.60. */
export const callers: readonly PrepaidCaller[] = [
  { name: 'anna', packet: 'seconds', topUp: '0.17' },
  { name: 'bert', packet: 'seconds', topUp: '0.40' },
  { name: 'carl', packet: 'seconds', topUp: '1.01' },
  { name: 'dora', packet: 'minutes', topUp: '0.70' },
  { name: 'emil', packet: 'minutes', topUp: '1.30' },
];

export const carrierNumber = '00431555123456';
const minuteMicros = 600_000;
const secondMicros = 50_000;

/** Settings under which nothing but credit ends a call. */
export const prepaidSettings = { checkmaxdyndailycredit: '0', maxcps: '0', log_level: 'info' };

/** What a call of so many seconds costs, by the smallest arithmetic that can be right. */
export function priceMicros(packet: PrepaidCaller['packet'], seconds: number): number {
  return packet === 'seconds' ? seconds * secondMicros : Math.ceil(seconds / 60) * minuteMicros;
}

/** The callers, a carrier that costs less, and their prices. */
export function prepaidOffice(env: Environment): object {
  const prices = (price: number, increment: number): object => ({
    prices: [{ prefix: '43', price, firstincrement: increment, nextincrement: increment }],
  });
  return {
    users: callers.map(({ name, packet }) => ({
      ...{ name, password, international: 'true', maxlines: '0', packets: [packet] },
    })),
    sipservers: [{ name: 'carrier', host: env.address('carrier'), port: '5060', packets: ['wholesale'] }],
    dialrules: [{ name: 'world', pattern: '00.', sipservers: ['carrier'] }],
    tariffs: [
      { name: 'seconds', ...prices(3, 1) },
      { name: 'minutes', ...prices(0.6, 60) },
      { name: 'wholesale', ...prices(0.3, 1) },
    ],
    packets: [
      { name: 'seconds', tariff: 'seconds', for: 'assigned' },
      { name: 'minutes', tariff: 'minutes', for: 'assigned' },
      { name: 'wholesale', tariff: 'wholesale', for: 'assigned' },
    ],
  };
}

/** Everybody calls at once, more often than the money lasts. */
export function callAll(env: Environment, rate: number, talkMs: number): readonly SippProcess[] {
  return callers.map(({ name }, index) => callAs(env, name, { rate, talkMs, port: 5060 + index, calls: 1000 }));
}

export function callAs(
  env: Environment,
  name: string,
  {
    rate = 10,
    talkMs = 60_000,
    port = 5060,
    calls = 1,
  }: { rate?: number; talkMs?: number; port?: number; calls?: number },
): SippProcess {
  return env.sipp('call-while-it-is-paid.xml', 'alice', {
    authUri: `${carrierNumber}@${env.serverAddress}`,
    ...{ calls, rate, localPort: port, timeoutS: 170 },
    variables: { user: name, username: name, password, number: carrierNumber, headers: '', talkMs },
  });
}

export async function topUpAll(server: ServerProcess, id: string): Promise<void> {
  for (const { name, topUp } of callers) {
    await server.ask('ledger topup', { user: name, amount: topUp, id: `${id}-${name}` });
  }
}

/** `ledger check` of the running server finds nothing. */
export async function expectLedgerInOrder(server: ServerProcess, when: string): Promise<readonly string[]> {
  const { findings, notes, refusal } = await server.ask('ledger check', {});
  assert.deepEqual(findings, [], when);
  assert.equal(refusal, null, when);
  return notes;
}

interface ChargedCall {
  readonly callId: string;
  readonly sipCallId: string;
  readonly caller: string;
  readonly cause: string;
  /** 0 for a call that was not answered. */
  readonly connectedMs: number;
  readonly chargedMicros: number;
}

/** Every CDR with what its caller was charged, read from the database by other SQL than the server's. */
export function chargedCalls(server: ServerProcess): readonly ChargedCall[] {
  return readDatabase(server, (database) =>
    database
      .prepare(
        'SELECT c.call_id, c.sip_call_id, c.caller_name, c.cause, c.answered_at_ms, c.ended_at_ms,' +
          ' (SELECT coalesce(sum(-p.amount_micros), 0) FROM postings p' +
          "   WHERE p.kind = 'charge' AND p.call_id = c.call_id AND p.account_id = c.payer_id) AS charged FROM cdrs c",
      )
      .all()
      .map((row) => ({
        ...{
          callId: String(row['call_id']),
          sipCallId: String(row['sip_call_id']),
          caller: String(row['caller_name']),
        },
        ...{ cause: String(row['cause']), chargedMicros: Number(row['charged']) },
        connectedMs: row['answered_at_ms'] === null ? 0 : Number(row['ended_at_ms']) - Number(row['answered_at_ms']),
      })),
  );
}

/** What is posted on each caller: never less than nothing, and all of it by postings that name a call or a top-up. */
export function balancesMicros(server: ServerProcess): ReadonlyMap<string, number> {
  return readDatabase(server, (database) => {
    const sql =
      'SELECT a.name, coalesce(sum(p.amount_micros), 0) AS micros FROM accounts a LEFT JOIN postings p' +
      " ON p.account_id = a.id WHERE a.kind = 'enduser' GROUP BY a.id";
    return new Map(
      database
        .prepare(sql)
        .all()
        .map((row) => [String(row['name']), Number(row['micros'])]),
    );
  });
}

export function unfinishedCalls(server: ServerProcess): number {
  return readDatabase(server, (database) => Number(database.prepare('SELECT count(*) AS n FROM calls').get()?.['n']));
}

function readDatabase<T>(server: ServerProcess, read: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(join(server.dataFolder, 'ringfence.db'), { readOnly: true, timeout: 5000 });
  try {
    return read(database);
  } finally {
    database.close();
  }
}

/** One CDR for each call, no charge above its price, no account below zero. */
export function expectFairCharges(server: ServerProcess, when: string): readonly ChargedCall[] {
  const calls = chargedCalls(server);
  assert.equal(new Set(calls.map(({ sipCallId }) => sipCallId)).size, calls.length, `${when}: CDRs of one call`);
  for (const call of calls) {
    const packet = callers.find(({ name }) => name === call.caller)?.packet ?? 'minutes';
    const mostMicros = priceMicros(packet, call.connectedMs === 0 ? 1 : Math.ceil(call.connectedMs / 1000));
    const isFair = call.connectedMs === 0 ? call.chargedMicros >= 0 : call.chargedMicros > 0;
    assert.ok(
      isFair && call.chargedMicros <= mostMicros,
      `${when}: ${JSON.stringify(call)} costs ${mostMicros} at most`,
    );
  }
  for (const [name, micros] of balancesMicros(server)) assert.ok(micros >= 0, `${when}: ${name} has ${micros}`);
  return calls;
}
