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

/** What decides where a dialog is. */
export interface DialogWays {
  readonly stack: SipStack;
  /** Where Record-Route and Contact may lead to; a phone is reached where it sends from. */
  readonly mayFollow: MayFollow;
  /** The newer connection that the phone of a dialog is reached over now; undefined while it is where it was. */
  readonly movedTo: (dialogFlow: Flow) => Flow | undefined;
}

/**
 * Where the requests of a dialog go. A phone is always reached where its packets come from, whatever its Contact
 * says, and where it has registered since if its connection has gone; a SIP server may name another next hop in Record-Route or Contact (RFC 3261 §12.2.1.1), among its configured
 * addresses. A dialog stays where it is as long as what was named includes that.
 */
export function dialogFlow({ stack, mayFollow, movedTo }: DialogWays, dialog: Dialog, flow: Flow): Flow {
  const moved = movedTo(flow);
  if (moved !== undefined) return moved;
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
