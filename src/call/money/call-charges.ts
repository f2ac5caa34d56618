import type { AccountDirectory } from '../../accounts/directory.ts';
import type { Ledger } from '../../billing/ledger/ledger.ts';
import type { Posting } from '../../billing/ledger/posting.ts';
import type { AccountBooks } from '../../billing/limits/account-books.ts';
import type { Usage } from '../../billing/metering/meter.ts';
import type { CallPrices } from '../../billing/rating/call-prices.ts';
import type { PricePeriods } from '../../billing/rating/price-periods.ts';
import {
  type CallMoney,
  carrierCharges,
  type CarrierUse,
  type ChargeTimes,
  type PayingParty,
  payerCharges,
} from './call-money.ts';
import { countHours, countLoss, type PastCharge, rememberTrade, type TradeSums } from './trade.ts';

/** A late 2xx is acknowledged and ended at once: carriers count it as their shortest call. */
const lateAnswerS = 1;

export interface CallChargesParts {
  readonly directory: AccountDirectory;
  readonly ledger: Pick<Ledger, 'periods'>;
  readonly books: AccountBooks;
  readonly trade: TradeSums;
  readonly prices: CallPrices;
}

/** A SIP server's late answer, as a use of it and as its charge. */
export interface LateCharge {
  readonly use: CarrierUse;
  readonly charges: readonly Posting[];
}

/** What calls that are over cost everybody, as postings, and the sums beside the ledger that these count for. */
export class CallCharges {
  readonly #parts: CallChargesParts;

  constructor(parts: CallChargesParts) {
    this.#parts = parts;
  }

  /** Of the payer and its resellers, and of every SIP server that was used. */
  of(
    callId: string,
    money: CallMoney,
    usage: Usage,
    uses: readonly CarrierUse[],
    periods: PricePeriods,
  ): readonly Posting[] {
    const times = { ...this.#times(), periods };
    const payers = payerCharges(callId, money, usage, times);
    return [...payers, ...carrierCharges(callId, money.canonicalNumber, uses, times)];
  }

  /** Counts what `of` has given, once it is out of the balances. */
  count(money: CallMoney, charges: readonly Posting[], uses: readonly CarrierUse[], periods: PricePeriods): void {
    const { books, trade } = this.#parts;
    const { payers, payerId, sourceAddress } = money;
    countHours(trade, uses, periods);
    countLoss(trade, payerId, charges, (accountId) => this.#isCarrier(accountId));
    const [payer] = payers;
    for (const { accountId, amountMicros, day } of charges) {
      books.charged(accountId);
      if (accountId !== payer?.accountId) continue;
      trade.sources.add(sourceAddress, -amountMicros, this.#times().atMs);
      books.spent(day, -amountMicros);
    }
  }

  /** A SIP server has answered too late, or twice: the leg is ended, and costs us all the same. */
  lateUse(carrier: PayingParty): CarrierUse {
    return { carrier, startMs: this.#times().atMs, connectedS: lateAnswerS, isLate: true };
  }

  /** The same after the call was charged: a charge of its own, the `late`-th of the call. */
  late(callId: string, canonicalNumber: string, carrier: PayingParty, late: number): LateCharge {
    const use = this.lateUse(carrier);
    return { use, charges: carrierCharges(callId, canonicalNumber, [use], this.#times(), late) };
  }

  /** Counts what `late` has given. */
  countLate(payerId: number | undefined, { use, charges }: LateCharge): void {
    const { books, trade } = this.#parts;
    books.charged(use.carrier.accountId);
    countHours(trade, [use], this.#times().periods);
    countLoss(trade, payerId, charges, (accountId) => this.#isCarrier(accountId));
  }

  /** What calls before this start cost, of the time that a limit looks back. */
  remember(past: readonly PastCharge[]): void {
    rememberTrade(this.#parts.trade, past, (accountId) => this.#isCarrier(accountId));
  }

  #times(): ChargeTimes {
    const { ledger, prices } = this.#parts;
    return { days: ledger.periods, periods: prices.periods(), atMs: ledger.periods.nowMs() };
  }

  #isCarrier(accountId: number): boolean {
    return this.#parts.directory.accountById(accountId)?.kind === 'sipserver';
  }
}
