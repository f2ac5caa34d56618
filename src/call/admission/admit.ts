import type { Account } from '../../accounts/model.ts';
import { modeOf } from '../../settings/index.ts';
import type { PriceRow } from '../../billing/rating/price.ts';
import { unpricedRow } from '../../billing/tariff/price-book.ts';
import { readNumber } from '../../numbering/called-number.ts';
import type { Destination } from '../routing/destination.ts';
import { freePriceRow, type LineLease, type Payer } from '../../billing/seam.ts';
import { type Refusal, refusal } from '../../guard/decision.ts';
import { detached, type SipRequest } from '../../sip/message/index.ts';
import { type Caller, type CallerId, type CallPlan, pricedCall } from '../b2bua/plan.ts';
import { fieldOrigin, setBy } from '../limits/limit-origin.ts';
import { refusalOf } from '../money/money-observer.ts';
import { type Dialled, readDialled } from '../../numbering/dialled.ts';
import { numberingPlan } from '../../numbering/numbering-plan.ts';
import type { CallServices } from '../services.ts';
import { countAdmitted, limitChecks } from './limit-rules.ts';
import { callerIdOf } from './caller-id.ts';
import { emergencyCall } from './emergency.ts';
import { isEmergencyCallback } from './emergency-callback.ts';
import { type Found, findDestinations } from './find-destinations.ts';
import { dialledText } from './find-user.ts';
import { checkAttempt } from './attempt-rules.ts';
import { checkListed, numberRefusals } from './number-rules.ts';
import { paceRefusals } from './pace-rules.ts';
import { checkBilled, pricingOf } from './price-rules.ts';

/** A call on its way through the list: each step adds what it decided. Nothing is counted before the caller is proven. */
export interface Candidate {
  readonly request: SipRequest;
  readonly caller: Caller;
  /** Digits of a tech prefix that are not part of the number. */
  readonly strip: number;
  readonly callId: string;
  readonly callsNow: number;
  readonly sourceAddress: string;
  callerId: CallerId;
  dialled: Dialled | undefined;
  found: Extract<Found, { kind: 'found' }> | undefined;
  payer: Payer | undefined;
  price: PriceRow;
  lease: LineLease | undefined;
  /** What rules would have refused that are only observed. */
  readonly watched: Refusal[];
}

interface Step {
  readonly name: string;
  /** A call back from the emergency centre passes it. */
  readonly isBlock?: true;
  readonly check: (services: CallServices, candidate: Candidate) => Refusal | 'yes';
}

/**
 * The admission of a call, in order. A step says yes or why not; the first no ends the list. Every new outbound leg,
 * whatever causes it, walks this list with a named payer.
 */
export const admissionSteps: readonly Step[] = [
  { name: 'account is active', check: checkActive },
  { name: 'server has room', check: checkRoom },
  { name: 'calls come at a human pace', check: checkPace, isBlock: true },
  { name: 'caller may hide', check: checkAnonymous, isBlock: true },
  { name: 'caller number is not banned', check: checkCallerNumber, isBlock: true },
  { name: 'number is one number', check: checkNumber },
  {
    name: 'number is not listed',
    isBlock: true,
    check: (services, { dialled, caller }) => checkListed(services, dialled, accountOf(caller)),
  },
  { name: 'destination exists', check: checkDestination },
  { name: 'number may be called', check: checkNumberRules, isBlock: true },
  { name: 'somebody pays', check: checkPayer },
  { name: 'call can be billed', check: checkPrice },
  { name: 'a route is permitted', check: keepPermitted },
];

/** @returns the plan of the call, or the refusal of the step that said no. */
export function admitCall(services: CallServices, candidate: Candidate): CallPlan | Refusal {
  const emergency = admitEmergency(services, candidate);
  if (emergency !== undefined) return emergency;
  const isCallback = isEmergencyCallback(services, candidate);
  if (isCallback) {
    const { callId, caller, request } = candidate;
    const from = caller.kind === 'account' ? caller.account.name : '';
    services.log.warn('call back after an emergency call', { from, to: request.uri.slice(0, 100), call: callId });
  }
  for (const { check, isBlock } of admissionSteps) {
    if (isCallback && isBlock === true) continue;
    const verdict = check(services, candidate);
    if (verdict === 'yes') continue;
    if (isEnforced(services, candidate, verdict)) return verdict;
  }
  for (const check of isCallback ? [] : limitChecks(services, candidate)) {
    const verdict = check();
    if (verdict !== 'yes' && isEnforced(services, candidate, verdict)) return verdict;
  }
  const no = services.money.admit(pricedCall(planOf(candidate), candidate.sourceAddress));
  if (no !== undefined) return refusalOf(no, services);
  candidate.lease = countAdmitted(services, candidate);
  return planOf(candidate);
}

/** @returns undefined for what is no emergency call. */
function admitEmergency(services: CallServices, candidate: Candidate): CallPlan | Refusal | undefined {
  const { caller, request, strip, callId } = candidate;
  if (caller.kind === 'guest' || caller.account.kind === 'sipserver') return undefined;
  const dialled = readDialled(request.uri, numberingPlan(services.settings(), caller.account), strip);
  if (dialled === undefined) return undefined;
  const call = emergencyCall(services, caller.account, dialled, callId);
  if (call === undefined || 'sipStatus' in call) return call;
  candidate.dialled = dialled;
  candidate.found = call.found;
  candidate.lease = call.lease;
  candidate.payer = { accountId: caller.account.id, reason: 'caller' };
  return planOf(candidate);
}

/** Whether a no is the last word. What is only observed is kept for its record, and the call goes on. */
function isEnforced(services: CallServices, candidate: Candidate, verdict: Refusal): boolean {
  const mode = modeOf(services.settings(), verdict.rule);
  if (mode === 'observe') candidate.watched.push(verdict);
  return mode === 'enforce';
}

export function newCandidate(
  services: CallServices,
  given: Pick<Candidate, 'request' | 'caller' | 'strip' | 'callsNow' | 'sourceAddress'>,
): Candidate {
  const { directory, settings, random } = services;
  const callerId = callerIdOf(given.request, given.caller, directory, settings().allowcalleridchange);
  const open = {
    dialled: undefined,
    found: undefined,
    payer: undefined,
    price: freePriceRow,
    lease: undefined,
    watched: [],
  };
  return { ...given, callId: random.hex(12), callerId, ...open };
}

/** What a candidate is known by so far: the CDR of a refused call is made of it too. It outlives the request. */
export function planOf(candidate: Candidate): CallPlan {
  const { dialled, found, callId, caller, callerId, payer, price, lease } = candidate;
  return {
    callId,
    caller,
    callerId: {
      displayName: detached(callerId.displayName),
      user: detached(callerId.user),
      anonymous: callerId.anonymous,
      asserted: detached(callerId.asserted),
    },
    dialledNumber: detached(dialled === undefined ? '' : dialledText(dialled)),
    canonicalNumber: detached(found?.number?.digits ?? canonicalText(dialled)),
    numberClass: found?.numberClass ?? 'unknown',
    destinations: found?.destinations ?? [],
    dialRule: found?.dialRule ?? '',
    maxDurationS: found?.maxDurationS ?? 0,
    payer,
    price,
    lease,
  };
}

/** Whoever pays for the call must be there: the account, and each reseller above it. */
function checkActive(services: CallServices, { caller }: Candidate): Refusal | 'yes' {
  if (caller.kind === 'guest') return 'yes';
  for (const account of [caller.account, ...services.directory.resellersAbove(caller.account.id)]) {
    const { enabled, name, money } = account;
    if (!enabled) {
      const no = refusal('enabled', 403, name, 'an account that is enabled, as each reseller above it');
      return setBy(no, fieldOrigin(services, account, 'enabled'));
    }
    if (money.lockedBy !== '') return refusal('locked', 403, money.lockedBy, `${name} without a chargeback`);
  }
  return 'yes';
}

function checkRoom({ settings }: CallServices, { callsNow }: Candidate): Refusal | 'yes' {
  const { max_calls } = settings();
  if (callsNow >= max_calls)
    return refusal('max_calls', 503, String(callsNow), `fewer than ${max_calls} calls at once`);
  return 'yes';
}

/** [protocol.allowanonymouscaller]: an account of ours may hide its number, a stranger may not. */
function checkAnonymous({ settings }: CallServices, { caller, callerId }: Candidate): Refusal | 'yes' {
  if (caller.kind === 'account' || !callerId.anonymous || settings().allowanonymouscaller === 1) return 'yes';
  return refusal('allowanonymouscaller', 403, 'anonymous', 'a caller that says who it is');
}

/** A number that calls from everywhere, as of a nuisance, is stopped whoever brings it. */
function checkCallerNumber({ guard }: CallServices, { callerId }: Candidate): Refusal | 'yes' {
  if (!guard.isCallerBanned(callerId.user)) return 'yes';
  return refusal('bans', 403, callerId.user, 'a caller number that is not banned');
}

function checkNumber({ settings }: CallServices, candidate: Candidate): Refusal | 'yes' {
  const plan = numberingPlan(settings(), accountOf(candidate.caller));
  candidate.dialled = readDialled(candidate.request.uri, plan, candidate.strip);
  return candidate.dialled === undefined ? refusal('number', 404, 'unreadable', 'a user name or a number') : 'yes';
}

function checkDestination(services: CallServices, candidate: Candidate): Refusal | 'yes' {
  if (candidate.dialled === undefined) return refusal('number', 404, 'unreadable', 'a user name or a number');
  const found = findDestinations(services, candidate.caller, candidate.dialled, services.clock.wallMs());
  if (found.kind === 'refused') return found.refusal;
  candidate.found = found;
  return 'yes';
}

function checkPace(services: CallServices, candidate: Candidate): Refusal | 'yes' {
  return firstEnforced(services, candidate, paceRefusals(services, candidate));
}

function checkNumberRules(services: CallServices, candidate: Candidate): Refusal | 'yes' {
  const { found, caller } = candidate;
  if (found?.number === undefined) return 'yes';
  const account = caller.kind === 'account' ? caller.account : undefined;
  const refusals = numberRefusals(services, account, found.number, found.numberClass);
  return firstEnforced(services, candidate, refusals);
}

/** Of rules with modes: the first that is enforced; those that are only observed are noted. */
function firstEnforced(services: CallServices, candidate: Candidate, refusals: Iterable<Refusal>): Refusal | 'yes' {
  for (const refused of refusals) {
    const mode = modeOf(services.settings(), refused.rule);
    if (mode === 'enforce') return refused;
    if (mode === 'observe') candidate.watched.push(refused);
  }
  return 'yes';
}

/** Fixes what the payer pays, and what each SIP server costs; a call to a user of ours is free. */
function checkPrice(services: CallServices, candidate: Candidate): Refusal | 'yes' {
  const { found, payer, callerId } = candidate;
  const account = payer === undefined ? undefined : services.directory.accountById(payer.accountId);
  if (found?.number === undefined || account === undefined) return 'yes';
  const { digits } = found.number;
  const origin = readNumber(callerId.user, '', numberingPlan(services.settings(), account))?.digits ?? '';
  const pricing = pricingOf(services, account, digits, origin);
  candidate.price = pricing.row ?? unpricedRow;
  const destinations = found.destinations.map((destination): Destination => {
    if (destination.kind === 'devices') return destination;
    return { ...destination, cost: pricingOf(services, destination.account, digits, origin).row };
  });
  candidate.found = { ...found, destinations };
  return checkBilled(services, pricing, digits);
}

/** Only the routes that may be tried stay; where none does, the first no is the answer. */
function keepPermitted(services: CallServices, candidate: Candidate): Refusal | 'yes' {
  const { found, price, payer } = candidate;
  if (found?.number === undefined) return 'yes';
  const permitted: Destination[] = [];
  let first: Refusal | undefined;
  for (const destination of found.destinations) {
    const watch = (refused: Refusal): void => {
      candidate.watched.push(refused);
    };
    const verdict = checkAttempt(services, { price, payer }, destination, watch);
    if (verdict === 'yes') permitted.push(destination);
    else first ??= verdict;
  }
  candidate.found = { ...found, destinations: permitted };
  return permitted.length === 0 && first !== undefined ? first : 'yes';
}

function accountOf(caller: Caller): Account | undefined {
  return caller.kind === 'account' ? caller.account : undefined;
}

function canonicalText(dialled: Dialled | undefined): string {
  if (dialled === undefined) return '';
  return dialled.kind === 'name' ? dialled.name : dialled.canonical;
}

/** A guest reaches our own users, where nobody pays; everybody else pays for the calls that they make. */
function checkPayer(_services: CallServices, candidate: Candidate): Refusal | 'yes' {
  const { caller } = candidate;
  if (caller.kind === 'account') candidate.payer = { accountId: caller.account.id, reason: 'caller' };
  return 'yes';
}
