import type { SipRequest } from './message.ts';
import { Scanner } from './scanner.ts';
import { formatVia, scanVia } from './via.ts';

/**
 * Notes in the top Via where a request really came from (RFC 3261 §18.2.1, RFC 3581 §4): `received` when sent-by is
 * another address or the client asked for its port, and then `rport`. What a sender wrote there itself is overwritten.
 */
export function stampTopVia(request: SipRequest, source: { readonly address: string; readonly port: number }): void {
  const via = request.topVia;
  const asksPort = via.rport !== undefined;
  const received = asksPort || via.host !== source.address.toLowerCase() ? source.address : undefined;
  if (!asksPort && via.received === received) return;
  const stamped = { ...via, received, rport: asksPort ? source.port : undefined };
  const value = request.headers.get('via') ?? '';
  request.replaceTopVia(formatVia(stamped) + otherVias(value), stamped);
}

/** What follows the first Via of a line. */
function otherVias(value: string): string {
  if (!value.includes(',')) return '';
  const scanner = new Scanner(value);
  scanVia(scanner);
  return value.slice(scanner.pos);
}
