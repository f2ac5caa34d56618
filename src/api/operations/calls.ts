import type { Account } from '../../accounts/model.ts';
import { printAmount } from '../../base/money/money.ts';
import { fail, ok } from '../../base/result/result.ts';
import { dearestPerMinuteMicros } from '../../billing/rating/price.ts';
import type { ChargeSoFar } from '../../call/money/metered-calls.ts';
import type { Binding } from '../../registrar/binding.ts';
import type { OperationPorts, LiveCall, LiveServer } from '../ports.ts';
import type { BindingView, CallMoneyView, CallView } from '../views.ts';
import { text } from './arguments.ts';
import { optionalAccount } from './named-account.ts';
import { commandLine, done, notFound, type OperationsOf, type Outcome, quoted } from './outcome.ts';

type Names = 'calls list' | 'bindings list' | 'end';

/** Longer lists are cut; `total` tells how long they are. */
const maxRows = 10_000;

/** What is only in the memory of a running server. */
export function callOperations(ports: OperationPorts): OperationsOf<Names> {
  return {
    'calls list': async () => {
      if (ports.live === undefined) return notRunning('calls');
      const calls = [...(await ports.live.calls())].sort((one, other) => one.startedAtMs - other.startedAtMs);
      const nowMs = ports.clock.wallMs();
      return done({ total: calls.length, calls: calls.slice(0, maxRows).map((call) => callView(call, nowMs)) });
    },
    'bindings list': (given) => {
      if (ports.live === undefined) return Promise.resolve(notRunning('registrations'));
      const account = optionalAccount(ports, given, 'user');
      return Promise.resolve(account.ok ? ok(bindingList(ports, ports.live, account.value)) : account);
    },
    end: async (given) => {
      const callId = text(given, 'callId');
      if (!callId.ok) return callId;
      if (ports.live === undefined) return notRunning('calls');
      if (!ports.live.endCall(callId.value)) {
        return notFound(`no call ${quoted(callId.value)} is in progress; 'ringfence calls' lists their ids`);
      }
      const subject = `call ${callId.value}`;
      const entry = { atMs: ports.clock.wallMs(), by: commandLine, action: 'end call', subject, detail: '' };
      await ports.store.apply([], [entry]);
      return ok({ callId: callId.value });
    },
  };
}

/** Devices of every account that are registered now. */
export function deviceCounts(live: LiveServer, nowMs: number): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const { accountId, expiresAtMs } of live.bindings()) {
    if (expiresAtMs > nowMs) counts.set(accountId, (counts.get(accountId) ?? 0) + 1);
  }
  return counts;
}

function bindingList(
  ports: OperationPorts,
  live: LiveServer,
  account: Account | undefined,
): { readonly total: number; readonly bindings: readonly BindingView[] } {
  const nowMs = ports.clock.wallMs();
  const shown: BindingView[] = [];
  let total = 0;
  for (const binding of live.bindings()) {
    if (binding.expiresAtMs <= nowMs || (account !== undefined && binding.accountId !== account.id)) continue;
    total++;
    if (shown.length < maxRows) shown.push(bindingView(binding, nowMs));
  }
  shown.sort((one, other) => (one.user < other.user ? -1 : one.user > other.user ? 1 : 0));
  return { total, bindings: shown };
}

function callView(call: LiveCall, nowMs: number): CallView {
  const { callId, phase, callerName, callerNumber, dialledNumber, calleeName, startedAtMs, codecs } = call;
  return {
    callId,
    phase,
    callerName,
    callerNumber,
    dialledNumber,
    calleeName,
    startedAtMs,
    answeredAtMs: call.answeredAtMs ?? null,
    durationMs: Math.max(0, nowMs - (call.answeredAtMs ?? startedAtMs)),
    codecs,
    callerQuality: call.callerQuality ?? null,
    calleeQuality: call.calleeQuality ?? null,
    money: call.charge === undefined ? null : callMoneyView(call.charge),
  };
}

function callMoneyView({ row, chargeMicros, coveredS }: ChargeSoFar): CallMoneyView {
  const { currency, tariff, prefix } = row;
  const perMinute = printAmount(dearestPerMinuteMicros(row));
  return { currency, tariff, prefix, perMinute, charge: printAmount(chargeMicros), coveredS };
}

function bindingView(binding: Binding, nowMs: number): BindingView {
  const { user, contact, transport, sourceAddress, sourcePort, userAgent, registeredAtMs, expiresAtMs } = binding;
  const expiresInS = Math.round((expiresAtMs - nowMs) / 1000);
  return { user, contact, transport, sourceAddress, sourcePort, userAgent, registeredAtMs, expiresAtMs, expiresInS };
}

function notRunning(what: string): Outcome<never> {
  const message = `the server is not running, so there are no ${what}; start it with 'ringfence serve'`;
  return fail({ code: 'server is not running', message });
}
