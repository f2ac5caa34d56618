import { BlockList, isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { BoundedMap } from '../bounded/bounded-map.ts';
import { fail, ok, type Result } from '../result/result.ts';

/** A parsed address range: one address, a CIDR block or an address with a netmask. */
export interface Prefix {
  /** As it is stored and shown: `192.0.2.0/24`. */
  readonly text: string;
  /** The same range by its first address: `192.0.2.7/24` is `192.0.2.0/24`, and each range has but one. */
  readonly network: string;
  contains(address: string): boolean;
}

/**
 * Reads `192.0.2.1`, `192.0.2.0/24`, `192.0.2.0/255.255.255.0`, `2001:db8::/32`.
 * @returns the range, or a sentence that says what is wrong with the text.
 */
export function parsePrefix(text: string): Result<Prefix, string> {
  const known = parsed.get(text);
  if (known !== undefined) return ok(known);
  const read = readPrefix(text);
  if (read.ok) parsed.set(text, read.value);
  return read;
}

/** Whether an address lies in a range that a setting or an account names; a text that is no range holds nothing. */
export function rangeHolds(range: string, address: string): boolean {
  const prefix = parsePrefix(range);
  return prefix.ok && prefix.value.contains(address);
}

/** The same few ranges of settings and accounts are asked for with every call. */
const parsed = new BoundedMap<string, Prefix>(10_000);

function readPrefix(text: string): Result<Prefix, string> {
  const [host = '', mask] = text.trim().split('/');
  if (!ipaddr.isValid(host) || (!host.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(host))) {
    return fail(`'${text}' is not an IP address or range; write 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32`);
  }
  const address = ipaddr.process(host);
  const width = address.kind() === 'ipv4' ? 32 : 128;
  const bits = mask === undefined ? width : prefixLength(mask, width);
  if (bits === undefined) return fail(`'${text}' has a wrong mask; write /0 to /${width} or a netmask`);
  const range = new BlockList();
  range.addSubnet(address.toString(), bits, address.kind());
  const contains = (candidate: string): boolean => {
    const family = isIP(candidate);
    return family !== 0 && range.check(candidate, family === 4 ? 'ipv4' : 'ipv6');
  };
  const shown = `${address.toString()}/${bits}`;
  return ok({ text: shown, network: `${networkAddress(address.kind(), shown)}/${bits}`, contains });
}

function networkAddress(kind: 'ipv4' | 'ipv6', range: string): string {
  const { IPv4, IPv6 } = ipaddr;
  return (kind === 'ipv4' ? IPv4 : IPv6).networkAddressFromCIDR(range).toString();
}

function prefixLength(mask: string, width: number): number | undefined {
  if (/^\d{1,3}$/.test(mask)) return Number(mask) <= width ? Number(mask) : undefined;
  if (width !== 32 || !ipaddr.IPv4.isValidFourPartDecimal(mask)) return undefined;
  return ipaddr.IPv4.parse(mask).prefixLengthFromSubnetMask() ?? undefined;
}
