import { HeaderList, type SipRequest } from '../message/index.ts';

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
const supportedExtensions = new Set<string>(['path', '100rel', 'timer']);

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
];

/** @returns the first refusal of the list, or undefined where the request may go on. */
export function refusalOf(request: SipRequest): Refusal | undefined {
  for (const { check } of sanityChecks) {
    const refusal = check(request);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
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
  if (request.method === 'ACK' || request.method === 'CANCEL' || !request.headers.has('require')) return undefined;
  const asked = request.headers
    .getAll('require')
    .flatMap((line) => line.split(',').map((tag) => tag.trim().toLowerCase()));
  const unsupported = asked.filter((tag) => tag !== '' && !supportedExtensions.has(tag));
  if (unsupported.length === 0) return undefined;
  return { status: 420, headers: new HeaderList().append('unsupported', unsupported.join(', ')) };
}

function checkEncoding(request: SipRequest): Refusal | undefined {
  const encoding = request.headers.get('content-encoding');
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return undefined;
  return { status: 415, headers: new HeaderList().append('accept-encoding', 'identity') };
}
