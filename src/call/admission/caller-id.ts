import type { AccountDirectory } from '../../accounts/directory.ts';
import { parseUri, type SipRequest, toOctets } from '../../sip/message/index.ts';
import type { CallerId, Caller } from '../b2bua/plan.ts';

const maxDisplayNameOctets = 100;

/**
 * The identity that the callee is shown [protocol.allowcalleridchange]. At 0 an enduser shows a number that it owns,
 * else its default; at 1 and 2 it may show what it likes. SIP servers and traffic senders pass on their callers'.
 */
export function callerIdOf(
  request: SipRequest,
  caller: Caller,
  directory: AccountDirectory,
  allowChange: number,
): CallerId {
  const from = parseUri(request.from.uri);
  const user =
    from.ok && from.value.scheme !== 'tel'
      ? from.value.user
      : from.ok && from.value.scheme === 'tel'
        ? from.value.number
        : '';
  const displayName = printable(request.from.displayName).slice(0, maxDisplayNameOctets);
  const anonymous = isAnonymous(request, user);
  const asked = { displayName, user, anonymous };
  if (caller.kind === 'guest' || caller.account.kind !== 'enduser') return asked;
  const { account } = caller;
  const shown = account.callerId === '' ? account.name : account.callerId;
  if (anonymous) return { displayName: '', user: shown, anonymous };
  if (allowChange > 0) return asked;
  const bare = user.replace(/^\+/, '');
  const owned = user === account.name || user === account.callerId || directory.numbersOf(account.id).includes(bare);
  return { displayName: toOctets(account.displayName), user: owned && user !== account.name ? user : shown, anonymous };
}

/** A caller without a name: RFC 3323 §4.1.1.3, or an empty user. */
export function isAnonymous(request: SipRequest, user: string): boolean {
  if (
    user === '' ||
    user.toLowerCase() === 'anonymous' ||
    request.from.uri.toLowerCase().includes('anonymous.invalid')
  ) {
    return true;
  }
  return request.headers.getAll('privacy').some((value) => /(?:^|;)\s*(?:id|user|full)\b/i.test(value));
}

function printable(text: string): string {
  return text
    .split('')
    .filter((octet) => octet >= ' ' && octet !== '\x7f')
    .join('');
}
