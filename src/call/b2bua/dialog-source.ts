import type { Account } from '../../accounts/model.ts';
import { sameAddress, sameEndpoint } from '../../base/net/endpoint.ts';
import { HeaderList, type SipRequest } from '../../sip/message/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import type { CallServices } from '../services.ts';

/** A request inside a dialog may act, or is answered with this. */
export type SourceVerdict = 'ok' | { readonly status: number; readonly headers: HeaderList };

/**
 * A request in a dialog that comes from elsewhere than the dialog does: a phone whose NAT gave it a new port proves
 * itself again by digest, a SIP server may use any address configured for it, and everybody else is refused.
 */
export function checkDialogSource(
  services: CallServices,
  account: Account | undefined,
  request: SipRequest,
  flow: Flow,
  dialogFlow: Flow,
): SourceVerdict {
  if (sameEndpoint(flow.remote, dialogFlow.remote) && flow.transport === dialogFlow.transport) return 'ok';
  if (movesTransport(account, flow, dialogFlow)) {
    const { stricttransport } = services.settings();
    if (stricttransport >= 2) return { status: 481, headers: new HeaderList() };
    if (stricttransport === 1) logMove(services, request, flow, dialogFlow);
  }
  if (account === undefined) return { status: 403, headers: new HeaderList() };
  if (account.kind !== 'enduser')
    return isConfigured(services, account, flow) ? 'ok' : { status: 403, headers: new HeaderList() };
  const identity = services.authenticator.identify(request, flow);
  if (identity.kind === 'account' && identity.account.id === account.id) return 'ok';
  if (identity.kind !== 'challenge') return { status: 403, headers: new HeaderList() };
  return { status: 407, headers: services.authenticator.challengeHeaders(request, flow, identity.stale) };
}

/** An ACK counts from the dialog's address, whatever its port, and from the other addresses of a SIP server. */
export function mayAcknowledge(
  services: CallServices,
  account: Account | undefined,
  flow: Flow,
  dialogFlow: Flow,
): boolean {
  if (sameAddress(flow.remote.address, dialogFlow.remote.address)) return true;
  return account !== undefined && account.kind !== 'enduser' && isConfigured(services, account, flow);
}

/** [protocol.stricttransport]: a phone stays on its connection; a SIP server may open another one of the same transport. */
function movesTransport(account: Account | undefined, flow: Flow, dialogFlow: Flow): boolean {
  if (flow.transport !== dialogFlow.transport) return true;
  return account?.trunk === undefined && flow.connectionId !== dialogFlow.connectionId;
}

function logMove({ strangerLog }: CallServices, { method, callId }: SipRequest, flow: Flow, dialogFlow: Flow): void {
  const fields = { method, callId, transport: flow.transport, expected: dialogFlow.transport };
  strangerLog.refused('stricttransport 2 would refuse a request of a dialog', flow.remote.address, fields);
}

function isConfigured({ directory, sipServers }: CallServices, account: Account, flow: Flow): boolean {
  const { address } = flow.remote;
  if (account.trunk !== undefined && sipServers.addresses.isOf(account.id, address)) return true;
  if (directory.sipServersAt(address).some(({ id }) => id === account.id)) return true;
  return directory.matchTrafficSender(address, account.techPrefix)?.account.id === account.id;
}
