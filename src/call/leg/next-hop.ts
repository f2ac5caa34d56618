import { isIP } from 'node:net';
import type { Dialog } from '../../sip/dialog/index.ts';
import { parseUri } from '../../sip/message/index.ts';
import type { SipStack } from '../../sip/stack/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';

/**
 * Where the requests of a dialog go. A phone is always reached where its packets come from, whatever its Contact
 * says; a SIP server may name another next hop in Record-Route or Contact (RFC 3261 §12.2.1.1), among its configured
 * addresses.
 */
export function dialogFlow(stack: SipStack, dialog: Dialog, flow: Flow, mayFollow: (address: string) => boolean): Flow {
  const [route] = dialog.routeSet;
  const parsed = parseUri(route === undefined ? dialog.remoteTarget : route.slice(1, -1));
  if (!parsed.ok || parsed.value.scheme === 'tel' || isIP(parsed.value.host) === 0) return stack.liveFlow(flow);
  const { host: address, port = 5060, params } = parsed.value;
  if (!mayFollow(address)) return stack.liveFlow(flow);
  const transport = params.get('transport')?.toLowerCase() === 'tcp' ? 'tcp' : 'udp';
  if (address === flow.remote.address && port === flow.remote.port && transport === flow.transport) {
    return stack.liveFlow(flow);
  }
  return stack.flowTo(transport, { address, port }) ?? flow;
}
