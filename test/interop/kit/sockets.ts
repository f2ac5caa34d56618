import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

/** Whether some process has bound the address and port, as the kernel tells. */
export function isBound(protocol: 'udp' | 'tcp', address: string, port: number): boolean {
  const wide = address.includes(':');
  const table = readFileSync(`/proc/net/${protocol}${wide ? '6' : ''}`, 'utf8');
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  if (wide) return table.includes(wanted);
  const hex = address
    .split('.')
    .map((part) => Number(part).toString(16).toUpperCase().padStart(2, '0'))
    .reverse()
    .join('');
  return table.includes(` ${hex}${wanted}`) || table.includes(` 00000000${wanted}`);
}

/** Whether the loopback address of IPv6 is there; containers often lack it. */
export function hasIpv6(): boolean {
  return (networkInterfaces()['lo'] ?? []).some(({ address }) => address === '::1');
}
