import assert from 'node:assert/strict';
import { prepaid } from '../../src/accounts/money.ts';
import type { AccountMoney } from '../../src/accounts/model.ts';
import type { Ceiling } from '../../src/billing/ceiling.ts';
import type { PriceRow } from '../../src/billing/rating/price.ts';
import type { SipRequest } from '../../src/sip/message/index.ts';
import { marketOf, movement, packetOf, priceRow } from '../kit/money.ts';
import { type ScriptedPeer, sdp } from './scripted-peer.ts';
import { password, Stage, type StageOptions, trunkAt } from './stage.ts';

/** Accounts of the stage: alice 1, bob 2, then these. */
export const ids = { alice: 1, bob: 2, carrier: 3, spare: 4, reseller: 5, sender: 6 } as const;

export interface MoneyStageOptions {
  readonly settings?: StageOptions['settings'];
  readonly rows?: Readonly<Record<number, PriceRow>>;
  /** Balances in millionths, and what was charged on the day of the stage. */
  readonly balances?: Readonly<Record<number, bigint>>;
  readonly spentToday?: Readonly<Record<number, bigint>>;
  readonly ceiling?: Ceiling;
  readonly money?: Readonly<Record<string, Partial<AccountMoney>>>;
}

const plenty = 1_000_000_000n;

/** A server with a priced carrier and a spare one: everybody pays 0.06 a minute by the second unless told otherwise. */
export async function moneyStage(given: MoneyStageOptions = {}): Promise<Stage> {
  const row = priceRow(60_000n);
  const balances = { [ids.alice]: plenty, [ids.reseller]: plenty, [ids.sender]: plenty, ...given.balances };
  const rows = given.rows ?? { [ids.alice]: row, [ids.sender]: row };
  const spent = Object.entries(given.spentToday ?? {});
  const stage = await Stage.open({
    // Thirty calls in one instant are what these tests are for.
    settings: { 'mode.abnormal_speed_close': 'off', ...given.settings },
    ...(given.ceiling === undefined ? {} : { ceiling: given.ceiling }),
    accounts: [
      { name: 'carrier', kind: 'sipserver', trunk: trunkAt('192.0.2.50') },
      { name: 'spare', kind: 'sipserver', trunk: trunkAt('192.0.2.51') },
      { name: 'reseller', kind: 'reseller' },
      { name: 'sender', kind: 'trafficsender', needAuth: 3, authIp: ['192.0.2.60'], techPrefix: '88123456' },
    ],
    dialRules: [
      {
        name: 'out',
        pattern: '00.',
        routes: [
          { sipServerId: ids.carrier, priority: 1, weight: 1 },
          { sipServerId: ids.spare, priority: 2, weight: 1 },
        ],
      },
    ],
    ...marketOf(rows),
    postings: [
      ...Object.entries(balances).map(([id, amount]) => movement(Number(id), amount)),
      // What was spent before was paid in before.
      ...spent.flatMap(([id, amount]) => [movement(Number(id), amount), movement(Number(id), -amount)]),
    ],
  });
  for (const name of ['alice', 'sender']) stage.setLimits(name, { maxLines: 0 });
  for (const [name, id] of Object.entries(ids)) if (id in rows) stage.change(name, { packetIds: [packetOf(id)] });
  for (const [name, money] of Object.entries(given.money ?? {})) {
    stage.change(name, { money: { ...prepaid, ...money } });
  }
  return stage;
}

export const target = 'sip:00431234567@server.example';

/** Starts calls of alice, all in the same instant, each past its challenge. */
export async function startCalls(
  stage: Stage,
  phone: ScriptedPeer,
  count: number,
  uri = target,
): Promise<readonly SipRequest[]> {
  const first = Array.from({ length: count }, () => phone.build('INVITE', uri, 'alice', { body: sdp('192.0.2.21') }));
  for (const invite of first) phone.send(invite);
  await stage.run(20);
  const proven = first.map((invite) => {
    const challenge = phone.responses('INVITE').find(({ callId }) => callId === invite.callId);
    assert.ok(challenge);
    phone.ack(invite, challenge);
    return phone.authorised(invite, challenge, 'alice', password);
  });
  for (const invite of proven) phone.send(invite);
  await stage.run(20);
  return proven;
}

/** Starts calls of the traffic sender in one instant: its address and prefix prove it. */
export async function sendCalls(stage: Stage, sender: ScriptedPeer, count: number): Promise<readonly SipRequest[]> {
  const uri = 'sip:8812345600431234567@server.example';
  const calls = Array.from({ length: count }, () => sender.build('INVITE', uri, 'x', { body: sdp('192.0.2.60') }));
  for (const invite of calls) sender.send(invite);
  await stage.run(20);
  return calls;
}

/** Latest statuses of these calls, and how often each. */
export function tally(phone: ScriptedPeer, invites: readonly SipRequest[]): Readonly<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (const { callId, cseq } of invites) {
    const status =
      phone.responses('INVITE').findLast((each) => each.callId === callId && each.cseq.seq === cseq.seq)?.status ?? 0;
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}

/** A call of alice over the carrier that was answered just now; `hangUp` is her BYE. */
export async function connectedCall(stage: Stage, alice: ScriptedPeer, carrier: ScriptedPeer) {
  const [invite] = await startCalls(stage, alice, 1);
  assert.ok(invite);
  carrier.respond(carrier.request('INVITE'), 200, { body: sdp('192.0.2.50') });
  await stage.run(20);
  const answer = alice.response('INVITE', 200);
  alice.ack(invite, answer);
  return { hangUp: () => alice.send(alice.inDialog('BYE', invite, answer)) };
}
