import type { SipStack } from '../../sip/stack/index.ts';
import type { Flow } from '../../sip/transport/index.ts';
import type { FlowRecord } from '../record.ts';

/** A flow as the store keeps it. */
export function flowRecord({ transport, peer, local, remote }: Flow): FlowRecord {
  return {
    transport,
    ...(peer === undefined ? {} : { peer }),
    localAddress: local.address,
    localPort: local.port,
    remoteAddress: remote.address,
    remotePort: remote.port,
  };
}

/** The way to the same peer again, from the same address of ours where we still have it; undefined where there is none. */
export function restoredFlow(stack: SipStack, record: FlowRecord): Flow | undefined {
  const remote = { address: record.remoteAddress, port: record.remotePort };
  const local = { address: record.localAddress, port: record.localPort };
  const { transport, peer } = record;
  return stack.flowTo(transport, remote, local, peer) ?? stack.flowTo(transport, remote, undefined, peer);
}
