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

export function sameEndpoint(one: Endpoint, other: Endpoint): boolean {
  return one.port === other.port && one.address === other.address;
}
