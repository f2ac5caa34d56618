import { systemLimit } from '../../settings/index.ts';
import type { AdminContext, AdminOutcome } from '../../accounts/admin-context.ts';
import type { AuditEntry, StoreChange } from '../../accounts/change.ts';
import type { AccountDirectory } from '../../accounts/directory.ts';
import { inSlices } from '../../base/time/in-slices.ts';
import { textProblem } from '../../guard/validate-input.ts';
import type { FieldError } from '../../accounts/field-texts.ts';
import type { Posting } from '../../billing/ledger/posting.ts';
import type { OperationPorts } from '../ports.ts';
import { commandLine, type Outcome, refused } from './outcome.ts';

/** What a change of accounts is decided with; `directory` may be a copy that a longer plan works on. */
export function adminContext(ports: OperationPorts, directory: AccountDirectory = ports.directory): AdminContext {
  const { minpwdlength, validatepassword, enforcestrongauth, licensecfg, validateinput } = ports.settings.current;
  return {
    directory,
    realm: ports.store.realm,
    random: ports.random,
    nowMs: ports.clock.wallMs(),
    by: commandLine,
    rules: {
      ...{ minpwdlength, validatepassword, enforcestrongauth, maxAccounts: systemLimit(licensecfg, 'users') },
      shownTextProblem: (shown) => textProblem('text', shown, validateinput),
    },
  };
}

/** Makes a plan hold: on disk first, then in memory, then for what is going on. */
export async function commit(ports: OperationPorts, plan: Pick<AdminOutcome, 'changes' | 'audit'>): Promise<void> {
  if (plan.changes.length === 0) return;
  const openings = openingPostings(ports, plan.changes);
  await ports.store.apply(plan.changes, plan.audit, openings);
  await inSlices(applied(ports, plan.changes, openings), ports.nextTurn);
}

/** Each step is one record: no turn of the event loop sees an account without its credential. */
function* applied(
  ports: OperationPorts,
  changes: readonly StoreChange[],
  openings: readonly Posting[],
): Generator<void, void> {
  for (const opening of openings) {
    yield;
    ports.ledger.committed([opening]);
  }
  const touched = new Set<number>();
  for (const change of changes) {
    if (change.kind !== 'credential put') yield;
    ports.directory.apply(change);
    ports.prices.apply(change);
    const accountId = accountOf(change);
    if (accountId !== undefined) touched.add(accountId);
  }
  for (const accountId of touched) {
    yield;
    ports.live?.accountChanged(accountId);
  }
}

/** [credit.credit] What accounts begin with is posted with them, once. */
function openingPostings({ ledger }: OperationPorts, changes: readonly StoreChange[]): readonly Posting[] {
  return changes.flatMap((change) => {
    if (change.kind !== 'account put' || !change.fields.includes('credit')) return [];
    const { openingMicros = 0n } = change.account.money;
    return openingMicros === 0n ? [] : [ledger.opening(change.account.id, openingMicros, change.origin.by)];
  });
}

function accountOf(change: StoreChange): number | undefined {
  switch (change.kind) {
    case 'account put':
      return change.account.id;
    case 'account remove':
    case 'web password put':
      return change.accountId;
    case 'credential put':
      return change.credential.accountId;
    case 'number put':
      return change.ownership.accountId;
    case 'number remove':
    case 'dial rule put':
    case 'dial rule remove':
    case 'tariff put':
    case 'packet put':
    case 'setting put':
    case 'setting remove':
      return undefined;
  }
}

/** `change account alice: displayname 'Alice'`: what a plan does, one line for each thing it touches. */
export function changeLines(audit: readonly AuditEntry[]): readonly string[] {
  return audit.map(({ action, subject, detail }) => {
    const verb = action.split(' ')[0] ?? action;
    if (detail === '') return `${verb} ${subject}`;
    return `${verb} ${subject}${/^(?:to|from) /.test(detail) ? '' : ':'} ${detail}`;
  });
}

export function refusedFields(errors: readonly FieldError[]): Outcome<never> {
  return refused(errors.map(({ message }) => message).join('\n'));
}
