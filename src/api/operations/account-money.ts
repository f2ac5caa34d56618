import type { Account } from '../../accounts/model.ts';
import { printAmount } from '../../base/money/money.ts';
import type { LimitStanding } from '../../call/money/metered-calls.ts';
import type { OperationPorts } from '../ports.ts';
import type { AccountMoneyView, MoneyLimitView } from '../views.ts';

const earlyMediaDays = 30;
const dayMs = 86_400_000;
const parties: readonly string[] = ['enduser', 'trafficsender', 'reseller', 'sipserver'];

/** Balance, spending and limits of an account as they stand now; null for one that neither pays nor costs. */
export async function accountMoney(ports: OperationPorts, { id, kind }: Account): Promise<AccountMoneyView | null> {
  if (!parties.includes(kind)) return null;
  const { ledger, live, clock, store } = ports;
  const { balances, currency, periods } = ledger;
  const { day } = periods.today();
  const { postedMicros, unclearedMicros } = balances.of(id);
  const earlyMediaMs = await store.past.earlyMediaMsSince(id, clock.wallMs() - earlyMediaDays * dayMs);
  return {
    currency,
    balance: printAmount(postedMicros),
    uncleared: printAmount(unclearedMicros),
    held: live === undefined ? null : printAmount(live.heldMicros(id)),
    today: day,
    spentToday: printAmount(balances.chargedOnDay(id, day)),
    spentThisMonth: printAmount(balances.chargedInMonth(id, day.slice(0, 7))),
    earlyMediaS: Math.ceil(earlyMediaMs / 1000),
    limits: live === undefined ? null : live.moneyLimits(id).map(limitView),
  };
}

function limitView({ limit, per, postedMicros, heldMicros }: LimitStanding): MoneyLimitView {
  const { rule, limitMicros, mode, setBy, setAtMs } = limit;
  const amounts = {
    limit: printAmount(limitMicros),
    spent: printAmount(postedMicros),
    held: printAmount(heldMicros),
  };
  return { rule, per, ...amounts, mode, setBy, setAtMs: setAtMs ?? null };
}
