import { type HeaderName, rewrittenMediaType, rewrittenTokens, type SipRequest } from '../sip/message/index.ts';

/** Who speaks to whom through us. Servers are SIP servers and traffic senders; a guest has proven nothing. */
export type Direction = 'user to user' | 'user to server' | 'server to user' | 'server to server' | 'guest to user';

/**
 * What becomes of a header of one side.
 *
 * - `own`: each leg has its own, which we write; that of the other leg never passes
 * - `never`: stays on its leg
 * - `pass`: passes as it is
 * - `unless anonymous`: passes, but not for a caller who hides its name: it may say it (RFC 3323 §5.3)
 * - `trusted`: passes from one trusted SIP server to another
 * - `asserted`: we write it for a trusted SIP server, from what was proven; what came never passes (RFC 3325)
 * - `with body`: describes the body of an INFO or MESSAGE, and passes with it
 */
export type Treatment = 'own' | 'never' | 'pass' | 'unless anonymous' | 'trusted' | 'asserted' | 'with body';

type Row = Readonly<Record<Direction, Treatment>>;

function everywhere(treatment: Treatment): Row {
  return {
    'user to user': treatment,
    'user to server': treatment,
    'server to user': treatment,
    'server to server': treatment,
    'guest to user': treatment,
  };
}

const own = everywhere('own');
const never = everywhere('never');
const pass = everywhere('pass');
const withBody = everywhere('with body');
/** A guest may say who it is in From, and nothing more: nobody answers for its words. */
const unlessAnonymous: Row = { ...everywhere('unless anonymous'), 'guest to user': 'never' };
const asserted: Row = { ...never, 'user to server': 'asserted', 'server to server': 'asserted' };
const trusted: Row = { ...never, 'server to server': 'trusted' };

/** What nobody has decided about stays on its leg. */
const unknownHeader = never;

/**
 * The policy for every header that we know. Only what is listed with `pass` and the like reaches the other leg, by the
 * name that the parser gave it: no spelling of another header can take its place.
 */
const policy: Readonly<Record<HeaderName, Row>> = {
  // The request itself: methods, bodies and extensions are agreed on each leg for itself.
  ...{ accept: own, 'accept-encoding': own, allow: own, 'allow-events': own, 'call-id': own, contact: own },
  ...{ 'content-length': own, cseq: own, date: own, event: own, expires: own, from: own, 'max-forwards': own },
  ...{ 'min-expires': own, 'min-se': own, path: own, 'proxy-require': own, rack: own, reason: own, 'recv-info': own },
  ...{ 'record-route': own, require: own, 'retry-after': own, route: own, rseq: own, server: own, supported: own },
  ...{ 'service-route': own, 'session-expires': own, 'subscription-state': own, timestamp: own, to: own },
  ...{ unsupported: own, 'user-agent': own, via: own, 'sip-etag': own, 'sip-if-match': own, 'flow-timer': own },
  // Credentials and challenges: those of one leg are nobody else's.
  ...{ authorization: own, 'proxy-authorization': own, 'www-authenticate': own, 'proxy-authenticate': own },
  ...{ 'authentication-info': own, 'security-client': own, 'security-server': own, 'security-verify': own },
  // The body of INFO and MESSAGE. An SDP body is written anew, and its headers with it.
  ...{ 'content-type': withBody, 'content-disposition': withBody, 'content-language': withBody },
  ...{ 'mime-version': withBody, 'info-package': withBody, 'content-encoding': never },
  // Words of the caller for the callee.
  ...{ 'accept-language': pass, subject: unlessAnonymous, priority: pass, organization: unlessAnonymous },
  // Who calls: proven here, and told to those whom we trust (RFC 3323, RFC 3325).
  ...{ 'p-asserted-identity': asserted, privacy: asserted, 'p-preferred-identity': never, 'remote-party-id': never },
  ...{ 'p-asserted-service': never, 'p-preferred-service': never, 'p-served-user': never, 'p-called-party-id': never },
  // Signed by, or said between, networks that trust each other. A signature over From, To and Date (RFC 8224) means
  // something only to whoever gets the call from a network that vouches for it.
  ...{ identity: trusted, 'identity-info': never, diversion: trusted, 'history-info': trusted },
  ...{ 'p-charging-vector': trusted, 'p-charging-function-addresses': never, 'p-visited-network-id': never },
  ...{ 'p-access-network-info': never, 'p-associated-uri': never, 'p-early-media': never, 'feature-caps': never },
  ...{ 'user-to-user': trusted, 'session-id': never, 'resource-priority': trusted, geolocation: never },
  // These make a phone answer by itself and become a microphone, fetch an address, or ring elsewhere.
  ...{ 'alert-info': never, 'call-info': never, 'error-info': never, 'answer-mode': never, 'priv-answer-mode': never },
  ...{ 'accept-contact': never, 'reject-contact': never, 'request-disposition': never, 'reply-to': never },
  ...{ 'in-reply-to': never, warning: never },
  // Transfers name dialogs of one leg.
  ...{ 'refer-to': never, 'referred-by': never, replaces: never, join: never, 'target-dialog': never },
};

const byName: ReadonlyMap<string, Row> = new Map(Object.entries(policy));

export function treatmentOf(name: string, direction: Direction): Treatment {
  return (byName.get(name) ?? unknownHeader)[direction];
}

/** What decides about the headers of one request on its way from one side to the other. */
export interface Passage {
  readonly direction: Direction;
  /** The caller hides its name. */
  readonly anonymous: boolean;
  /** Both sides are SIP servers whose word about identities counts. */
  readonly bothTrusted: boolean;
  /** An address that must not be told [protocol.forwardclientaddress]; '' for none. */
  readonly hiddenAddress: string;
}

export type Headers = readonly (readonly [string, string])[];

/**
 * Headers whose values are tokens, and pass only as such. A line without a name belongs to the line before it, so free
 * text in one of these may be another header that was folded onto it.
 */
const tokenHeaders: ReadonlySet<string> = new Set<HeaderName>([
  ...(['content-disposition', 'content-language', 'mime-version', 'info-package'] as const),
  ...(['accept-language', 'priority'] as const),
]);

const maxValueOctets = 500;
const maxValues = 4;

/** The headers of an INVITE or MESSAGE that the other side may see. */
export function passedHeaders(request: SipRequest, passage: Passage): Headers {
  return select(request, passage.hiddenAddress, (name) => {
    const treatment = treatmentOf(name, passage.direction);
    if (treatment === 'unless anonymous') return !passage.anonymous;
    return treatment === 'pass' || (treatment === 'trusted' && passage.bothTrusted);
  });
}

/** The headers that go with the body of an INFO or MESSAGE, whichever way it goes; Content-Type is the body's own. */
export function bodyHeaders(request: SipRequest): Headers {
  return select(request, '', (name) => name !== 'content-type' && treatmentOf(name, 'user to user') === 'with body');
}

/** The type of a body that passes, as we write it: '' where none is named, undefined where it cannot be read. */
export function bodyType(request: SipRequest): string | undefined {
  const value = request.headers.get('content-type');
  if (value === undefined) return '';
  return isPlain(value) ? rewrittenMediaType(value) : undefined;
}

function select(request: SipRequest, hiddenAddress: string, mayPass: (name: string) => boolean): Headers {
  const passed: (readonly [string, string])[] = [];
  const counts = new Map<string, number>();
  request.headers.forEach((name, value) => {
    if (!mayPass(name) || !isPlain(value)) return;
    if (hiddenAddress !== '' && value.includes(hiddenAddress)) return;
    const written = tokenHeaders.has(name) ? rewrittenTokens(value) : value;
    if (written === undefined) return;
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    if (count < maxValues) passed.push([name, written]);
  });
  return passed;
}

/** Short, and without control octets, not even those that a quoted string may hold: some readers end at a NUL. */
function isPlain(value: string): boolean {
  return value.length <= maxValueOctets && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}
