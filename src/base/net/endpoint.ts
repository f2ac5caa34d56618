import ipaddr from 'ipaddr.js';

/** An address and port of one side of a packet. The address is numeric, without brackets or zone. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** `192.0.2.1:5060` or `[2001:db8::1]:5060`: the form for logs and keys. */
export function formatEndpoint(endpoint: Endpoint): string {
  return `${bracketed(endpoint.address)}:${endpoint.port}`;
}

/** The address as a SIP or SDP host: IPv6 in brackets (RFC 3261 §25.1 `IPv6reference`). */
export function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** Whether two texts name one address: IPv6 may be written in several ways (RFC 5952). */
export function sameAddress(one: string, other: string): boolean {
  if (one === other) return true;
  // Only IPv6 has several forms, and the system shows but one: this is for what somebody has configured or written.
  return one.includes(':') && other.includes(':') && ipv6Key(one) === ipv6Key(other);
}

/** The first of these addresses that is in the family of `like`. */
export function inFamilyOf(like: string, addresses: readonly string[]): string | undefined {
  return addresses.find((address) => address.includes(':') === like.includes(':'));
}

function ipv6Key(address: string): string {
  return ipaddr.isValid(address) ? ipaddr.parse(address).toNormalizedString() : address;
}

export function sameEndpoint(one: Endpoint, other: Endpoint): boolean {
  return one.port === other.port && one.address === other.address;
}
