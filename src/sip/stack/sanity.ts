import { HeaderList, parseContacts, parseUri, type SipRequest } from '../message/index.ts';

/** Methods that a request may carry here; any other is answered 501 outside and 405 inside a dialog (RFC 3261 §8.2.1). */
export const knownMethods = [
  'INVITE',
  'ACK',
  'CANCEL',
  'BYE',
  'REGISTER',
  'OPTIONS',
  'INFO',
  'MESSAGE',
  'SUBSCRIBE',
  'NOTIFY',
  'REFER',
  'UPDATE',
  'PRACK',
  'PUBLISH',
] as const;

/** The methods that are served; the value of every Allow header. REFER is not, until a transfer has a payer. */
export const allowedMethods = 'INVITE, ACK, CANCEL, BYE, REGISTER, OPTIONS, INFO, MESSAGE, UPDATE, PRACK';

/** The value of Allow-Events beside a 489: no event package is served, and the grammar wants a token (RFC 6665 §8.4). */
export const allowedEvents = 'none';

/** Option tags that a Require header may name (RFC 3261 §8.2.2.3): whoever insists on another gets 420. */
const supportedExtensions = ['path', '100rel', 'timer'] as const;

/** Callers who hide may insist that whoever stands in the way knows how (RFC 3323 §4.3), and that is us. */
const supportedOnTheWay = [...supportedExtensions, 'privacy'] as const;

/** What an answer to OPTIONS tells of us (RFC 3261 §11.2). */
export function capabilities(): HeaderList {
  return new HeaderList()
    .append('allow', allowedMethods)
    .append('accept', acceptedBody)
    .append('accept-encoding', 'identity')
    .append('accept-language', 'en')
    .append('supported', supportedExtensions.join(', '));
}

/** The body that an offer or answer is. */
const acceptedBody = 'application/sdp';
/** Requests whose body is an offer or answer, and means nothing else. */
const offering = new Set(['INVITE', 'UPDATE', 'PRACK']);

/** A refusal that needs no state and no account. */
export interface Refusal {
  readonly status: number;
  readonly reason?: string;
  readonly headers: HeaderList;
}

interface SanityCheck {
  readonly name: string;
  readonly check: (request: SipRequest) => Refusal | undefined;
}

/**
 * What every request is held against before any layer above sees it, in the order of RFC 3261 §8.2 and §16.3. ACK is
 * never answered: what fails here is dropped in silence.
 */
export const sanityChecks: readonly SanityCheck[] = [
  { name: 'method is known', check: checkMethod },
  { name: 'Request-URI scheme is understood', check: checkScheme },
  { name: 'Max-Forwards is left', check: checkMaxForwards },
  { name: 'every required extension is supported', check: checkRequire },
  { name: 'body encoding is understood', check: checkEncoding },
  {
    name: 'body type in a dialog is understood',
    check: (request) => (request.toTag === undefined ? undefined : checkBody(request)),
  },
];

/** @returns the first refusal of the list, or undefined where the request may go on. */
export function refusalOf(request: SipRequest): Refusal | undefined {
  for (const { check } of sanityChecks) {
    const refusal = check(request);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** What is wrong with an INVITE that begins a call; asked once its caller is proven (RFC 3261 §8.2: authentication comes first). */
export function callRefusalOf(request: SipRequest): Refusal | undefined {
  return checkBody(request) ?? checkContact(request);
}

const known = new Set<string>(knownMethods);

function checkMethod(request: SipRequest): Refusal | undefined {
  if (known.has(request.method)) return undefined;
  return { status: 501, headers: new HeaderList().append('allow', allowedMethods) };
}

function checkScheme(request: SipRequest): Refusal | undefined {
  const { uri } = request;
  if (request.requestUri !== undefined) return undefined;
  if (uri.startsWith('sip:')) return { status: 400, reason: 'Bad Request-URI', headers: new HeaderList() };
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]{0,30}):/.exec(uri)?.[1]?.toLowerCase();
  const status = scheme === undefined || scheme === 'sip' || scheme === 'sips' || scheme === 'tel' ? 400 : 416;
  return { status, headers: new HeaderList() };
}

function checkMaxForwards(request: SipRequest): Refusal | undefined {
  const left = request.maxForwards;
  // An OPTIONS that ends here is answered for us, whatever it has left (RFC 3261 §11.2).
  if (left === undefined || left > 0 || request.method === 'OPTIONS' || request.method === 'REGISTER') return undefined;
  return { status: 483, headers: new HeaderList() };
}

function checkRequire(request: SipRequest): Refusal | undefined {
  if (request.method === 'ACK' || request.method === 'CANCEL') return undefined;
  const unsupported = [
    ...beyond(request, 'require', supportedExtensions),
    // A proxy answers this one (RFC 3261 §16.3); we stand where proxies do, and answer for them all.
    ...beyond(request, 'proxy-require', supportedOnTheWay),
  ];
  if (unsupported.length === 0) return undefined;
  return { status: 420, headers: new HeaderList().append('unsupported', unsupported.join(', ')) };
}

/** The option tags of a header that are none of `known`. */
function beyond({ headers }: SipRequest, header: string, known: readonly string[]): readonly string[] {
  if (!headers.has(header)) return [];
  const asked = headers.getAll(header).flatMap((line) => line.split(',').map((tag) => tag.trim().toLowerCase()));
  return asked.filter((tag) => tag !== '' && !known.includes(tag));
}

function checkEncoding(request: SipRequest): Refusal | undefined {
  const encoding = request.headers.get('content-encoding');
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return undefined;
  return { status: 415, headers: new HeaderList().append('accept-encoding', 'identity') };
}

/** RFC 3261 §8.2.3: a body that we cannot read is only passed over where its sender says that it may be. */
function checkBody({ method, body, headers }: SipRequest): Refusal | undefined {
  if (body === '' || !offering.has(method)) return undefined;
  const type = (headers.get('content-type') ?? '').split(';', 1)[0]?.replaceAll(/\s/g, '').toLowerCase() ?? '';
  if (type === acceptedBody || type.startsWith('multipart/')) return undefined;
  if (/;\s*handling\s*=\s*"?optional\b/i.test(headers.get('content-disposition') ?? '')) return undefined;
  return { status: 415, headers: new HeaderList().append('accept', acceptedBody) };
}

/** One Contact with a SIP URI begins a dialog (RFC 3261 §8.1.1.8); callers of RFC 2543, whose branch says so, had none. */
function checkContact({ headers, topVia }: SipRequest): Refusal | undefined {
  const isOld = !headers.has('contact') && !topVia.branch.startsWith('z9hG4bK');
  if (isOld || hasOneSipContact(headers)) return undefined;
  const reason = headers.has('contact') ? 'Bad Contact' : 'Contact Is Missing';
  return { status: 400, reason, headers: new HeaderList() };
}

function hasOneSipContact(headers: HeaderList): boolean {
  const contacts = parseContacts(headers);
  if (!contacts.ok || contacts.value === '*' || contacts.value.length !== 1) return false;
  const uri = parseUri(contacts.value[0]?.uri ?? '');
  return uri.ok && uri.value.scheme !== 'tel';
}
