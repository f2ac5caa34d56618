import { printAmount } from '../../base/money/money.ts';
import { ok } from '../../base/result/result.ts';
import type { Posting } from '../../billing/ledger/posting.ts';
import type { Cdr } from '../../call/record.ts';
import type { Arguments } from '../operation.ts';
import type { CdrQuery, OperationPorts } from '../ports.ts';
import type { AuditView, CallChargeView, CdrView } from '../views.ts';
import { text, whole } from './arguments.ts';
import { optionalAccount } from './named-account.ts';
import { notFound, type OperationsOf, type Outcome, quoted } from './outcome.ts';

const maxRows = 10_000;
const usualRows = 50;
const anyTime = { min: 0, max: Number.MAX_SAFE_INTEGER, otherwise: undefined };

export function historyOperations(ports: OperationPorts): OperationsOf<'cdr list' | 'cdr show' | 'audit list'> {
  return {
    'cdr list': async (given) => {
      const query = cdrQuery(ports, given);
      if (!query.ok) return query;
      const cdrs = await ports.store.queryCdrs(query.value);
      return ok({ cdrs: cdrs.map(cdrView) });
    },
    'cdr show': async (given) => {
      const callId = text(given, 'callId');
      if (!callId.ok) return callId;
      const cdr = (await ports.store.queryCdrs({ callId: callId.value, limit: 1 }))[0];
      if (cdr === undefined) {
        return notFound(`no CDR has the call id ${quoted(callId.value)}; a running call gets its CDR when it ends`);
      }
      const postings = await ports.store.postingsOfCall(cdr.callId);
      return ok({ ...cdrView(cdr), charges: postings.map(({ posting }) => chargeView(ports, posting)) });
    },
    'audit list': async (given) => {
      const limit = whole(given, 'limit', { min: 1, max: maxRows, otherwise: usualRows });
      if (!limit.ok) return limit;
      const entries = await ports.store.auditEntries(limit.value);
      return ok({
        entries: entries.map(({ atMs, by, action, subject, detail }): AuditView => {
          return { atMs, by, action, subject, detail };
        }),
      });
    },
  };
}

function cdrQuery(ports: OperationPorts, given: Arguments): Outcome<CdrQuery> {
  const sinceMs = whole(given, 'sinceMs', anyTime);
  if (!sinceMs.ok) return sinceMs;
  const untilMs = whole(given, 'untilMs', anyTime);
  if (!untilMs.ok) return untilMs;
  const limit = whole(given, 'limit', { min: 1, max: maxRows, otherwise: usualRows });
  if (!limit.ok) return limit;
  const account = optionalAccount(ports, given, 'user');
  if (!account.ok) return account;
  return ok({
    limit: limit.value,
    ...(sinceMs.value === undefined ? {} : { sinceMs: sinceMs.value }),
    ...(untilMs.value === undefined ? {} : { untilMs: untilMs.value }),
    ...(account.value === undefined ? {} : { account: { id: account.value.id, name: account.value.name } }),
  });
}

function chargeView(
  { directory }: OperationPorts,
  { accountId, amountMicros, currency, day }: Posting,
): CallChargeView {
  const account = directory.accountById(accountId);
  return {
    account: account?.name ?? `account ${accountId}`,
    isOurCost: account?.kind === 'sipserver',
    amount: printAmount(-amountMicros),
    ...{ currency, day },
  };
}

function cdrView(cdr: Cdr): CdrView {
  const { payerId: _payer, callerId: _caller, ...shown } = cdr;
  const connected = cdr.answeredAtMs !== undefined && cdr.endedAtMs !== undefined;
  return {
    ...shown,
    answeredAtMs: cdr.answeredAtMs ?? null,
    endedAtMs: cdr.endedAtMs ?? null,
    durationMs: connected ? Math.max(0, cdr.endedAtMs - cdr.answeredAtMs) : 0,
    callerQuality: cdr.callerQuality ?? null,
    earlyMediaMs: cdr.earlyMediaMs,
    calleeQuality: cdr.calleeQuality ?? null,
  };
}
