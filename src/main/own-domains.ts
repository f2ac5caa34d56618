import { sameAddress } from '../base/net/endpoint.ts';
import type { Settings } from '../settings/index.ts';
import type { SipRequest } from '../sip/message/index.ts';
import type { OwnAddress } from './addresses.ts';

/** What this server is called by. */
export interface OwnNames {
  readonly realm: string;
  readonly settings: () => Settings;
  readonly ownAddresses: () => readonly OwnAddress[];
}

/**
 * Nothing is routed by a domain that a caller names [protocol.fwdtootherdomains]: a call or message is for us, or for
 * nobody; other requests for other domains are served where [protocol.blockotherdomains] is 0.
 */
export function isForUs(request: SipRequest, names: OwnNames): boolean {
  const isRouted = request.method === 'INVITE' || request.method === 'MESSAGE';
  return (!isRouted && names.settings().blockotherdomains === 0) || isLocal(request, names);
}

/** Whether the Request-URI names this server; any does while we do not know our names [tls.localdomain]. */
function isLocal({ requestUri }: SipRequest, { realm, settings, ownAddresses }: OwnNames): boolean {
  const { localdomain, public_address } = settings();
  if (localdomain.length === 0 || requestUri === undefined || requestUri.scheme === 'tel') return true;
  const { host } = requestUri;
  if (host === realm || localdomain.some((domain) => domain.toLowerCase() === host)) return true;
  if (public_address.some((address) => sameAddress(address, host))) return true;
  return ownAddresses().some(({ address }) => sameAddress(address, host));
}
