import type { Account, DialRule } from '../../accounts/model.ts';
import { type Refusal, refusal } from '../../guard/decision.ts';
import type { Destination } from '../routing/destination.ts';
import { isSameNumber, type CalledNumber } from '../../numbering/called-number.ts';
import { classify, type NumberClass } from '../../numbering/classify.ts';
import type { Dialled } from '../../numbering/dialled.ts';
import { numberingPlan } from '../../numbering/numbering-plan.ts';
import { type SentNumber, sentNumber } from '../routing/sent-number.ts';
import { compileRules, orderTargets, selectRule } from '../routing/select-rule.ts';
import type { Caller } from '../b2bua/plan.ts';
import type { CallServices } from '../services.ts';
import { dialledText, findUser } from './find-user.ts';

/** Where a call goes, or why nowhere. */
export type Found =
  | {
      readonly kind: 'found';
      readonly destinations: readonly Destination[];
      /** What goes out to SIP servers; undefined for a user of ours. */
      readonly number: CalledNumber | undefined;
      readonly numberClass: NumberClass;
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
    return no(refusal('time_rule', 403, outsideTimes, `a call inside the times of rule ${outsideTimes}`));
  }
  return overTrunks(services, account, choice.rule, choice.sentNumber, dialled);
}

/**
 * The SIP servers of a rule that can be sent this number. They are all sent the same one: a server whose format makes
 * another number of it is left out, and so is a number that the rule has made of one dialled with `+`.
 */
function overTrunks(
  { directory, settings, random }: CallServices,
  caller: Account,
  rule: DialRule,
  ruled: string,
  dialled: Extract<Dialled, { kind: 'number' }>,
): Found {
  const plan = numberingPlan(settings(), caller);
  const servers = orderTargets(rule.routes, random).flatMap(({ sipServerId }) => {
    const server = directory.accountById(sipServerId);
    return server?.trunk === undefined || !server.enabled ? [] : [{ account: server, trunk: server.trunk }];
  });
  if (servers.length === 0) {
    return no(refusal('place_this_call_through', 503, rule.name, 'an enabled SIP server on the rule'));
  }
  let number: CalledNumber | undefined = dialled.global
    ? { form: 'e164', digits: dialled.canonical, orElse: '' }
    : undefined;
  const destinations = hasForeignCode(dialled.digits, rule)
    ? []
    : servers.flatMap(({ account, trunk }): Destination[] => {
        const sent: SentNumber | undefined = sentNumber(ruled, trunk.numberFormat, plan, numberingPlan(settings()));
        if (sent === undefined || (number !== undefined && !isSameNumber(sent.number, number))) return [];
        number ??= sent.number;
        return [{ kind: 'trunk', account, trunk, sentNumber: sent.text, number: sent.number, cost: undefined }];
      });
  const [first] = destinations;
  if (first?.kind !== 'trunk') {
    return no(refusal('numberformat', 404, ruled, 'digits that are the same number before and after the dial rule'));
  }
  return {
    kind: 'found',
    destinations,
    number: first.number,
    numberClass: classify(first.number, plan),
    dialRule: rule.recordInCdr ? rule.name : '',
    maxDurationS: rule.maxDurationS,
  };
}

/** A `*` or `#` that the rule does not spell out would reach a carrier as a service code of the caller's choice. */
function hasForeignCode(digits: string, { pattern, secretPrefix }: DialRule): boolean {
  return /[*#]/.test(digits.slice(secretPrefix.length + pattern.replace(/\.$/, '').length));
}

function devicesOf(services: CallServices, account: Account): Found {
  const bindings = account.enabled ? services.registrar.bindingsOf(account) : [];
  if (bindings.length === 0) {
    return no(refusal('registered', 480, account.name, 'a registered device of the callee'));
  }
  return {
    kind: 'found',
    destinations: [{ kind: 'devices', account, bindings }],
    number: undefined,
    numberClass: 'local user',
    dialRule: '',
    maxDurationS: 0,
  };
}

function notFound(text: string): Found {
  return no(refusal('dial_rule', 404, text, 'a user, a number of ours, or digits that a dial rule matches'));
}

function no(refused: Refusal): Found {
  return { kind: 'refused', refusal: refused };
}
