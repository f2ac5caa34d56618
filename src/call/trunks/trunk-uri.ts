import type { Trunk } from '../../accounts/model.ts';
import { bracketed } from '../../base/net/endpoint.ts';

/**
 * The Request-URI for a SIP server: its host as configured, whatever DNS makes of it, and port and transport only where
 * they are configured too (RFC 3263 §4). `user` is escaped already.
 */
export function trunkUri({ host, port, transport }: Trunk, user: string): string {
  const userPart = user === '' ? '' : `${user}@`;
  const portPart = port === 0 ? '' : `:${port}`;
  const transportPart = transport === 'auto' || transport === 'udp' ? '' : `;transport=${transport}`;
  return `sip:${userPart}${bracketed(host)}${portPart}${transportPart}`;
}
