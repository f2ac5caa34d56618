import type { Account } from '../../accounts/model.ts';
import type { LineLease } from '../../billing/seam.ts';
import { type Refusal, refusal } from '../../guard/decision.ts';
import { limitRefusal } from '../../guard/limit.ts';
import type { Dialled } from '../../numbering/dialled.ts';
import { isEmergencyNumber } from '../../numbering/emergency-numbers.ts';
import { numberingPlan } from '../../numbering/numbering-plan.ts';
import type { Destination } from '../routing/destination.ts';
import { compileRules, orderTargets } from '../routing/select-rule.ts';
import type { CallServices } from '../services.ts';
import type { Found } from './find-destinations.ts';

/** At once, for each account and on the whole server: more is an attack on the emergency centre. */
const perAccount = 2;
const onServer = 10;
const wholeServer = 'server';

/** An emergency call that may go out: where to, and the lease that bounds how many there are. */
export interface EmergencyCall {
  readonly found: Extract<Found, { kind: 'found' }>;
  readonly lease: LineLease;
}

/**
 * The whole number of an emergency service in the home country, dialled by a proven account, over a dial rule that is
 * marked for it, with its digits unchanged. It passes lists, limits and credit, and nothing else.
 * @returns undefined for every other call, also where no rule is marked: it is then a call like any other.
 */
export function emergencyCall(
  services: CallServices,
  account: Account,
  dialled: Dialled,
  callId: string,
): EmergencyCall | Refusal | undefined {
  const { homeCountry } = numberingPlan(services.settings(), account);
  if (dialled.kind !== 'number' || !isEmergencyNumber(dialled.digits, homeCountry)) return undefined;
  const found = emergencyRoutes(services, account, dialled.digits);
  if (found === undefined) {
    services.log.warn('emergency number without an emergency route', {
      account: account.name,
      dialled: dialled.digits,
    });
    return undefined;
  }
  if (!account.enabled) return refusal('enabled', 403, account.name, 'an account that is enabled');
  const { emergencies } = services.limits;
  const full = refuseAbove(account.id, perAccount, account.name) ?? refuseAbove(wholeServer, onServer, 'the server');
  services.log.warn(full === undefined ? 'emergency call' : 'emergency call refused: too many at once', {
    account: account.name,
    dialled: dialled.digits,
    callId,
  });
  if (full !== undefined) return full;
  services.limits.helpSeekers.called(account.id);
  const leases = [emergencies.take(account.id, callId), emergencies.take(wholeServer, callId)];
  const release = (): void => {
    for (const lease of leases) lease.release();
  };
  return { found, lease: { owner: callId, release } };

  function refuseAbove(subject: number | string, limit: number, of: string): Refusal | undefined {
    const measured = emergencies.inUse(subject);
    if (measured < limit) return undefined;
    return limitRefusal({
      ...{ rule: 'emergency', sipStatus: 503, measure: { measured, asked: 1, limit }, unit: 'emergency calls' },
      ...{ origin: { by: 'built in', atMs: undefined }, evidence: `emergency calls of ${of}` },
    });
  }
}

/** Of the account's dial plan, or the common one: the first rule marked for emergency calls whose pattern fits. */
function emergencyRoutes(
  { directory, random }: CallServices,
  account: Account,
  digits: string,
): Extract<Found, { kind: 'found' }> | undefined {
  const plans = new Set([account.dialPlan, '']);
  const rules = [...plans].flatMap((plan) => compileRules(directory.dialRules(plan)));
  const rule = rules.find(({ rule: each, pattern }) => each.emergency && pattern.matches(digits))?.rule;
  if (rule === undefined) return undefined;
  const number = { form: 'short', digits, orElse: '' } as const;
  const destinations = orderTargets(rule.routes, random).flatMap(({ sipServerId }): Destination[] => {
    const server = directory.accountById(sipServerId);
    if (server?.trunk === undefined || !server.enabled) return [];
    return [{ kind: 'trunk', account: server, trunk: server.trunk, sentNumber: digits, number, cost: undefined }];
  });
  if (destinations.length === 0) return undefined;
  return { kind: 'found', destinations, number, numberClass: 'emergency', dialRule: rule.name, maxDurationS: 0 };
}
