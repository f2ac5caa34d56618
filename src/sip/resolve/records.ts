/** Types of records that finding a next hop asks for (RFC 3263 §4). */
export type RecordType = 'A' | 'AAAA' | 'SRV' | 'NAPTR';

export interface AddressRecord {
  readonly type: 'A' | 'AAAA';
  readonly address: string;
}

/** One server of a service (RFC 2782); a target of '' says that the service is decidedly not there. */
export interface SrvRecord {
  readonly type: 'SRV';
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

/** One way to speak to a domain (RFC 3263 §4.1): `service` such as SIP+D2U, `replacement` the name of its SRV records. */
export interface NaptrRecord {
  readonly type: 'NAPTR';
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  readonly replacement: string;
}

export type DnsRecord = AddressRecord | SrvRecord | NaptrRecord;

/** What a question came to. `ttlS` is how long the answer may be kept; `failed` says nothing about the name. */
export type DnsAnswer =
  | { readonly kind: 'records'; readonly records: readonly DnsRecord[]; readonly ttlS: number }
  | { readonly kind: 'none'; readonly ttlS: number }
  | { readonly kind: 'failed'; readonly reason: string };

/** Whoever answers questions about names: the cache over the client, or a table in tests. Never rejects. */
export interface DnsSource {
  ask(type: RecordType, name: string): Promise<DnsAnswer>;
}

/** A name as it is asked for: lower case, without the final dot. */
export function foldName(name: string): string {
  const folded = name.toLowerCase();
  return folded.endsWith('.') ? folded.slice(0, -1) : folded;
}

const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** Whether a folded name can be asked for; names inside answers are a stranger's text too. */
export function isAskable(name: string): boolean {
  return name.length > 0 && name.length <= 253 && name.split('.').every((part) => label.test(part));
}
