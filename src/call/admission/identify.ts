import type { Account } from '../../accounts/model.ts';
import type { Identity } from '../../guard/authenticate.ts';
import { findingOf, userAgentOf } from '../../guard/findings.ts';
import { parseUri, type SipRequest } from '../../sip/message/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import type { Caller } from '../b2bua/plan.ts';
import type { CallServices } from '../services.ts';

/** Who sends a call, and how many digits of a secret prefix to strip from what was dialled. */
export type CallerVerdict =
  | { readonly kind: 'caller'; readonly caller: Caller; readonly strip: number }
  | { readonly kind: 'challenge'; readonly stale: boolean }
  | Extract<Identity, { kind: 'refused' }>;

/**
 * Whose call this is. The order is fixed: a Proxy-Authorization decides alone; else the address and the longest tech
 * prefix name a traffic sender; else the address names a SIP server; else the caller is asked to prove itself.
 */
export function identifyCaller(services: CallServices, request: SipRequest, flow: Flow): CallerVerdict {
  const identity = services.authenticator.identify(request, flow);
  if (identity.kind === 'account') return account(identity.account, identity.by, 0);
  if (identity.kind === 'refused') return identity;
  if (identity.stale || request.headers.has('proxy-authorization')) return identity;
  const { address, port } = flow.remote;
  const sender = services.directory.matchTrafficSender(address, dialledUser(request), port);
  if (sender !== undefined) {
    const userAgent = userAgentOf(request);
    if (services.guard.devices.mayDoWithoutPassword(userAgent)) return account(sender.account, 'address', sender.strip);
    const reason = 'not authorised';
    services.guard.observe(findingOf(reason, flow, { message: request, user: sender.account.name }));
    return { kind: 'refused', reason, userName: sender.account.name };
  }
  const [server] = services.directory.sipServersAt(address).filter(({ enabled }) => enabled);
  if (server !== undefined) return account(server, 'address', 0);
  const resolved = services.sipServers.addresses.serverAt(address);
  if (resolved !== undefined) return account(resolved, 'address', 0);
  const { allownoauthcalls, allow_guest } = services.settings();
  if (allownoauthcalls === 1 && allow_guest) return { kind: 'caller', caller: { kind: 'guest' }, strip: 0 };
  return identity;
}

function account(found: Account, by: 'digest' | 'address' | 'cache', strip: number): CallerVerdict {
  return { kind: 'caller', caller: { kind: 'account', account: found, by }, strip };
}

function dialledUser(request: SipRequest): string {
  const uri = parseUri(request.uri);
  if (!uri.ok) return '';
  return uri.value.scheme === 'tel' ? uri.value.number : uri.value.user;
}
