import type { Account } from '../../accounts/model.ts';
import type { Refusal } from '../../guard/decision.ts';
import { hasRoom, limitRefusal } from '../../guard/limit.ts';
import type { CallServices } from '../services.ts';
import { fieldOrigin } from './limit-origin.ts';

/** [limits.maxlines] `measured` lines of the account were in use before this call. */
export function checkLines(services: CallServices, account: Account, measured: number): Refusal | 'yes' {
  const limit = account.limits.maxLines;
  if (hasRoom(measured, 1, limit)) return 'yes';
  return limitRefusal({
    rule: 'maxlines',
    sipStatus: services.settings().quotadiscreason,
    measure: { measured, asked: 1, limit },
    unit: 'calls',
    origin: fieldOrigin(services, account, 'maxlines'),
    evidence: `calls in progress that ${account.name} pays for`,
  });
}
