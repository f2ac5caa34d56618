import type { Posting } from '../../src/billing/ledger/posting.ts';
import type { Packet, Tariff } from '../../src/accounts/model.ts';
import { never, PriceList } from '../../src/billing/tariff/price-list.ts';
import type { PriceRow } from '../../src/billing/rating/price.ts';
import { freePriceRow } from '../../src/billing/seam.ts';

/** A row that costs the same at all times, by the second unless `given` says otherwise. */
export function priceRow(perMinuteMicros: bigint, given: Partial<PriceRow> = {}): PriceRow {
  const peak = { peakPerMinuteMicros: perMinuteMicros, offPeakPerMinuteMicros: perMinuteMicros };
  return { ...freePriceRow, currency: 'EUR', ...peak, weekendPerMinuteMicros: perMinuteMicros, ...given };
}

/** A tariff of one row for every number, and its packet, for each account. */
export function marketOf(rows: Readonly<Record<number, PriceRow>>): {
  readonly tariffs: readonly Tariff[];
  readonly packets: readonly Packet[];
  readonly priceLists: readonly (readonly [number, PriceList])[];
} {
  const ids = Object.keys(rows).map(Number);
  return {
    tariffs: ids.map((id) => ({ id: tariffOf(id), name: `tariff ${id}`, parentId: undefined })),
    packets: ids.map((id) => ({
      ...{ id: packetOf(id), name: `packet ${id}`, tariffId: tariffOf(id), prefixes: [], audience: 'assigned' },
    })),
    priceLists: Object.entries(rows).map(([id, row]) => {
      const always = { validFromMs: 0, validUntilMs: never, origins: [], isFree: false };
      return [tariffOf(Number(id)), PriceList.of([{ ...row, ...always }])];
    }),
  };
}

function tariffOf(accountId: number): number {
  return 5000 + accountId;
}

export function packetOf(accountId: number): number {
  return 6000 + accountId;
}

let postings = 0;

/** Money that came in; negative for a charge of `day`. */
export function movement(accountId: number, amountMicros: bigint, day = '2026-11-23'): Posting {
  const kind = amountMicros < 0n ? 'charge' : 'top-up';
  return {
    ...{ id: `test/${postings++}`, accountId, kind, amountMicros, currency: 'EUR', cause: 'test', actor: 'test' },
    ...{ atMs: 0, day, callId: '', cleared: true, reverses: '' },
  };
}
