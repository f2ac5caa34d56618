import { canonicalNumber, putNumber, removeNumber } from '../../accounts/admin-numbers.ts';
import type { DialRule } from '../../accounts/model.ts';
import { ok } from '../../base/result/result.ts';
import { pageSize } from '../operation-table.ts';
import type { Arguments } from '../operation.ts';
import type { OperationPorts } from '../ports.ts';
import type { DialRuleView, NumberView } from '../views.ts';
import { adminContext, changeLines, commit, refusedFields } from './administration.ts';
import { optionalText, text } from './arguments.ts';
import { optionalAccount } from './named-account.ts';
import { done, type OperationsOf, type Outcome } from './outcome.ts';

type Names = 'number list' | 'number add' | 'number remove' | 'rule list';

export function numberOperations(ports: OperationPorts): OperationsOf<Names> {
  return {
    'number list': (given) => Promise.resolve(listNumbers(ports, given)),
    'number add': async (given) => {
      const number = text(given, 'number');
      if (!number.ok) return number;
      const user = text(given, 'user');
      if (!user.ok) return user;
      const plan = putNumber(number.value, user.value, adminContext(ports));
      if (!plan.ok) return refusedFields(plan.error);
      await commit(ports, plan.value);
      return ok({ changes: changeLines(plan.value.audit) });
    },
    'number remove': async (given) => {
      const number = text(given, 'number');
      if (!number.ok) return number;
      const plan = removeNumber(number.value, adminContext(ports));
      if (!plan.ok) return refusedFields(plan.error);
      const owner = canonicalOwner(ports, number.value);
      await commit(ports, plan.value);
      if (owner !== undefined) ports.live?.accountChanged(owner);
      return ok({ changes: changeLines(plan.value.audit) });
    },
    'rule list': () => done({ rules: ports.directory.allDialRules().map((rule) => ruleView(ports, rule)) }),
  };
}

function canonicalOwner(ports: OperationPorts, written: string): number | undefined {
  const number = canonicalNumber(written);
  return number.ok ? ports.directory.numberOwner(number.value)?.id : undefined;
}

function listNumbers(ports: OperationPorts, given: Arguments): Outcome<{ readonly numbers: readonly NumberView[] }> {
  const account = optionalAccount(ports, given, 'user');
  if (!account.ok) return account;
  const after = optionalText(given, 'after');
  if (!after.ok) return after;
  const owners = account.value === undefined ? ports.directory.accounts() : [account.value];
  const numbers: NumberView[] = [];
  for (const owner of owners) {
    for (const number of ports.directory.numbersOf(owner.id)) {
      if (after.value === undefined || number > after.value) numbers.push({ number, user: owner.name });
    }
  }
  numbers.sort((one, other) => (one.number < other.number ? -1 : 1));
  return ok({ numbers: numbers.slice(0, pageSize) });
}

function ruleView(ports: OperationPorts, rule: DialRule): DialRuleView {
  const { id, name, pattern, deleteDigits, addDigits, timeRule, maxDurationS, emergency, dialPlan, recordInCdr } = rule;
  return {
    id,
    name,
    pattern,
    secretPrefix: rule.secretPrefix !== '',
    deleteDigits,
    addDigits,
    timeRule,
    maxDurationS,
    emergency,
    dialPlan,
    recordInCdr,
    routes: rule.routes.map(({ sipServerId, priority, weight }) => {
      return { sipServer: ports.directory.accountById(sipServerId)?.name ?? '', priority, weight };
    }),
  };
}
