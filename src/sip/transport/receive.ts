import { type HeaderReader, parseMessage } from '../message/index.ts';
import type { Flow } from './flow.ts';
import type { PacketSource, TransportHandlers, TransportLimits, TransportStats } from './limits.ts';

/** What the transports of one layer share. */
export interface TransportContext {
  readonly limits: TransportLimits;
  readonly handlers: TransportHandlers;
  readonly stats: TransportStats;
}

/**
 * Parses one message and hands it up; `head` has its headers where they were read before.
 * @returns false when it was malformed.
 */
export function deliver(octets: string, flow: Flow, context: TransportContext, head?: HeaderReader): boolean {
  const { handlers, limits, stats } = context;
  const parsed = parseMessage(octets, limits.message, head);
  if (!parsed.ok) {
    stats.malformed += 1;
    handlers.onMalformed(parsed.error, flow);
    return false;
  }
  stats.messages += 1;
  if (parsed.value.kind === 'request') handlers.onRequest(parsed.value, flow);
  else handlers.onResponse(parsed.value, flow);
  return true;
}

export function packetSource(flow: Omit<Flow, 'reliable' | 'send'>, octets: number): PacketSource {
  const { transport, local, remote, connectionId } = flow;
  return { transport, localPort: local.port, remote, octets, connectionId };
}
