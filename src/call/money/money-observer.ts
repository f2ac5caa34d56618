import { printAmount } from '../../base/money/money.ts';
import type { Exceeded } from '../../billing/hold/money-limit.ts';
import type { PricedCall } from '../../billing/seam.ts';
import { decide, type Refusal } from '../../guard/decision.ts';
import type { CallServices } from '../services.ts';
import type { MoneyNo, MoneyObserver } from './metered-calls.ts';
import { ledgerRefusal, moneyRefusal } from './money-refusal.ts';

type Parts = Pick<CallServices, 'clock' | 'random' | 'settings' | 'directory' | 'decisions' | 'log'>;

/** The refusal that a no of money is, as admission answers it. */
export function refusalOf(no: MoneyNo, { settings, directory }: Pick<Parts, 'settings' | 'directory'>): Refusal {
  if (no.kind === 'ledger') return ledgerRefusal(no.refusal);
  // Where only the SIP server's own limit says no, the next one may be tried.
  const refused = moneyRefusal(no.exceeded, no.byCarrier ? 503 : settings().quotadiscreason, directory);
  return no.wasRunning === true
    ? { ...refused, evidence: `${refused.evidence}; the call ran, and was ended` }
    : refused;
}

/** Decisions and log lines of what money does to calls. */
export function moneyObserver(parts: Parts): MoneyObserver {
  const { directory, decisions, log } = parts;
  const nameOf = ({ payer }: PricedCall): string =>
    payer === undefined ? 'guest' : (directory.accountById(payer.accountId)?.name ?? String(payer.accountId));
  const put = (refused: Refusal, call: PricedCall, mode: 'enforce' | 'observe', message: string): string => {
    const decision = decide(refused, { subject: `account:${nameOf(call)}`, callId: call.callId }, mode, parts);
    const { rule, measured, limit, wouldPass } = refused;
    log.info(message, { account: nameOf(call), rule, measured, limit, wouldPass, decision: decision.id });
    decisions.put(decision);
    return decision.id;
  };
  const watched = (exceeded: Exceeded): Refusal => moneyRefusal(exceeded, parts.settings().quotadiscreason, directory);
  return {
    refused: (call, no) => {
      const refused = refusalOf(no, parts);
      return { status: refused.sipStatus, decisionId: put(refused, call, 'enforce', 'call stopped by a money limit') };
    },
    wouldRefuse: (call, exceeded) => void put(watched(exceeded), call, 'observe', 'call would be stopped'),
    runningLow: (call, remainingMs, { limit }) => {
      const { rule, limitMicros } = limit;
      const fields = { account: nameOf(call), call: call.callId, remainingMs, rule, limit: printAmount(limitMicros) };
      log.info('call will be cut when its paid time is over', fields);
    },
  };
}
