import ipaddr from 'ipaddr.js';

/** One home or customer has a whole /64 of IPv6, and counts as one; an IPv4 address is its own key. */
export function sourceKey(address: string): string {
  if (!address.includes(':')) return address;
  const parsed = ipaddr.process(address);
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString();
  const groups = parsed.parts.slice(0, 4).map((group) => group.toString(16));
  return `${groups.join(':')}::/64`;
}
