import type { Account } from '../../accounts/model.ts';
import { type Refusal, refusal } from '../../guard/decision.ts';
import type { Destination } from '../routing/destination.ts';
import type { Dialled } from '../routing/number.ts';
import { compileRules, orderTargets, selectRule } from '../routing/select-rule.ts';
import type { Caller } from '../b2bua/plan.ts';
import type { CallServices } from '../services.ts';
import { dialledText, findUser } from './find-user.ts';

/** Where a call goes, or why nowhere. */
export type Found =
  | {
      readonly kind: 'found';
      readonly destinations: readonly Destination[];
      readonly dialRule: string;
      readonly maxDurationS: number;
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/**
 * A user's name, a number that a user owns, or the dial rules, in this order. Calls that come in from a SIP server, and
 * guests, reach users only: from trunk to trunk there is no way without a user of ours who pays.
 */
export function findDestinations(services: CallServices, caller: Caller, dialled: Dialled, nowMs: number): Found {
  const text = dialledText(dialled);
  const { directory } = services;
  const user = findUser(services, dialled);
  if (user !== undefined) return devicesOf(services, user);
  const mayDialOut = caller.kind === 'account' && caller.account.kind !== 'sipserver';
  if (dialled.kind === 'name' || !mayDialOut) return notFound(text);
  const { account } = caller;
  const settings = services.settings();
  const at = { dialPlan: account.dialPlan, nowMs, timeZone: settings.timezone };
  const choice = selectRule(compileRules(directory.dialRules(account.dialPlan)), dialled.digits, at);
  if (choice.kind === 'none') {
    if (choice.outsideTimes === undefined) return notFound(text);
    const { outsideTimes } = choice;
    return {
      kind: 'refused',
      refusal: refusal('time_rule', 403, outsideTimes, `a call inside the times of rule ${outsideTimes}`),
    };
  }
  const destinations = orderTargets(choice.rule.routes, services.random).flatMap(({ sipServerId }) => {
    const server = directory.accountById(sipServerId);
    if (server?.trunk === undefined || !server.enabled) return [];
    return [{ kind: 'trunk' as const, account: server, trunk: server.trunk, sentNumber: choice.sentNumber }];
  });
  if (destinations.length === 0) {
    return {
      kind: 'refused',
      refusal: refusal('place_this_call_through', 503, choice.rule.name, 'an enabled SIP server on the rule'),
    };
  }
  const { name, maxDurationS, recordInCdr } = choice.rule;
  return { kind: 'found', destinations, dialRule: recordInCdr ? name : '', maxDurationS };
}

function devicesOf(services: CallServices, account: Account): Found {
  const bindings = account.enabled ? services.registrar.bindingsOf(account.id) : [];
  if (bindings.length === 0) {
    return { kind: 'refused', refusal: refusal('registered', 480, account.name, 'a registered device of the callee') };
  }
  return { kind: 'found', destinations: [{ kind: 'devices', account, bindings }], dialRule: '', maxDurationS: 0 };
}

function notFound(text: string): Found {
  return {
    kind: 'refused',
    refusal: refusal('dial_rule', 404, text, 'a user, a number of ours, or digits that a dial rule matches'),
  };
}
