import type { Account } from '../../accounts/model.ts';
import { ok } from '../../base/result/result.ts';
import type { Arguments } from '../operation.ts';
import type { OperationPorts } from '../ports.ts';
import { optionalText, text } from './arguments.ts';
import { notFound, type Outcome, quoted } from './outcome.ts';

/** The account that an argument names, whatever the case of its letters. */
export function namedAccount({ directory }: OperationPorts, given: Arguments, argument: string): Outcome<Account> {
  const name = text(given, argument);
  if (!name.ok) return name;
  const account = directory.accountByNameIgnoringCase(name.value);
  if (account !== undefined) return ok(account);
  return notFound(`there is no user ${quoted(name.value)}; 'ringfence user list' shows all`);
}

/** The same, or undefined where the argument is absent. */
export function optionalAccount(
  ports: OperationPorts,
  given: Arguments,
  argument: string,
): Outcome<Account | undefined> {
  const name = optionalText(given, argument);
  if (!name.ok) return name;
  return name.value === undefined ? ok(undefined) : namedAccount(ports, given, argument);
}
