import type { Log } from '../base/log/log.ts';
import type { SipStack } from '../sip/stack/index.ts';
import { restoredDialog } from './b2bua/dialog-record.ts';
import { ourReason } from './cause.ts';
import { cancelDeadInvite } from './dead-invites.ts';
import { restoredFlow } from './leg/flow-record.ts';
import type { DeadCalls } from './money/dead-calls.ts';
import type { CallStore } from './ports.ts';
import { readCallMoney } from './money/call-money.ts';
import type { Cdr, DialogRecord, Heartbeat, InviteRecord, UnfinishedCall } from './record.ts';

export interface RecoveryParts {
  readonly stack: SipStack;
  readonly store: CallStore;
  readonly money: DeadCalls;
  readonly log: Log;
}

/**
 * Ends what a dead server left behind: a BYE on both legs of each answered call, a CANCEL for what may still ring, and
 * the one CDR of every call. A call is taken to have ended when the server was last known to live.
 */
export class Recovery {
  readonly #parts: RecoveryParts;
  /** Calls whose charge the ledger does not take before its operator resumes it. */
  readonly #waiting = new Set<string>();
  #lastHeartbeat: Heartbeat | undefined;

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
  }

  /** At start, once. Rejects when the disk takes neither the end of a call nor that it waits. */
  async endDeadCalls(unfinished: readonly UnfinishedCall[], lastHeartbeat: Heartbeat | undefined): Promise<void> {
    this.#lastHeartbeat = lastHeartbeat;
    // All are charged before anything is waited for: no new call takes what they have used.
    const ends: Promise<void>[] = [];
    for (const call of inOrder(unfinished)) {
      this.#tellPeers(call);
      const ended = { ...call, cdr: finalCdr(call, lastHeartbeat) };
      ends.push(this.#parts.money.mayCharge(call.money) ? this.#end(ended) : this.#letWait(ended));
    }
    await Promise.all(ends);
  }

  /** The ledger goes on. `unfinished` is read anew: what the journal gave back is not charged again. */
  async ledgerResumed(unfinished: readonly UnfinishedCall[]): Promise<void> {
    const ends = inOrder(unfinished).filter(({ cdr }) => this.#waiting.delete(cdr.callId));
    await Promise.all(ends.map((call) => this.#end({ ...call, cdr: finalCdr(call, this.#lastHeartbeat) })));
  }

  #end({ cdr, money }: UnfinishedCall): Promise<void> {
    const { money: deadCalls, store, log } = this.#parts;
    const written = deadCalls.charge(money, cdr, (charges) => store.end(cdr, charges));
    const told = { call: cdr.callId, account: cdr.callerName };
    return written.then(() => log.warn('call of the dead server ended', told));
  }

  /** Its end is written down, for a later start to find: the last heartbeat is then another one. */
  async #letWait({ cdr, answeredAtMs, caller, callee, money }: UnfinishedCall): Promise<void> {
    const { callId, callerName } = cdr;
    this.#waiting.add(callId);
    // What was never answered costs no more by waiting.
    if (answeredAtMs === undefined || caller === undefined || callee === undefined) return;
    await this.#parts.store.answer({ callId, answeredAtMs, cdr, caller, callee, money });
    this.#parts.log.warn('call of the dead server waits for the ledger', { call: callId, account: callerName });
  }

  #tellPeers(call: UnfinishedCall): void {
    const { stack, log } = this.#parts;
    const { cdr, caller, callee, invites } = call;
    let late = 0;
    const onLateAnswer = (invite: InviteRecord): void => {
      log.warn('a callee of a dead call answered, and was ended', { call: cdr.callId });
      late++;
      this.#chargeLate(call, invite, late);
    };
    try {
      if (caller !== undefined) sendBye(stack, caller);
      if (callee !== undefined) sendBye(stack, callee);
      for (const invite of invites) {
        // Its own dialog is ended by BYE; the others are of devices and SIP servers that may ring on.
        if (invite.callId !== callee?.callId)
          cancelDeadInvite(stack, invite, ourReason('server restart'), () => onLateAnswer(invite));
      }
    } catch (error) {
      // One call that cannot be told must not keep the others, and the server, from going on.
      log.error('BYE of a dead call could not be sent', { call: cdr.callId, error: String(error) });
    }
  }

  /** Its carrier may charge for it, as for every late answer. */
  #chargeLate({ cdr: { callId }, money }: UnfinishedCall, { sipServerId }: InviteRecord, late: number): void {
    if (sipServerId === undefined) return;
    const fail = (error: unknown): void => {
      this.#parts.log.error('a late answer of a SIP server is not posted', { call: callId, error: String(error) });
    };
    if (this.#waiting.has(callId)) return fail('the ledger waits to be resumed');
    this.#parts.money.chargeLate(money, callId, sipServerId, late).catch(fail);
  }
}

/** By call id: of two calls that shared the last of a credit, the same one has it as before. */
function inOrder(calls: readonly UnfinishedCall[]): readonly UnfinishedCall[] {
  return calls.toSorted((one, other) => (one.cdr.callId < other.cdr.callId ? -1 : 1));
}

/** A call that waits for the ledger has its end already. */
function finalCdr(call: UnfinishedCall, lastHeartbeat: Heartbeat | undefined): Cdr {
  const { cdr, answeredAtMs } = call;
  const endedAtMs = cdr.endedAtMs ?? deadAtMs(call, lastHeartbeat);
  const sipStatus = answeredAtMs === undefined ? 503 : 200;
  return { ...cdr, answeredAtMs, endedAtMs, cause: 'server restart', sipStatus, endedBy: 'system' };
}

/**
 * Durations are measured by the monotonic clock where both ends of one are known by it: the wall clock may have been set.
 * A server that died before its first heartbeat has left that of the one before, by which nothing can be measured.
 */
function deadAtMs({ cdr, answeredAtMs, money }: UnfinishedCall, lastHeartbeat: Heartbeat | undefined): number {
  const floorMs = answeredAtMs ?? cdr.startedAtMs;
  const { wallMs = floorMs, monotonicMs, epoch } = lastHeartbeat ?? {};
  const answered = readCallMoney(money)?.answered;
  if (answered === undefined || monotonicMs === undefined) return Math.max(floorMs, wallMs);
  if (answered.epoch !== epoch) return floorMs;
  return floorMs + Math.max(0, Math.floor(monotonicMs - answered.monotonicMs));
}

function sendBye(stack: SipStack, record: DialogRecord): void {
  const flow = restoredFlow(stack, record);
  if (flow === undefined) return;
  const bye = restoredDialog(record).createRequest('BYE');
  bye.headers.append('reason', ourReason('server restart'));
  stack.sendRequest(bye, flow, { onResponse: () => {}, onTimeout: () => {} });
}
