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

const wireNames =
  'Accept Accept-Contact Accept-Encoding Accept-Language Alert-Info Allow Allow-Events Authentication-Info ' +
  'Authorization Call-ID Call-Info Contact Content-Disposition Content-Encoding Content-Language Content-Length ' +
  'Content-Type CSeq Date Diversion Error-Info Event Expires Flow-Timer From Geolocation History-Info Identity ' +
  'Identity-Info In-Reply-To Join Max-Forwards MIME-Version Min-Expires Min-SE Organization P-Access-Network-Info ' +
  'P-Asserted-Identity P-Associated-URI P-Called-Party-ID P-Charging-Vector P-Early-Media P-Preferred-Identity Path ' +
  'Priority Privacy Proxy-Authenticate Proxy-Authorization Proxy-Require RAck Reason Record-Route Recv-Info Refer-To ' +
  'Referred-By Reject-Contact Remote-Party-ID Replaces Reply-To Request-Disposition Require Retry-After Route RSeq ' +
  'Security-Client Security-Server Security-Verify Server Service-Route Session-Expires SIP-ETag SIP-If-Match Subject ' +
  'Subscription-State Supported Target-Dialog Timestamp To Unsupported User-Agent Via Warning WWW-Authenticate';

const known = new Map<string, KnownHeader>();
for (const wire of wireNames.split(' ')) {
  const name = wire.toLowerCase();
  const header = { name, wire, single: singles.has(name), slot: slots.get(name) };
  for (const spelling of [name, wire, wire.toUpperCase()]) known.set(spelling, header);
}
for (const [compact, name] of compactForms) {
  const header = known.get(name);
  if (header === undefined) continue;
  known.set(compact, header);
  known.set(compact.toUpperCase(), header);
}

/** The header that a spelling on the wire names, in any case and form; undefined for extensions we do not know. */
export function knownHeader(spelling: string): KnownHeader | undefined {
  return known.get(spelling) ?? known.get(spelling.toLowerCase());
}

export function canonicalName(spelling: string): string {
  return known.get(spelling)?.name ?? knownHeader(spelling)?.name ?? spelling.toLowerCase();
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
