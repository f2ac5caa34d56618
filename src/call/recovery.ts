import type { Log } from '../base/log/log.ts';
import type { SipStack } from '../sip/stack/index.ts';
import { restoredDialog } from './b2bua/dialog-record.ts';
import { ourReason } from './cause.ts';
import type { MeteredCalls } from './money/metered-calls.ts';
import type { CallStore } from './ports.ts';
import type { Cdr, DialogRecord, UnfinishedCall } from './record.ts';

/**
 * Ends what a dead server left behind: a BYE on both legs of each answered call, and the one CDR of every call. A call
 * is taken to have ended when the server was last known to live.
 */
export async function endDeadCalls(
  unfinished: readonly UnfinishedCall[],
  lastHeartbeatMs: number | undefined,
  services: {
    readonly stack: SipStack;
    readonly store: CallStore;
    readonly money: MeteredCalls;
    readonly log: Log;
  },
): Promise<void> {
  const { stack, store, money, log } = services;
  // All are charged before anything is waited for: no new call takes what they have used.
  const ends: Promise<void>[] = [];
  // By call id: of two calls that shared the last of a credit, the same one has it as before.
  for (const call of unfinished.toSorted((one, other) => (one.cdr.callId < other.cdr.callId ? -1 : 1))) {
    try {
      if (call.caller !== undefined) sendBye(stack, call.caller);
      if (call.callee !== undefined) sendBye(stack, call.callee);
    } catch (error) {
      // One call that cannot be told must not keep the others, and the server, from going on.
      log.error('BYE of a dead call could not be sent', { call: call.cdr.callId, error: String(error) });
    }
    const cdr = finalCdr(call, lastHeartbeatMs);
    const written = money.chargeDead(call.money, cdr, (charges) => store.end(cdr, charges));
    const told = { call: call.cdr.callId, account: call.cdr.callerName };
    ends.push(written.then(() => log.warn('call of the dead server ended', told)));
  }
  await Promise.all(ends);
}

function finalCdr({ cdr, answeredAtMs }: UnfinishedCall, lastHeartbeatMs: number | undefined): Cdr {
  const floorMs = answeredAtMs ?? cdr.startedAtMs;
  const endedAtMs = Math.max(floorMs, lastHeartbeatMs ?? floorMs);
  const sipStatus = answeredAtMs === undefined ? 503 : 200;
  return { ...cdr, answeredAtMs, endedAtMs, cause: 'server restart', sipStatus, endedBy: 'system' };
}

function sendBye(stack: SipStack, record: DialogRecord): void {
  const remote = { address: record.remoteAddress, port: record.remotePort };
  const local = { address: record.localAddress, port: record.localPort };
  const { transport, peer } = record;
  const flow = stack.flowTo(transport, remote, local, peer) ?? stack.flowTo(transport, remote, undefined, peer);
  if (flow === undefined) return;
  const bye = restoredDialog(record).createRequest('BYE');
  bye.headers.append('reason', ourReason('server restart'));
  stack.sendRequest(bye, flow, { onResponse: () => {}, onTimeout: () => {} });
}
