import type { Trunk } from '../../accounts/model.ts';
import type { HopTarget } from '../../sip/resolve/index.ts';
import type { TransportName } from '../../sip/transport/index.ts';

/** What RFC 3263 is asked for a SIP server: only what its operator has written stands fast. */
export function hopTarget({ host, port, transport }: Trunk): HopTarget<TransportName> {
  return { host, port: port === 0 ? undefined : port, transport: transport === 'auto' ? undefined : transport };
}
