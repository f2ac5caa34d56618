/** What the parser notes of a header on its way, so that mandatory fields need no second look-up. */
export type HeaderSlot = 'via' | 'from' | 'to' | 'callId' | 'cseq' | 'maxForwards' | 'contentLength';

export interface KnownHeader {
  /** Canonical name: the long form in lower case. */
  readonly name: string;
  /** The long form as it is written. */
  readonly wire: string;
  /** At most one in a message. */
  readonly single: boolean;
  readonly slot: HeaderSlot | undefined;
}

const slots = new Map<string, HeaderSlot>([
  ['via', 'via'],
  ['from', 'from'],
  ['to', 'to'],
  ['call-id', 'callId'],
  ['cseq', 'cseq'],
  ['max-forwards', 'maxForwards'],
  ['content-length', 'contentLength'],
]);

// A repeated one of these is an attempt to be read differently by two parties (RFC 3261 §7.3.1).
const singles = new Set(
  (
    'from to call-id cseq max-forwards content-length content-type expires min-expires event refer-to referred-by ' +
    'replaces session-expires min-se subscription-state target-dialog'
  ).split(' '),
);

// Compact forms of RFC 3261 §7.3.3 and of the extensions that the IANA registry of header fields lists.
const compactForms: readonly (readonly [string, string])[] = [
  ['a', 'accept-contact'],
  ['b', 'referred-by'],
  ['c', 'content-type'],
  ['d', 'request-disposition'],
  ['e', 'content-encoding'],
  ['f', 'from'],
  ['i', 'call-id'],
  ['j', 'reject-contact'],
  ['k', 'supported'],
  ['l', 'content-length'],
  ['m', 'contact'],
  ['n', 'identity-info'],
  ['o', 'event'],
  ['r', 'refer-to'],
  ['s', 'subject'],
  ['t', 'to'],
  ['u', 'allow-events'],
  ['v', 'via'],
  ['x', 'session-expires'],
  ['y', 'identity'],
];

/** The header fields that we know by name, as they are written: whoever adds one here decides in the header policy who may see it. */
export const headerFields = [
  'Accept',
  'Accept-Contact',
  'Accept-Encoding',
  'Accept-Language',
  'Alert-Info',
  'Allow',
  'Allow-Events',
  'Answer-Mode',
  'Authentication-Info',
  'Authorization',
  'Call-ID',
  'Call-Info',
  'Contact',
  'Content-Disposition',
  'Content-Encoding',
  'Content-Language',
  'Content-Length',
  'Content-Type',
  'CSeq',
  'Date',
  'Diversion',
  'Error-Info',
  'Event',
  'Expires',
  'Feature-Caps',
  'Flow-Timer',
  'From',
  'Geolocation',
  'History-Info',
  'Identity',
  'Identity-Info',
  'In-Reply-To',
  'Info-Package',
  'Join',
  'Max-Forwards',
  'MIME-Version',
  'Min-Expires',
  'Min-SE',
  'Organization',
  'P-Access-Network-Info',
  'P-Asserted-Identity',
  'P-Asserted-Service',
  'P-Associated-URI',
  'P-Called-Party-ID',
  'P-Charging-Function-Addresses',
  'P-Charging-Vector',
  'P-Early-Media',
  'P-Preferred-Identity',
  'P-Preferred-Service',
  'P-Served-User',
  'P-Visited-Network-ID',
  'Path',
  'Priority',
  'Priv-Answer-Mode',
  'Privacy',
  'Proxy-Authenticate',
  'Proxy-Authorization',
  'Proxy-Require',
  'RAck',
  'Reason',
  'Record-Route',
  'Recv-Info',
  'Refer-To',
  'Referred-By',
  'Reject-Contact',
  'Remote-Party-ID',
  'Replaces',
  'Reply-To',
  'Request-Disposition',
  'Require',
  'Resource-Priority',
  'Retry-After',
  'Route',
  'RSeq',
  'Security-Client',
  'Security-Server',
  'Security-Verify',
  'Server',
  'Service-Route',
  'Session-Expires',
  'Session-ID',
  'SIP-ETag',
  'SIP-If-Match',
  'Subject',
  'Subscription-State',
  'Supported',
  'Target-Dialog',
  'Timestamp',
  'To',
  'Unsupported',
  'User-Agent',
  'User-to-User',
  'Via',
  'Warning',
  'WWW-Authenticate',
] as const;

/** Canonical name of a header that we know. */
export type HeaderName = Lowercase<(typeof headerFields)[number]>;

interface Spelling {
  readonly lower: string;
  readonly header: KnownHeader;
}

const known = new Map<string, KnownHeader>();
const bucketCount = 1024;
const buckets: Spelling[][] = Array.from({ length: bucketCount }, () => []);

function add(lower: string, header: KnownHeader): void {
  known.set(lower, header);
  let hash = 0;
  for (let index = 0; index < lower.length; index++) hash = addToNameHash(hash, lower.charCodeAt(index));
  buckets[hash & (bucketCount - 1)]?.push({ lower, header });
}

for (const wire of headerFields) {
  const name = wire.toLowerCase();
  add(name, { name, wire, single: singles.has(name), slot: slots.get(name) });
}
for (const [compact, name] of compactForms) {
  const header = known.get(name);
  if (header !== undefined) add(compact, header);
}

/** One step of the hash by which `findKnownHeader` looks up names; the same for both cases of a letter. */
export function addToNameHash(hash: number, code: number): number {
  return (Math.imul(hash, 31) + (code | 0x20)) | 0;
}

/**
 * The header that `text` names from `start` up to `end`, in any case and form, without cutting the name out; undefined
 * for extensions we do not know. `hash` is that of the name's octets, which are those of a token: among them two that
 * differ only in bit 0x20 are the two cases of a letter.
 */
export function findKnownHeader(text: string, start: number, end: number, hash: number): KnownHeader | undefined {
  const bucket = buckets[hash & (bucketCount - 1)];
  if (bucket === undefined) return undefined;
  for (const spelling of bucket) if (isSpelled(text, start, end, spelling.lower)) return spelling.header;
  return undefined;
}

function isSpelled(text: string, start: number, end: number, lower: string): boolean {
  if (end - start !== lower.length) return false;
  for (let index = 0; index < lower.length; index++) {
    if ((text.charCodeAt(start + index) | 0x20) !== lower.charCodeAt(index)) return false;
  }
  return true;
}

/** The long form of a name that we know, written in lower case. */
export function findKnownName(lower: string): string | undefined {
  return known.get(lower)?.name;
}

/** The long form in lower case of a name in any case and form. */
export function canonicalName(spelling: string): string {
  const found = known.get(spelling);
  if (found !== undefined) return found.name;
  const lower = spelling.toLowerCase();
  return known.get(lower)?.name ?? lower;
}

/** How a canonical name is written; names we do not know get a capital at the start and after each hyphen. */
export function wireName(name: string): string {
  const header = known.get(name);
  if (header !== undefined) return header.wire;
  return name
    .split('-')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('-');
}
