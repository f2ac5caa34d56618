import type { Dialog } from '../../sip/dialog/index.ts';
import { parseUri } from '../../sip/message/index.ts';
import type { Hop, HopTarget } from '../../sip/resolve/index.ts';
import type { SipStack } from '../../sip/stack/index.ts';
import type { Flow, TransportName } from '../../sip/transport/flow.ts';

/**
 * The places that a next hop named in Record-Route or Contact stands for, those alone to which requests may go; empty
 * where it may not be followed, or its name is not resolved yet.
 */
export type MayFollow = (target: HopTarget<TransportName>) => readonly Hop<TransportName>[];

/**
 * Where the requests of a dialog go. A phone is always reached where its packets come from, whatever its Contact
 * says; a SIP server may name another next hop in Record-Route or Contact (RFC 3261 §12.2.1.1), among its configured
 * addresses. A dialog stays where it is as long as what was named includes that.
 */
export function dialogFlow(stack: SipStack, dialog: Dialog, flow: Flow, mayFollow: MayFollow): Flow {
  const [route] = dialog.routeSet;
  const parsed = parseUri(route === undefined ? dialog.remoteTarget : route.slice(1, -1));
  if (!parsed.ok || parsed.value.scheme === 'tel') return stack.liveFlow(flow);
  const { host, port, params, scheme } = parsed.value;
  const transport = scheme === 'sips' ? 'tls' : transportOf(params.get('transport'));
  const hops = mayFollow({ host, port, transport });
  const isHere = ({ transport: over, address, port: hopPort }: Hop<TransportName>): boolean =>
    address === flow.remote.address && hopPort === flow.remote.port && over === flow.transport;
  const [first] = hops;
  if (first === undefined || hops.some(isHere)) return stack.liveFlow(flow);
  return stack.flowTo(first.transport, first, undefined, flow.peer) ?? flow;
}

function transportOf(text: string | undefined): TransportName | undefined {
  const named = text?.toLowerCase();
  return (['udp', 'tcp', 'tls'] as const).find((transport) => transport === named);
}
