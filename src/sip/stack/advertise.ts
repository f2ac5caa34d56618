import { bracketed, type Endpoint } from '../../base/net/endpoint.ts';
import { type Flow, isSecure, type TransportName } from '../transport/flow.ts';

/** The address and port of ours that the peer of a flow should use; set from the settings and the machine. */
export type Advertise = (flow: Flow) => Endpoint;

/** Our Via value for a request over `flow` (RFC 3261 §18.1.1), asking for the source port (RFC 3581 §3). */
export function viaValue(flow: Flow, own: Endpoint, branch: string): string {
  return `SIP/2.0/${flow.transport.toUpperCase()} ${bracketed(own.address)}:${own.port};rport;branch=${branch}`;
}

/**
 * Our Contact value towards the peer of `flow`; a `sips:` one where the dialog is asked for by such a URI (RFC 3261
 * §12.1.1) and the flow can carry it.
 */
export function contactValue(flow: Flow, own: Endpoint, user: string, like: string): string {
  const isSips = isSecure(flow.transport) && /^sips:/i.test(like);
  const transport = transportParam(flow.transport, isSips);
  const userPart = user === '' ? '' : `${user}@`;
  return `<${isSips ? 'sips' : 'sip'}:${userPart}${bracketed(own.address)}:${own.port}${transport}>`;
}

/** WSS has no name of its own in a URI (RFC 7118 §5.5), and `sips:` needs none for TLS (RFC 3261 §26.2.2). */
function transportParam(transport: TransportName, isSips: boolean): string {
  if (transport === 'udp' || (isSips && transport === 'tls')) return '';
  return transport === 'wss' ? ';transport=ws' : `;transport=${transport}`;
}
