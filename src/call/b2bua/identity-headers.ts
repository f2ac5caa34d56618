import type { Account } from '../../accounts/model.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import { formatEndpoint } from '../../base/net/endpoint.ts';
import type { Direction, Headers, Passage } from '../header-policy.ts';
import type { Caller, CallerId } from './plan.ts';
import { safeUser } from './safe-user.ts';

/** The way from a caller to the account that is called. */
export function passageOf(caller: Caller, callee: Account, anonymous: boolean, hiddenAddress: string): Passage {
  return {
    direction: directionOf(caller, callee),
    anonymous,
    bothTrusted: caller.kind === 'account' && isTrusted(caller.account) && isTrusted(callee),
    hiddenAddress,
  };
}

/** Only a SIP server is trusted with identities, and only where its field says so [own.trustidentity]. */
export function isTrusted(account: Account): boolean {
  return account.trunk?.trustIdentity === true;
}

/** Who calls, for a SIP server that is trusted with it; nothing for anybody else (RFC 3325 §5, RFC 3323 §4.2). */
export function identityHeaders(callerId: CallerId, callee: Account, host: string): Headers {
  if (!isTrusted(callee)) return [];
  const headers: (readonly [string, string])[] = [];
  if (callerId.asserted !== '') headers.push(['p-asserted-identity', `<sip:${safeUser(callerId.asserted)}@${host}>`]);
  if (callerId.anonymous) headers.push(['privacy', 'id']);
  return headers;
}

/** Where the caller's packets come from [protocol.forwardclientaddress]. */
export function clientAddressHeader(flow: Flow): Headers {
  return [['x-client-address', formatEndpoint(flow.remote)]];
}

function directionOf(caller: Caller, callee: Account): Direction {
  if (caller.kind === 'guest') return 'guest to user';
  const toServer = callee.kind === 'sipserver';
  if (caller.account.kind === 'enduser') return toServer ? 'user to server' : 'user to user';
  return toServer ? 'server to server' : 'server to user';
}
