import { fail, ok, type Result } from '../base/result/result.ts';
import { planNamePattern } from './account-fields.ts';
import { maxPatternLength, parsePattern } from './dial-pattern.ts';
import type { AccountDirectory } from './directory.ts';
import { type FieldText, flag, listOf, oneText, quoted, textLike, wholeNumber } from './field-texts.ts';
import type { DialRule, RouteTarget } from './model.ts';
import { parseTimeRule } from './time-rule.ts';

/** One field of a dial rule, as documents, the command line and the API name it. */
export interface DialRuleField {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly secret?: boolean;
  readonly meaning: string;
  set(rule: DialRule, text: FieldText, directory: AccountDirectory): Result<DialRule, string>;
  show(rule: DialRule, directory: AccountDirectory): string;
}

export const dialRuleFields: readonly DialRuleField[] = [
  {
    name: 'pattern',
    meaning:
      'numbers that the rule is for: digits, Z 1-9, N 2-9, X 0-9, and at the end . for one or more further digits',
    set: (rule, text) => {
      const one = oneText(text);
      return one.ok ? map(parsePattern(one.value), (pattern) => ({ ...rule, pattern: pattern.text })) : one;
    },
    show: (rule) => rule.pattern,
  },
  {
    name: 'secretprefix',
    secret: true,
    meaning: 'digits that a caller must dial in front of the pattern, always stripped',
    set: (rule, text) => {
      const one = oneText(text);
      if (!one.ok) return one;
      return /^\d{0,24}$/.test(one.value)
        ? ok({ ...rule, secretPrefix: one.value })
        : fail('must be at most 24 digits');
    },
    show: (rule) => rule.secretPrefix,
  },
  {
    name: 'delete',
    aliases: ['deletedigits', 'stripdigits'],
    meaning: 'how many digits are taken from the front',
    set: (rule, text) => map(wholeNumber(text, 0, maxPatternLength), (deleteDigits) => ({ ...rule, deleteDigits })),
    show: (rule) => String(rule.deleteDigits),
  },
  {
    name: 'add',
    aliases: ['adddigits', 'autoadddigit'],
    meaning: 'digits that are put in front after that',
    set: (rule, text) => {
      return map(textLike(text, /^\+?[0-9*#]{0,24}$/, 'at most 24 digits'), (addDigits) => ({ ...rule, addDigits }));
    },
    show: (rule) => rule.addDigits,
  },
  {
    name: 'timerule',
    aliases: ['time'],
    meaning: 'times in which it may be used, as Mon-Fri 08:00-18:00; Sat 09:00-12:00; empty for always',
    set: setTimeRule,
    show: (rule) => rule.timeRule,
  },
  {
    name: 'maxduration',
    aliases: ['calldurationlimit'],
    meaning: 'longest call in seconds; 0 for no bound of its own',
    set: (rule, text) => map(wholeNumber(text, 0, 86_400), (maxDurationS) => ({ ...rule, maxDurationS })),
    show: (rule) => String(rule.maxDurationS),
  },
  {
    name: 'emergency',
    meaning: 'true for a rule that carries calls to emergency numbers, whose digits are never changed',
    set: (rule, text) => map(flag(text), (emergency) => ({ ...rule, emergency })),
    show: (rule) => String(rule.emergency),
  },
  {
    name: 'dialplan',
    meaning: 'dial plan that the rule belongs to; empty for the common one',
    set: (rule, text) => {
      return map(textLike(text, planNamePattern, 'a name of letters, digits, _ . and -'), (dialPlan) => {
        return { ...rule, dialPlan };
      });
    },
    show: (rule) => rule.dialPlan,
  },
  {
    name: 'sipservers',
    aliases: ['sipserver', 'routes', 'placethiscallthrough'],
    meaning: 'SIP servers in the order in which they are tried; NAME:PRIORITY:WEIGHT to share calls among equals',
    set: setRoutes,
    show: showRoutes,
  },
  {
    name: 'recordincdr',
    meaning: "true to have the rule's name in the CDR",
    set: (rule, text) => map(flag(text), (recordInCdr) => ({ ...rule, recordInCdr })),
    show: (rule) => String(rule.recordInCdr),
  },
];

/** Fields that are each right and leave nothing to dial, or nowhere to send it. */
export function dialRuleProblem(rule: DialRule): { readonly field: string; readonly message: string } | undefined {
  if (rule.pattern === '') return { field: 'pattern', message: 'pattern is missing: the rule would match nothing' };
  if (rule.routes.length === 0) return { field: 'sipservers', message: 'sipservers is missing: name at least one' };

  // An open pattern stands for one digit more than it has positions, which its dot makes up for.
  if (rule.deleteDigits >= rule.pattern.length) {
    return { field: 'delete', message: `delete ${rule.deleteDigits} leaves nothing of numbers like ${rule.pattern}` };
  }
  return undefined;
}

function setTimeRule(rule: DialRule, text: FieldText): Result<DialRule, string> {
  const one = oneText(text);
  return one.ok ? map(parseTimeRule(one.value), () => ({ ...rule, timeRule: one.value.trim() })) : one;
}

function setRoutes(rule: DialRule, text: FieldText, directory: AccountDirectory): Result<DialRule, string> {
  const entries = listOf(text);
  if (!entries.ok) return entries;
  const routes: RouteTarget[] = [];
  for (const [position, entry] of entries.value.entries()) {
    const [name = '', priority = String(position + 1), weight = '1', ...more] = entry.split(':');
    const server = directory.accountByNameIgnoringCase(name.trim());
    if (server?.kind !== 'sipserver') return fail(`${quoted(name)} is no SIP server; create it first`);
    if (!/^\d{1,5}$/.test(priority) || !/^\d{1,5}$/.test(weight) || more.length > 0) {
      return fail(`${quoted(entry)} is not NAME or NAME:PRIORITY:WEIGHT with whole numbers`);
    }
    if (routes.some(({ sipServerId }) => sipServerId === server.id)) return fail(`names ${server.name} twice`);
    routes.push({ sipServerId: server.id, priority: Number(priority), weight: Number(weight) });
  }
  return ok({ ...rule, routes });
}

function showRoutes(rule: DialRule, directory: AccountDirectory): string {
  return rule.routes
    .map(({ sipServerId, priority, weight }) => `${directory.accountById(sipServerId)?.name}:${priority}:${weight}`)
    .join(', ');
}

function map<A, B>(result: Result<A, string>, use: (value: A) => B): Result<B, string> {
  return result.ok ? ok(use(result.value)) : result;
}
