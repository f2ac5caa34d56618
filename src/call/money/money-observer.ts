import { printAmount } from '../../base/money/money.ts';
import type { Exceeded } from '../../billing/hold/money-limit.ts';
import type { PricedCall } from '../../billing/seam.ts';
import type { Refusal } from '../../guard/decision.ts';
import type { CallServices } from '../services.ts';
import { type FileStop, ranAndEnded } from '../stopped-calls.ts';
import type { MoneyNo, MoneyObserver } from './metered-calls.ts';
import { ledgerRefusal, moneyRefusal } from './money-refusal.ts';

type Parts = Pick<CallServices, 'settings' | 'directory' | 'log'> & { readonly fileStop: FileStop };

/** The refusal that a no of money is, as admission answers it. */
export function refusalOf(no: MoneyNo, { settings, directory }: Pick<Parts, 'settings' | 'directory'>): Refusal {
  if (no.kind === 'ledger') return ledgerRefusal(no.refusal);
  // Where only the SIP server's own limit says no, the next one may be tried.
  const refused = moneyRefusal(no.exceeded, no.byCarrier ? 503 : settings().quotadiscreason, directory);
  return no.wasRunning === true ? ranAndEnded(refused) : refused;
}

/** Decisions and log lines of what money does to calls. */
export function moneyObserver(parts: Parts): MoneyObserver {
  const { directory, log } = parts;
  const nameOf = ({ payer }: PricedCall): string =>
    payer === undefined ? 'guest' : (directory.accountById(payer.accountId)?.name ?? String(payer.accountId));
  const put = (refused: Refusal, call: PricedCall, mode: 'enforce' | 'observe'): string => {
    return parts.fileStop(refused, { account: nameOf(call), callId: call.callId }, mode);
  };
  const watched = (exceeded: Exceeded): Refusal => moneyRefusal(exceeded, parts.settings().quotadiscreason, directory);
  return {
    refused: (call, no) => {
      const refused = refusalOf(no, parts);
      return { status: refused.sipStatus, decisionId: put(refused, call, 'enforce') };
    },
    wouldRefuse: (call, exceeded) => void put(watched(exceeded), call, 'observe'),
    runningLow: (call, remainingMs, { limit }) => {
      const { rule, limitMicros } = limit;
      const fields = { account: nameOf(call), call: call.callId, remainingMs, rule, limit: printAmount(limitMicros) };
      log.info('call will be cut when its paid time is over', fields);
    },
  };
}
