import type { SpendPeak } from '../billing/limits/spend-peaks.ts';
import type { Row, RowChange } from './messages.ts';

export function spendPeakPut({ accountId, highestMicros, blockedDays }: SpendPeak): RowChange {
  const row = {
    account_id: accountId,
    highest_micros: String(highestMicros),
    blocked_days_json: JSON.stringify(blockedDays),
  };
  return { kind: 'put', table: 'spend_peaks', row };
}

export function spendPeakOf(row: Row): SpendPeak {
  return {
    accountId: Number(row['account_id']),
    highestMicros: BigInt(row['highest_micros'] ?? 0),
    blockedDays: JSON.parse(String(row['blocked_days_json'])),
  };
}
