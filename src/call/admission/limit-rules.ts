import { numberingPlan } from '../../numbering/numbering-plan.ts';
import type { LineLease, Payer } from '../../billing/seam.ts';
import { type Refusal, refusal } from '../../guard/decision.ts';
import type { AskedCall } from '../limits/call-limits.ts';
import { fieldOrigin, setBy } from '../limits/limit-origin.ts';
import type { CallServices } from '../services.ts';
import type { Found } from './find-destinations.ts';

/** A call that everything but its limits has let pass. */
export interface LimitedCall {
  readonly callId: string;
  readonly callsNow: number;
  readonly sourceAddress: string;
  readonly payer: Payer | undefined;
  readonly found: Extract<Found, { kind: 'found' }> | undefined;
}

/** The limits of a call that is otherwise admitted; each is a look only. */
export function limitChecks(services: CallServices, candidate: LimitedCall): (() => Refusal | 'yes')[] {
  const { limits } = services;
  const asked = askedCall(services, candidate);
  const system = (): Refusal | 'yes' => limits.checkSystem(candidate.callsNow);
  if (asked === undefined) return [system];
  return [
    system,
    () => checkWayOut(services, candidate, asked),
    () => checkAbroad(services, candidate, asked),
    ...limits.checks.map((check) => () => check(asked)),
  ];
}

/** Counts a call that nothing has refused. @returns its line. */
export function countAdmitted(services: CallServices, candidate: LimitedCall): LineLease | undefined {
  const asked = askedCall(services, candidate);
  return asked === undefined ? undefined : services.limits.admitted(asked);
}

function askedCall({ directory }: CallServices, { callId, payer, sourceAddress }: LimitedCall): AskedCall | undefined {
  const account = payer === undefined ? undefined : directory.accountById(payer.accountId);
  return account === undefined ? undefined : { callId, payer: account, sourceAddress };
}

/** [limits.onlylocalaccess] */
function checkWayOut(services: CallServices, { found }: LimitedCall, { payer }: AskedCall): Refusal | 'yes' {
  if (!payer.limits.onlyLocalAccess || found?.destinations[0]?.kind !== 'trunk') return 'yes';
  const no = refusal('onlylocalaccess', 403, 'a call to the outside', 'a user or number of ours');
  return setBy(no, fieldOrigin(services, payer, 'onlylocalaccess'));
}

/**
 * Calls abroad are off for a new enduser: what is stolen is dialled abroad. A number that no table knows counts as
 * abroad unless it begins with the home country's code; short numbers of a carrier do not leave the country.
 */
function checkAbroad(services: CallServices, { found }: LimitedCall, { payer }: AskedCall): Refusal | 'yes' {
  if (payer.limits.international || found?.number === undefined) return 'yes';
  const { form, digits } = found.number;
  const { homeCountry: home } = numberingPlan(services.settings(), payer);
  const isElsewhere = form === 'e164' && (home === '' || !digits.startsWith(home));
  const isAbroad = found.numberClass === 'international' || found.numberClass === 'satellite' || isElsewhere;
  if (!isAbroad) return 'yes';
  const no = refusal('international', 403, digits, 'a number in the home country, or international switched on');
  return setBy(no, fieldOrigin(services, payer, 'international'));
}
