import { bracketed, type Endpoint } from '../../base/net/endpoint.ts';
import type { Flow } from '../transport/flow.ts';

/** The address and port of ours that the peer of a flow should use; set from the settings and the machine. */
export type Advertise = (flow: Flow) => Endpoint;

/** Our Via value for a request over `flow` (RFC 3261 §18.1.1), asking for the source port (RFC 3581 §3). */
export function viaValue(flow: Flow, own: Endpoint, branch: string): string {
  return `SIP/2.0/${flow.transport.toUpperCase()} ${bracketed(own.address)}:${own.port};rport;branch=${branch}`;
}

/** Our Contact value towards the peer of `flow`. */
export function contactValue(flow: Flow, own: Endpoint, user: string): string {
  const transport = flow.transport === 'udp' ? '' : `;transport=${flow.transport}`;
  const userPart = user === '' ? '' : `${user}@`;
  return `<sip:${userPart}${bracketed(own.address)}:${own.port}${transport}>`;
}
