import { readDialled } from '../../numbering/dialled.ts';
import { numberingPlan } from '../../numbering/numbering-plan.ts';
import type { SipRequest } from '../../sip/message/index.ts';
import type { Caller } from '../b2bua/plan.ts';
import type { CallServices } from '../services.ts';
import { findUser } from './find-user.ts';

interface IncomingCall {
  readonly caller: Caller;
  readonly request: SipRequest;
  readonly strip: number;
}

/**
 * Whether the emergency centre calls back (RFC 7090 §1): a call to somebody who has made an emergency call lately, from a
 * SIP server that a rule for emergency calls names. The call itself proves nothing more, so its number is not looked at;
 * whoever sits behind such a carrier can pass the blocks for that time and for that user.
 */
export function isEmergencyCallback(services: CallServices, { caller, request, strip }: IncomingCall): boolean {
  const { limits, settings, directory } = services;
  // Almost always: nobody has called for help.
  if (limits.helpSeekers.size === 0 || caller.kind !== 'account' || caller.account.kind !== 'sipserver') return false;
  const { account } = caller;
  const dialled = readDialled(request.uri, numberingPlan(settings(), account), strip);
  const callee = dialled && findUser(services, dialled);
  if (callee === undefined || !limits.helpSeekers.hasCalled(callee.id)) return false;
  const rules = [...new Set([callee.dialPlan, ''])].flatMap((plan) => directory.dialRules(plan));
  return rules.some(
    ({ emergency, routes }) => emergency && routes.some(({ sipServerId }) => sipServerId === account.id),
  );
}
