import type { Heartbeat, UnfinishedCall } from '../record.ts';
import type { CallLimits } from './call-limits.ts';
import type { AccountDirectory } from '../../accounts/directory.ts';

/** Talk of finished calls, as the CDRs have it. */
export interface PastTalk {
  readonly payerId: number | undefined;
  /** `trunk:NAME` for calls that went to a SIP server. */
  readonly calleeName: string;
  readonly startedAtMs: number;
  readonly talkMs: number;
}

/** A finished call that was admitted. */
export interface PastCall {
  readonly payerId: number;
  readonly sourceAddress: string;
  readonly startedAtMs: number;
  readonly answeredAtMs: number | undefined;
  readonly endedAtMs: number;
}

/** What calls of earlier lives of the server have used of periods that go on: a restart is no new day. */
export function rememberCalls(
  limits: CallLimits,
  directory: AccountDirectory,
  past: { readonly talk: readonly PastTalk[]; readonly sourceCalls: readonly PastCall[] },
): void {
  for (const { payerId, calleeName, startedAtMs, talkMs } of past.talk) {
    if (payerId !== undefined) limits.talk.remember(payerId, startedAtMs, talkMs);
    const server = calleeName.startsWith('trunk:') ? directory.accountByName(calleeName.slice(6)) : undefined;
    if (server?.kind === 'sipserver') limits.talk.remember(server.id, startedAtMs, talkMs);
  }
  for (const { payerId, sourceAddress, startedAtMs, answeredAtMs, endedAtMs } of past.sourceCalls) {
    if (directory.accountById(payerId)?.kind === 'sipserver') continue;
    limits.remember(sourceAddress, startedAtMs, answeredAtMs, endedAtMs);
  }
}

/** Calls that the last server left unfinished, as their CDRs will have them. */
export function unfinishedTalk(calls: readonly UnfinishedCall[], lastHeartbeat: Heartbeat | undefined): PastTalk[] {
  return calls.flatMap(({ cdr, answeredAtMs }) => {
    const endedAtMs = cdr.endedAtMs ?? lastHeartbeat?.wallMs;
    if (answeredAtMs === undefined || endedAtMs === undefined) return [];
    const { payerId, calleeName, startedAtMs } = cdr;
    return [{ payerId, calleeName, startedAtMs, talkMs: Math.max(0, endedAtMs - answeredAtMs) }];
  });
}
