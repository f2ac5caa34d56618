import { fail, ok } from '../../base/result/result.ts';
import type { Decision } from '../../guard/decision.ts';
import { passesUnder } from '../../guard/limit.ts';
import type { Arguments } from '../operation.ts';
import type { DecisionQuery, OperationPorts } from '../ports.ts';
import type { DecisionView } from '../views.ts';
import { optionalText, text, whole } from './arguments.ts';
import { optionalAccount } from './named-account.ts';
import { done, notFound, type OperationsOf, type Outcome, quoted } from './outcome.ts';

const maxRows = 10_000;
const usualRows = 50;

/** Why calls were refused, or would have been. */
export function decisionOperations(
  ports: OperationPorts,
): OperationsOf<'decision list' | 'decision strangers' | 'explain'> {
  return {
    'decision list': async (given) => {
      const query = decisionQuery(ports, given);
      if (!query.ok) return query;
      const decisions = await ports.store.queryDecisions(query.value);
      return ok({ decisions: decisions.map((decision) => viewOf(decision, undefined)) });
    },
    'decision strangers': () => {
      if (ports.live !== undefined) return done({ refusals: ports.live.strangerRefusals() });
      const message =
        "the server is not running, and what strangers were refused is only in its memory; start it with 'ringfence serve'";
      return Promise.resolve(fail({ code: 'server is not running', message }));
    },
    explain: async (given) => {
      const id = text(given, 'id');
      if (!id.ok) return id;
      const limit = optionalText(given, 'limit');
      if (!limit.ok) return limit;
      if (limit.value !== undefined && !/^\d{1,18}(?:\.\d{1,6})?$/.test(limit.value)) {
        const message = `limit ${quoted(limit.value)} is refused; write a whole number in the unit of the decision, or an amount of money`;
        return fail({ code: 'arguments', message });
      }
      const decision = await ports.store.decision(id.value);
      if (decision === undefined) {
        return notFound(`no decision has the id ${quoted(id.value)}; the CDR of a refused call names its own`);
      }
      return ok(viewOf(decision, limit.value === undefined ? undefined : limitIn(decision, limit.value)));
    },
  };
}

/** Money is written in units of the currency, and kept in millionths. */
function limitIn({ unit }: Decision, written: string): string {
  const [whole = '0', decimals = ''] = written.split('.');
  return unit === 'millionths' ? `${BigInt(whole + decimals.padEnd(6, '0'))}` : whole;
}

function viewOf(decision: Decision, limit: string | undefined): DecisionView {
  const passes = limit === undefined ? undefined : passesUnder(decision, BigInt(limit));
  const other = limit === undefined || passes === undefined ? null : { limit, passes };
  return { ...decision, setAtMs: decision.setAtMs ?? null, passesUnder: other };
}

function decisionQuery(ports: OperationPorts, given: Arguments): Outcome<DecisionQuery> {
  const sinceMs = whole(given, 'sinceMs', { min: 0, max: Number.MAX_SAFE_INTEGER, otherwise: undefined });
  if (!sinceMs.ok) return sinceMs;
  const limit = whole(given, 'limit', { min: 1, max: maxRows, otherwise: usualRows });
  if (!limit.ok) return limit;
  const account = optionalAccount(ports, given, 'user');
  if (!account.ok) return account;
  const rule = optionalText(given, 'rule');
  if (!rule.ok) return rule;
  const outcome = optionalText(given, 'outcome');
  if (!outcome.ok) return outcome;
  return ok({
    limit: limit.value,
    ...(sinceMs.value === undefined ? {} : { sinceMs: sinceMs.value }),
    ...(account.value === undefined ? {} : { subject: `account:${account.value.name}` }),
    ...(rule.value === undefined ? {} : { rule: rule.value }),
    ...(outcome.value === undefined ? {} : { outcome: outcome.value }),
  });
}
