import type { DialRule, RouteTarget } from '../../accounts/model.ts';
import type { Random } from '../../base/random/random.ts';
import { bySpecificity, type DialPattern, parsePattern } from '../../accounts/dial-pattern.ts';
import { parseTimeRule, type TimeRule } from '../../accounts/time-rule.ts';

/** A dial rule with its texts read once. Rules are checked when they are saved, so a bad one matches nothing here. */
export interface CompiledRule {
  readonly rule: DialRule;
  readonly pattern: DialPattern;
  readonly times: TimeRule;
}

/** The directory gives the same list until a rule changes, so that each list is read once. */
const compiledRules = new WeakMap<readonly DialRule[], readonly CompiledRule[]>();

/** Most specific pattern first; the order in which rules are tried. */
export function compileRules(rules: readonly DialRule[]): readonly CompiledRule[] {
  const known = compiledRules.get(rules);
  if (known !== undefined) return known;
  const compiled = rules
    .flatMap((rule) => {
      const pattern = parsePattern(rule.pattern);
      const times = parseTimeRule(rule.timeRule);
      return pattern.ok && times.ok ? [{ rule, pattern: pattern.value, times: times.value }] : [];
    })
    .toSorted((one, other) => bySpecificity(one.pattern, other.pattern));
  compiledRules.set(rules, compiled);
  return compiled;
}

export type RuleChoice =
  | { readonly kind: 'rule'; readonly rule: DialRule; readonly sentNumber: string }
  | { readonly kind: 'none'; readonly outsideTimes: string | undefined };

/**
 * The rule for dialled digits: within the caller's dial plan, the most specific whose times allow it. The secret
 * prefix is stripped, then `deleteDigits`, then `addDigits` is put in front; a rule that would leave nothing to dial
 * does not apply, and one for emergency calls carries nothing else [fraud.delete-n-digits-prefix-from-the-front].
 */
export function selectRule(
  rules: readonly CompiledRule[],
  digits: string,
  at: { readonly dialPlan: string; readonly nowMs: number; readonly timeZone: string },
): RuleChoice {
  let outsideTimes: string | undefined;
  for (const { rule, pattern, times } of rules) {
    if (rule.emergency || rule.dialPlan !== at.dialPlan || !digits.startsWith(rule.secretPrefix)) continue;
    const afterSecret = digits.slice(rule.secretPrefix.length);
    if (!pattern.matches(afterSecret) || afterSecret.length <= rule.deleteDigits) continue;
    if (!times.allows(at.nowMs, at.timeZone)) {
      outsideTimes ??= rule.name;
      continue;
    }
    return { kind: 'rule', rule, sentNumber: rule.addDigits + afterSecret.slice(rule.deleteDigits) };
  }
  return { kind: 'none', outsideTimes };
}

/**
 * The order in which a rule's SIP servers are tried: by priority, lower first, and among equals by chance in
 * proportion to weight, as RFC 2782 orders SRV records. Only what the rule lists is ever tried.
 */
export function orderTargets(routes: readonly RouteTarget[], random: Random): readonly RouteTarget[] {
  if (routes.length < 2) return routes;
  const ordered: RouteTarget[] = [];
  const priorities = [...new Set(routes.map(({ priority }) => priority))].toSorted((one, other) => one - other);
  for (const priority of priorities) {
    const equals = routes.filter((route) => route.priority === priority);
    while (equals.length > 0) ordered.push(...equals.splice(drawByWeight(equals, random), 1));
  }
  return ordered;
}

function drawByWeight(routes: readonly RouteTarget[], random: Random): number {
  const total = routes.reduce((sum, { weight }) => sum + weight, 0);
  if (total === 0) return 0;
  let draw = random.below(total);
  for (const [index, { weight }] of routes.entries()) {
    if (draw < weight) return index;
    draw -= weight;
  }
  return routes.length - 1;
}
