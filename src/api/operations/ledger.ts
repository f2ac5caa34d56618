import type { Account } from '../../accounts/model.ts';
import type { AuditEntry, StoreChange } from '../../accounts/change.ts';
import { maxPostingMicros, parseAmount, printAmount } from '../../base/money/money.ts';
import { ok, type Result } from '../../base/result/result.ts';
import type { Posted } from '../../billing/ledger/ledger.ts';
import type { PostingRequest } from '../../billing/ledger/posting-request.ts';
import type { Posting } from '../../billing/ledger/posting.ts';
import type { Arguments } from '../operation.ts';
import type { OperationPorts } from '../ports.ts';
import type { BalanceView, PostedView, PostingView } from '../views.ts';
import { flag, optionalText, text, whole } from './arguments.ts';
import { namedAccount } from './named-account.ts';
import { commandLine, type OperationsOf, type Outcome, refused } from './outcome.ts';

type PostingNames =
  | 'ledger topup'
  | 'ledger adjust'
  | 'ledger refund'
  | 'ledger transfer'
  | 'ledger chargeback'
  | 'ledger clear';
type Names = PostingNames | 'ledger statement' | 'ledger check' | 'ledger resume';

const maxStatement = 10_000;
const usualStatement = 50;
/** [credit.credit] Whoever can pay for calls has a balance. */
const payers: readonly string[] = ['enduser', 'trafficsender', 'reseller'];

export function ledgerOperations(ports: OperationPorts): OperationsOf<Names> {
  return {
    ...postingOperations(ports),
    'ledger statement': (given) => statement(ports, given),
    'ledger check': async () => {
      const { postings, totalMicros, findings, notes } = await ports.ledger.check();
      const refusal = ports.ledger.mayPrice()?.message ?? null;
      const { currency } = ports.ledger;
      return ok({ postings, total: printAmount(totalMicros), currency, findings, notes, refusal });
    },
    'ledger resume': async () => {
      const { restored, setAside, sums, unfinishedCalls } = await ports.store.resumeLedger();
      ports.ledger.reload(sums);
      await ports.live?.ledgerResumed(unfinishedCalls);
      const detail = `${restored} postings restored${setAside ? ', old journal set aside' : ''}`;
      await ports.store.apply([], [audit(ports, 'resume ledger', 'ledger', detail)]);
      return ok({ restored, setAside });
    },
  };
}

function postingOperations(ports: OperationPorts): OperationsOf<PostingNames> {
  return {
    'ledger topup': async (given) => {
      const asked = readAsked(ports, given);
      if (!asked.ok) return asked;
      const uncleared = flag(given, 'uncleared');
      if (!uncleared.ok) return uncleared;
      return post(ports, asked.value, { ...asked.value.common, kind: 'top-up', cleared: !uncleared.value });
    },
    'ledger adjust': async (given) => {
      const asked = readAsked(ports, given);
      if (!asked.ok) return asked;
      const { isPostpaid } = asked.value.account.money;
      return post(ports, asked.value, { ...asked.value.common, kind: 'adjustment', isPostpaid });
    },
    'ledger refund': async (given) => {
      const asked = readAsked(ports, given);
      return asked.ok ? post(ports, asked.value, { ...asked.value.common, kind: 'refund' }) : asked;
    },
    'ledger transfer': async (given) => {
      const asked = readAsked(ports, given);
      if (!asked.ok) return asked;
      const to = payerOf(ports, given, 'to');
      if (!to.ok) return to;
      const request = { ...asked.value.common, kind: 'transfer', toAccountId: to.value.id } as const;
      return post(ports, asked.value, request);
    },
    'ledger chargeback': async (given) => {
      const asked = readAsked(ports, given);
      if (!asked.ok) return asked;
      const of = optionalText(given, 'of');
      if (!of.ok) return of;
      return chargeback(ports, asked.value, { ...asked.value.common, kind: 'chargeback', reverses: of.value ?? '' });
    },
    'ledger clear': async (given) => {
      const id = text(given, 'id');
      if (!id.ok) return id;
      const posted = await ports.ledger.clear(id.value, commandLine, (postings) => {
        return ports.store.apply([], [audit(ports, 'clear top-up', `posting ${id.value}`, '')], postings);
      });
      if (!posted.ok) return refused(posted.error);
      const accountId = posted.value.postings[0]?.accountId ?? 0;
      const account = ports.directory.accountById(accountId);
      if (account !== undefined) ports.live?.accountChanged(accountId);
      return ok({ ...balanceView(ports, accountId), id: id.value, isNew: posted.value.isNew });
    },
  };
}

interface AskedPosting {
  readonly account: Account;
  readonly common: Pick<PostingRequest, 'id' | 'accountId' | 'amountMicros' | 'cause' | 'actor'>;
}

function readAsked(ports: OperationPorts, given: Arguments): Outcome<AskedPosting> {
  const account = payerOf(ports, given, 'user');
  if (!account.ok) return account;
  const written = text(given, 'amount');
  if (!written.ok) return written;
  const amount = parseAmount(written.value, { minMicros: -maxPostingMicros, maxMicros: maxPostingMicros });
  if (!amount.ok) return refused(`amount ${amount.error}`);
  const id = optionalText(given, 'id');
  if (!id.ok) return id;
  const cause = optionalText(given, 'cause');
  if (!cause.ok) return cause;
  const common = {
    ...{ id: id.value ?? ports.random.hex(8), accountId: account.value.id, amountMicros: amount.value },
    ...{ cause: cause.value ?? '', actor: commandLine },
  };
  return ok({ account: account.value, common });
}

function payerOf(ports: OperationPorts, given: Arguments, argument: 'user' | 'to'): Outcome<Account> {
  const account = namedAccount(ports, given, argument);
  if (!account.ok || payers.includes(account.value.kind)) return account;
  const { name, kind } = account.value;
  return refused(`${name} is of the type ${kind} and has no balance; money is for ${payers.join(', ')}`);
}

async function post(ports: OperationPorts, asked: AskedPosting, request: PostingRequest): Promise<Outcome<PostedView>> {
  const posted = await ports.ledger.post(request, (postings) => {
    return ports.store.apply([], [postingAudit(ports, asked, postings)], postings);
  });
  if (posted.ok && posted.value.isNew) tellCalls(ports, posted.value.postings);
  return postedView(ports, request, posted);
}

/** [ledger] A chargeback and the lock that it brings are one commit. */
async function chargeback(
  ports: OperationPorts,
  asked: AskedPosting,
  request: PostingRequest,
): Promise<Outcome<PostedView>> {
  const { account } = asked;
  const origin = { by: commandLine, atMs: ports.clock.wallMs() };
  const locked = { ...account, money: { ...account.money, lockedBy: request.id } };
  const lock: StoreChange = { kind: 'account put', account: locked, fields: ['locked'], origin };
  const posted = await ports.ledger.post(request, async (postings) => {
    await ports.store.apply([lock], [postingAudit(ports, asked, postings)], postings);
    ports.directory.apply(lock);
  });
  if (posted.ok && posted.value.isNew) tellCalls(ports, posted.value.postings);
  return postedView(ports, request, posted);
}

/** What runs learns of a change of money at once. */
function tellCalls(ports: OperationPorts, postings: readonly Posting[]): void {
  for (const accountId of new Set(postings.map((posting) => posting.accountId))) ports.live?.accountChanged(accountId);
}

function postedView(
  ports: OperationPorts,
  { id, accountId }: PostingRequest,
  posted: Result<Posted, string>,
): Outcome<PostedView> {
  if (!posted.ok) return refused(posted.error);
  return ok({ ...balanceView(ports, accountId), id, isNew: posted.value.isNew });
}

function balanceView({ directory, ledger }: OperationPorts, accountId: number): BalanceView {
  const { postedMicros, unclearedMicros } = ledger.balances.of(accountId);
  return {
    user: directory.accountById(accountId)?.name ?? String(accountId),
    currency: ledger.currency,
    balance: printAmount(postedMicros),
    uncleared: printAmount(unclearedMicros),
  };
}

async function statement(
  ports: OperationPorts,
  given: Arguments,
): Promise<Outcome<BalanceView & { readonly postings: readonly PostingView[] }>> {
  const account = payerOf(ports, given, 'user');
  if (!account.ok) return account;
  const limit = whole(given, 'limit', { min: 1, max: maxStatement, otherwise: usualStatement });
  if (!limit.ok) return limit;
  const before = whole(given, 'beforeSeq', { min: 1, max: Number.MAX_SAFE_INTEGER, otherwise: undefined });
  if (!before.ok) return before;
  const page = before.value === undefined ? {} : { beforeSeq: BigInt(before.value) };
  const postings = await ports.store.postings(account.value.id, { limit: limit.value, ...page });
  return ok({ ...balanceView(ports, account.value.id), postings: postings.map(postingView) });
}

function postingView({ seq, posting }: { readonly seq: bigint; readonly posting: Posting }): PostingView {
  const { id, kind, amountMicros, cause, actor, atMs, day, callId, cleared } = posting;
  return { seq: Number(seq), id, kind, amount: printAmount(amountMicros), cause, actor, atMs, day, callId, cleared };
}

function postingAudit(ports: OperationPorts, { account }: AskedPosting, postings: readonly Posting[]): AuditEntry {
  const [first] = postings;
  const amount = `${printAmount(first?.amountMicros ?? 0n)} ${ports.ledger.currency}`;
  return audit(ports, `post ${first?.kind ?? ''}`, `account ${account.name}`, `${amount}, id ${first?.id ?? ''}`);
}

function audit({ clock }: OperationPorts, action: string, subject: string, detail: string): AuditEntry {
  return { atMs: clock.wallMs(), by: commandLine, action, subject, detail };
}
