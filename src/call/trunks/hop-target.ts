import type { Trunk } from '../../accounts/model.ts';
import type { HopTarget } from '../../sip/resolve/index.ts';
import type { PeerIdentity, TransportName } from '../../sip/transport/index.ts';

/** What RFC 3263 is asked for a SIP server: only what its operator has written stands fast. */
export function hopTarget({ host, port, transport }: Trunk): HopTarget<TransportName> {
  return { host, port: port === 0 ? undefined : port, transport: transport === 'auto' ? undefined : transport };
}

/** What a SIP server has to prove where it is reached over TLS: the name that is configured, whatever DNS makes of it (RFC 5922 §4). */
export function trunkPeer({ host, tlsTrust }: Trunk): PeerIdentity {
  return { name: host, trust: tlsTrust };
}
