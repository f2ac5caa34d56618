import type { Log } from '../base/log/log.ts';
import type { SipStack } from '../sip/stack/index.ts';
import { restoredDialog } from './b2bua/dialog-record.ts';
import { ourReason } from './cause.ts';
import type { CallStore } from './ports.ts';
import type { Cdr, DialogRecord, UnfinishedCall } from './record.ts';

/**
 * Ends what a dead server left behind: a BYE on both legs of each answered call, and the one CDR of every call. A call
 * is taken to have ended when the server was last known to live.
 */
export async function endDeadCalls(
  unfinished: readonly UnfinishedCall[],
  lastHeartbeatMs: number | undefined,
  services: { readonly stack: SipStack; readonly store: CallStore; readonly log: Log },
): Promise<void> {
  const { stack, store, log } = services;
  for (const call of unfinished) {
    try {
      if (call.caller !== undefined) sendBye(stack, call.caller);
      if (call.callee !== undefined) sendBye(stack, call.callee);
    } catch (error) {
      // One call that cannot be told must not keep the others, and the server, from going on.
      log.error('BYE of a dead call could not be sent', { call: call.cdr.callId, error: String(error) });
    }
    await store.end(finalCdr(call, lastHeartbeatMs));
    log.warn('call of the dead server ended', { call: call.cdr.callId, account: call.cdr.callerName });
  }
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
