import type { TransportName } from '../sip/transport/index.ts';

/** One registered contact of a user (RFC 3261 §10.2.1), as it is kept in memory and in the store. */
export interface Binding {
  /** `accountId|contact URI` or `accountId|instance|reg-id`: what makes two REGISTERs the same binding. */
  readonly key: string;
  readonly accountId: number;
  /** Address of record user part: the account's name. */
  readonly user: string;
  /** The Contact URI as the phone wrote it, without headers and `method`: calls to it carry it as Request-URI. */
  readonly contact: string;
  /** `+sip.instance` of the contact, or empty. */
  readonly instance: string;
  readonly callId: string;
  readonly cseq: number;
  /** q of the contact in thousandths. */
  readonly q: number;
  readonly expiresAtMs: number;
  readonly registeredAtMs: number;
  readonly transport: TransportName;
  /** Where the phone's packets come from; calls to it go there. */
  readonly sourceAddress: string;
  readonly sourcePort: number;
  /** Our own address and port that it registered at. */
  readonly localAddress: string;
  readonly localPort: number;
  readonly userAgent: string;
  /** Path header values (RFC 3327), outermost first. */
  readonly path: readonly string[];
  /** The place that its password was last verified from, as `bindingPlace` writes it; '' where it never was. */
  readonly provenAt: string;
}

/** Where a phone speaks from: transport, address and port. */
export function bindingPlace(transport: TransportName, address: string, port: number): string {
  return `${transport}:${address}:${port}`;
}

/** Whether a contact may ring, by the levels of [protocol.allownoauthfork]. */
export function mayRing(binding: Binding, level: 0 | 1 | 2 | 3 | 4): boolean {
  const { provenAt, transport, sourceAddress, sourcePort } = binding;
  if (level < 3) return true;
  return level === 3 ? provenAt !== '' : provenAt === bindingPlace(transport, sourceAddress, sourcePort);
}
