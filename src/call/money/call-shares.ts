import type { Share } from '../../billing/hold/vector.ts';
import type { Ledger } from '../../billing/ledger/ledger.ts';
import type { AccountBooks } from '../../billing/limits/account-books.ts';
import { carrierCostOf, type PriceRow, priceOf } from '../../billing/rating/price.ts';
import type { PricePeriods } from '../../billing/rating/price-periods.ts';
import type { CallMoney, CarrierUse } from './call-money.ts';
import { lossBy } from './trade.ts';

interface Parts {
  readonly books: AccountBooks;
  readonly ledger: Ledger;
}

/** The shares of a call: who pays what, counted where. Attempts that failed have cost what they cost already. */
export function callShares(
  { payers, carrier, tried = [], payerId, sourceAddress, isDomestic }: CallMoney,
  { books, ledger }: Parts,
  periods: PricePeriods,
): readonly Share[] {
  const priceBy =
    (row: PriceRow) =>
    (startMs: number, durationS: number): bigint =>
      priceOf(row, startMs, durationS, periods);
  const shares: Share[] = payers.map(({ accountId, row }, index) => {
    const own = books.payerBooks(accountId, { isDomestic });
    const source =
      index === 0 ? [books.sourceBook(sourceAddress, () => ledger.periods.nowMs()), books.serverBook()] : [];
    return { price: priceBy(row), books: [...own, ...source] };
  });
  const spent = spentOn(tried, periods);
  for (const [accountId, micros] of spent) {
    if (accountId !== carrier?.accountId) shares.push({ price: () => micros, books: books.carrierBooks(accountId) });
  }
  if (carrier === undefined) return shares;
  const { row, accountId } = carrier;
  const worstMicros = row.attemptFeeMicros + row.shortCallSurchargeMicros;
  const connectedCost = priceBy(row);
  const costWith =
    (moreMicros: bigint) =>
    (startMs: number, durationS: number): bigint =>
      connectedCost(startMs, durationS) + worstMicros + moreMicros;
  shares.push({ price: costWith(spent.get(accountId) ?? 0n), books: books.carrierBooks(accountId) });
  if (payerId === undefined) return shares;
  const income = payers.find((party) => party.accountId === payerId);
  const spentInAll = [...spent.values()].reduce((sum, micros) => sum + micros, 0n);
  const loss = lossBy(costWith(spentInAll), row, income === undefined ? undefined : priceBy(income.row));
  return [...shares, { price: loss, books: [books.lossBook(payerId)] }];
}

/** What attempts have cost so far, by SIP server. */
function spentOn(uses: readonly CarrierUse[], periods: PricePeriods): ReadonlyMap<number, bigint> {
  const spent = new Map<number, bigint>();
  for (const { carrier, startMs, connectedS, isLate } of uses) {
    const { accountId, row } = carrier;
    const fee = isLate === true ? row.attemptFeeMicros : 0n;
    const micros = carrierCostOf(row, startMs, connectedS, periods) - fee;
    if (micros > 0n) spent.set(accountId, (spent.get(accountId) ?? 0n) + micros);
  }
  return spent;
}
