import ipaddr from 'ipaddr.js';
import { splitPort } from '../accounts/address-index.ts';
import { rangeHolds } from '../base/net/prefix.ts';
import type { BanScope } from '../guard/bans/ban.ts';
import type { FindingKind } from '../guard/findings.ts';
import type { Settings } from '../settings/index.ts';
import type { SipRequest } from '../sip/message/index.ts';
import type { OwnAddress } from './addresses.ts';

/** What accounts are listed with an address. */
export type Listing = 'sip server' | 'traffic sender' | 'none';

const privateRanges: ReadonlySet<string> = new Set([
  'private',
  'uniqueLocal',
  'linkLocal',
  'loopback',
  'carrierGradeNat',
]);

/** Why detections spare an address; undefined for one that they do not [network.allowtrustedip]. */
export function trustOf(
  address: string,
  settings: Settings,
  own: readonly OwnAddress[],
  listing: Listing,
): string | undefined {
  const { allowtrustedip } = settings;
  if (allowtrustedip === 0) return undefined;
  if (own.some((one) => one.address === address)) return 'an address of this server';
  if (allowtrustedip === 1) return undefined;
  const why = listedAs(address, settings, own, listing);
  return allowtrustedip === 2 && !isPrivate(address) ? undefined : why;
}

function listedAs(
  address: string,
  settings: Settings,
  own: readonly OwnAddress[],
  listing: Listing,
): string | undefined {
  if (listing === 'sip server') return 'an address of a SIP server';
  if (settings.trustauthip && listing === 'traffic sender') return 'an address of a traffic sender [trustauthip]';
  if (settings.trusted_addresses.some((range) => rangeHolds(range, address))) return 'listed in trusted_addresses';
  if (settings.trustlanip && isPrivate(address)) return 'a private address [trustlanip]';
  if (settings.trustsubnet && own.some(({ network }) => network.contains(address))) return 'a neighbour [trustsubnet]';
  return undefined;
}

const logInFailures: ReadonlySet<FindingKind> = new Set<FindingKind>([
  ...(['wrong password', 'unknown user', 'account disabled'] as const),
  ...(['address not permitted', 'wrong transport', 'digest uri'] as const),
]);

/** Whether a wrong log-in of a neighbour in our own networks is not counted [auth.trusted-segment-exemption]. */
export function sparesFailure(
  kind: FindingKind,
  address: string,
  { trusted_segment_exemption }: Settings,
  own: readonly OwnAddress[],
): boolean {
  if (!trusted_segment_exemption || !logInFailures.has(kind)) return false;
  return own.some(({ network }) => network.contains(address));
}

/** The name that a request asks for or speaks in, where it is one that nobody should know [own.honeypot-numbers]. */
export function honeypotUser(request: SipRequest, { honeypot_numbers }: Settings): string | undefined {
  if (honeypot_numbers.length === 0) return undefined;
  const { requestUri } = request;
  const called = requestUri?.scheme === 'tel' ? requestUri.number : requestUri?.user;
  const from = /^sips?:([^@;?]+)@/i.exec(request.from.uri)?.[1];
  return [called, from].find((name) => name !== undefined && honeypot_numbers.includes(name));
}

/** Whether a ban of this scope holds a source. */
export function isHit(scope: BanScope, subject: string, address: string, port: number): boolean {
  switch (scope) {
    case 'address':
      return subject === address;
    case 'prefix':
      return rangeHolds(subject, address);
    case 'address and port': {
      const { host, port: banned } = splitPort(subject);
      return host === address && banned === port;
    }
    case 'user':
    case 'user at address':
    case 'caller number':
    case 'user agent':
      return false;
  }
}

function isPrivate(address: string): boolean {
  return ipaddr.isValid(address) && privateRanges.has(ipaddr.process(address).range());
}
