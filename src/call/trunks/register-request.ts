import type { Trunk } from '../../accounts/model.ts';
import { bracketed } from '../../base/net/endpoint.ts';
import { HeaderList, parseContacts, parseUri, SipRequest, type SipResponse } from '../../sip/message/index.ts';
import type { Flow } from '../../sip/transport/index.ts';
import { safeUser } from '../b2bua/safe-user.ts';
import { trunkUri } from './trunk-uri.ts';

const leastGrantedS = 30;
const longestS = 86_400;

/** Whom we register as: the name that the SIP server knows us by, else the one that we know it by. */
export function registrationUser({ authUser }: Trunk, accountName: string): string {
  return safeUser(authUser === '' ? accountName : authUser);
}

/** A REGISTER of ours (RFC 3261 §10.2). `contact` is a Contact value, `user` is escaped. */
export function registerRequest(
  given: {
    readonly trunk: Trunk;
    readonly user: string;
    readonly callId: string;
    readonly seq: number;
    readonly expiresS: number;
    readonly tag: string;
    readonly contact: string;
  },
  authorization: readonly [string, string] | undefined,
): SipRequest {
  const { trunk, user, callId, seq, expiresS, tag, contact } = given;
  const address = `<sip:${user}@${bracketed(trunk.host)}>`;
  const headers = new HeaderList()
    .append('max-forwards', '70')
    .append('from', `${address};tag=${tag}`)
    .append('to', address)
    .append('call-id', callId)
    .append('cseq', `${seq} REGISTER`)
    .append('contact', contact)
    .append('expires', String(expiresS));
  if (authorization !== undefined) headers.append(...authorization);
  return new SipRequest('REGISTER', trunkUri(trunk, ''), headers, '');
}

/** How long the registrar keeps our contact: by its own parameter, else by Expires, else as long as was asked (RFC 3261 §10.2.4). */
export function grantedSeconds({ headers }: SipResponse, flow: Flow, askedS: number): number {
  const contacts = parseContacts(headers);
  const listed = contacts.ok && contacts.value !== '*' ? contacts.value : [];
  const own = listed.find(({ uri }) => {
    const parsed = parseUri(uri);
    return parsed.ok && parsed.value.scheme !== 'tel' && (parsed.value.port ?? 5060) === flow.local.port;
  });
  const told =
    wholeSeconds((own ?? listed[0])?.params.get('expires')) ?? wholeSeconds(headers.get('expires')) ?? askedS;
  return Math.min(Math.max(told, leastGrantedS), longestS);
}

/** What a 423 wants at least (RFC 3261 §20.23); undefined for any other answer. */
export function leastSeconds({ status, headers }: SipResponse): number | undefined {
  const seconds = status === 423 ? wholeSeconds(headers.get('min-expires')) : undefined;
  return seconds === undefined ? undefined : Math.min(seconds, longestS);
}

/** Seconds of a Retry-After, an hour at most. */
export function retryAfterSeconds({ headers }: SipResponse): number | undefined {
  const seconds = wholeSeconds(/^\d{1,6}/.exec(headers.get('retry-after') ?? '')?.[0]);
  return seconds === undefined ? undefined : Math.min(seconds, 3600);
}

function wholeSeconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}
