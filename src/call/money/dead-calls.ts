import type { Pool } from '../../billing/hold/pool.ts';
import { claimsOf } from '../../billing/hold/vector.ts';
import type { Ledger } from '../../billing/ledger/ledger.ts';
import type { Posting } from '../../billing/ledger/posting.ts';
import type { AccountBooks } from '../../billing/limits/account-books.ts';
import type { CallPrices } from '../../billing/rating/call-prices.ts';
import { connectedSeconds } from '../../billing/rating/price.ts';
import type { Cdr } from '../record.ts';
import type { CallCharges } from './call-charges.ts';
import { readCallMoney } from './call-money.ts';
import { callShares } from './call-shares.ts';

export interface DeadCallsParts {
  readonly ledger: Ledger;
  readonly pool: Pool;
  readonly books: AccountBooks;
  readonly prices: CallPrices;
  readonly charges: CallCharges;
}

/** The money of calls that a dead server has left behind, from what was written of them. */
export class DeadCalls {
  readonly #parts: DeadCallsParts;

  constructor(parts: DeadCallsParts) {
    this.#parts = parts;
  }

  /** Whether the ledger takes the charge of such a call now. One in another currency is charged in its own. */
  mayCharge(written: string): boolean {
    const refusal = this.#parts.ledger.mayPrice();
    return written === '' || refusal === undefined || refusal.reason === 'currency changed';
  }

  /**
   * Charges a call to the second at which its server was last known to live. What it had paid is not on the disk, so it
   * is found again: as much of that time as every limit has room for. Each end that was written before the last
   * heartbeat is on the disk too, so a call without one was still running then.
   * @param commit writes the charges with the CDR; its promise is given back.
   */
  charge(
    written: string,
    cdr: Pick<Cdr, 'callId' | 'startedAtMs' | 'answeredAtMs' | 'endedAtMs'>,
    commit: (charges: readonly Posting[]) => Promise<void>,
  ): Promise<void> {
    const money = readCallMoney(written);
    const { callId, startedAtMs, answeredAtMs, endedAtMs } = cdr;
    if (money === undefined || endedAtMs === undefined) return commit([]);
    const { pool, ledger, charges: callCharges } = this.#parts;
    const startMs = money.answered?.startMs ?? answeredAtMs ?? startedAtMs;
    const connectedS = answeredAtMs === undefined ? 0 : connectedSeconds(endedAtMs - answeredAtMs);
    const periods = this.#parts.prices.periods();
    const shares = callShares(money, this.#parts, periods);
    const fits = (durationS: number): boolean => {
      const claims = claimsOf(shares, ledger.periods, startMs, durationS);
      return pool.hold({ holdId: callId, claims, isRunning: true, isAhead: false }).granted;
    };
    const usage = { startMs, durationS: connectedS === 0 ? 0 : longestThatFits(connectedS, fits), connectedS };
    const { carrier, tried = [] } = money;
    const uses = carrier === undefined ? tried : [...tried, { carrier, startMs, connectedS }];
    const charges = callCharges.of(callId, money, usage, uses, periods);
    const committed = ledger.charge(charges, commit);
    pool.release(callId);
    callCharges.count(money, charges, uses, periods);
    return committed;
  }

  /** A SIP server has answered an INVITE of the dead server after its call was charged: the `late`-th such answer. */
  chargeLate(written: string, callId: string, sipServerId: number, late: number): Promise<void> {
    const money = readCallMoney(written);
    if (money === undefined) return Promise.resolve();
    const { carrier, tried = [] } = money;
    const parties = [...(carrier === undefined ? [] : [carrier]), ...tried.map((use) => use.carrier)];
    const party = parties.find(({ accountId }) => accountId === sipServerId);
    if (party === undefined) return Promise.resolve();
    const { ledger, charges: callCharges } = this.#parts;
    const charged = callCharges.late(callId, money.canonicalNumber, party, late);
    const committed = ledger.chargeApart(charged.charges);
    callCharges.countLate(money.payerId, charged);
    return committed;
  }
}

/** The largest number of seconds up to `most` that fits; what fits, fits for fewer seconds too. */
function longestThatFits(most: number, fits: (seconds: number) => boolean): number {
  if (fits(most)) return most;
  let fitting = 0;
  let failing = most;
  while (failing - fitting > 1) {
    const middle = Math.floor((fitting + failing) / 2);
    if (fits(middle)) fitting = middle;
    else failing = middle;
  }
  return fitting;
}
