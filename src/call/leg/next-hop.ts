import type { Dialog } from '../../sip/dialog/index.ts';
import { parseUri } from '../../sip/message/index.ts';
import type { Hop, HopTarget } from '../../sip/resolve/index.ts';
import type { SipStack } from '../../sip/stack/index.ts';
import type { Flow, TransportName } from '../../sip/transport/flow.ts';

/**
 * The hops that a name or address in Record-Route or Contact stands for, as far as requests may go there, in the order
 * of DNS; none where it may not be followed, or its name is not resolved yet.
 */
export type NamedHops = (target: HopTarget<TransportName>) => readonly NamedHop[];

export interface NamedHop extends Hop<TransportName> {
  /** It gave no sign of life lately, or asked to be left alone. */
  readonly isHeld: boolean;
}

/** What decides where a dialog is. */
export interface DialogWays {
  readonly stack: SipStack;
  /** Where Record-Route and Contact lead to; a phone is reached where it sends from. */
  readonly namedHops: NamedHops;
  /** The newer connection that the phone of a dialog is reached over now; undefined while it is where it was. */
  readonly movedTo: (dialogFlow: Flow) => Flow | undefined;
}

/**
 * Where the requests of a dialog go. A phone is always reached where its packets come from, whatever its Contact
 * says, and where it has registered since if its connection has gone; a SIP server may name another next hop in
 * Record-Route or Contact (RFC 3261 §12.2.1.1), among its configured addresses. A dialog stays where it is as long as
 * what was named includes that, and it gives signs of life.
 */
export function dialogFlow(ways: DialogWays, dialog: Dialog, flow: Flow): Flow {
  const { stack } = ways;
  const moved = ways.movedTo(flow);
  if (moved !== undefined) return moved;
  const hops = hopsOf(ways, dialog);
  const here = hops.find((hop) => isAt(hop, flow));
  const [first] = hops;
  if (first === undefined || (here !== undefined && here.isHeld === first.isHeld)) return stack.liveFlow(flow);
  return stack.flowTo(first.transport, first, undefined, flow.peer) ?? flow;
}

/** The next place to try after those where nobody answered (RFC 3263 §4.3); undefined when all were. */
export function nextDialogFlow(ways: DialogWays, dialog: Dialog, tried: readonly Flow[]): Flow | undefined {
  const peer = tried.at(-1)?.peer;
  for (const hop of hopsOf(ways, dialog)) {
    if (tried.some((flow) => isAt(hop, flow))) continue;
    const flow = ways.stack.flowTo(hop.transport, hop, undefined, peer);
    if (flow !== undefined) return flow;
  }
  return undefined;
}

function hopsOf({ namedHops }: DialogWays, dialog: Dialog): readonly NamedHop[] {
  const [route] = dialog.routeSet;
  const parsed = parseUri(route === undefined ? dialog.remoteTarget : route.slice(1, -1));
  if (!parsed.ok || parsed.value.scheme === 'tel') return [];
  const { host, port, params, scheme } = parsed.value;
  const hops = namedHops({ host, port, transport: scheme === 'sips' ? 'tls' : transportOf(params.get('transport')) });
  return hops.length < 2 ? hops : hops.toSorted((one, other) => Number(one.isHeld) - Number(other.isHeld));
}

function isAt(hop: Hop<TransportName>, { transport, remote }: Flow): boolean {
  return hop.transport === transport && hop.port === remote.port && hop.address === remote.address;
}

function transportOf(text: string | undefined): TransportName | undefined {
  const named = text?.toLowerCase();
  return (['udp', 'tcp', 'tls'] as const).find((transport) => transport === named);
}
