import type { Account } from '../../accounts/model.ts';
import { parseAmount, printAmount } from '../../base/money/money.ts';
import { dearestPerMinuteMicros, type PriceRow } from '../../billing/rating/price.ts';
import { type Pricing, unpricedRow } from '../../billing/tariff/price-book.ts';
import { type Loss, lossOf, notBilled } from '../../billing/tariff/worth.ts';
import { type Refusal, refusal } from '../../guard/decision.ts';
import type { LimitOrigin } from '../../guard/limit.ts';
import { setBy } from '../limits/limit-origin.ts';
import type { CallServices } from '../services.ts';

const ceilingOrigin: LimitOrigin = { by: 'the ceiling file', atMs: undefined };

/** What an account pays for a number now; for a SIP server, what a call over it costs us. */
export function pricingOf(
  { prices, settings, clock }: Pick<CallServices, 'prices' | 'settings' | 'clock'>,
  account: Account,
  digits: string,
  origin: string,
): Pricing {
  const { currency, vgetpriceexactmatch } = settings();
  const exact = vgetpriceexactmatch === 2 || (vgetpriceexactmatch === 1 && account.kind === 'reseller');
  return prices.price({ account, digits, origin, currency, exact, atMs: clock.wallMs() });
}

/** [billing.blocknotbilledcalls] */
export function checkBilled(
  { settings, settingOrigin }: CallServices,
  pricing: Pricing,
  digits: string,
): Refusal | 'yes' {
  const { blocknotbilledcalls } = settings();
  const wanted = notBilled(blocknotbilledcalls, pricing);
  if (wanted === undefined) return 'yes';
  const no = refusal('blocknotbilledcalls', 403, digits, wanted);
  return setBy({ ...no, limit: String(blocknotbilledcalls) }, settingOrigin('blocknotbilledcalls'));
}

/** What one attempt brings and costs: both rows are fixed when the call is admitted. */
export interface PricedAttempt {
  readonly price: PriceRow;
  readonly cost: PriceRow | undefined;
  readonly payerId: number | undefined;
}

/** Every reason of price for which a SIP server is left out. */
export function* priceRefusals(services: CallServices, attempt: PricedAttempt): Generator<Refusal> {
  const { ceiling, settings, settingOrigin, prices, clock, meanDurations } = services;
  const { price, cost, payerId } = attempt;
  const current = settings();
  for (const row of [price, ...(cost === undefined ? [] : [cost])]) {
    const dearest = dearestPerMinuteMicros(row);
    if (dearest <= ceiling.pricePerMinuteMicros) continue;
    yield setBy(tooDear('ceiling', dearest, ceiling.pricePerMinuteMicros, row), ceilingOrigin);
  }
  const highest = parseAmount(current.blockhighcostcalls);
  if (cost !== undefined && highest.ok && highest.value > 0n && dearestPerMinuteMicros(cost) > highest.value) {
    const no = tooDear('blockhighcostcalls', dearestPerMinuteMicros(cost), highest.value, cost);
    yield setBy(no, settingOrigin('blockhighcostcalls'));
  }
  const loss = lossOf(current.blocknotprofitablecalls, {
    price: price.tariff === unpricedRow.tariff ? undefined : price,
    cost,
    startMs: clock.wallMs(),
    periods: prices.periods(current),
    meanDurationS: payerId === undefined ? 0 : meanDurations.of(payerId),
  });
  if (loss === undefined) return;
  yield setBy(losing(loss, price, cost), settingOrigin('blocknotprofitablecalls'));
}

function losing(loss: Loss | 'not set', price: PriceRow, cost: PriceRow | undefined): Refusal {
  const rule = 'blocknotprofitablecalls';
  if (loss === 'not set') return refusal(rule, 403, 'not set', 'a call with a price and a cost');
  const { durationS, priceMicros, costMicros } = loss;
  return {
    ...refusal(rule, 403, printAmount(costMicros), 'a SIP server that costs less'),
    limit: printAmount(priceMicros),
    unit: `${(cost ?? price).currency} for ${durationS} s`,
    evidence: `cost by ${cost?.tariff ?? ''} ${cost?.prefix ?? ''}, price by ${price.tariff} ${price.prefix}`,
  };
}

function tooDear(rule: string, measured: bigint, limit: bigint, row: PriceRow): Refusal {
  return {
    ...refusal(rule, 403, printAmount(measured), `at most ${printAmount(limit)} a minute`),
    limit: printAmount(limit),
    unit: `${row.currency} a minute`,
    evidence: `${row.tariff} ${row.prefix}`,
  };
}
