import type { AccountDirectory } from '../../accounts/directory.ts';
import type { Account } from '../../accounts/model.ts';
import { parseNameAddrList, parseUri, type SipRequest, toOctets } from '../../sip/message/index.ts';
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
  const user = userOf(request.from.uri);
  const displayName = printable(request.from.displayName).slice(0, maxDisplayNameOctets);
  const anonymous = isAnonymous(request, user);
  if (caller.kind === 'guest') return { displayName, user, anonymous, asserted: '' };
  const { account } = caller;
  if (account.kind !== 'enduser') return { displayName, user, anonymous, asserted: assertedByServer(request, account) };
  const owned = (number: string): boolean =>
    number === account.name ||
    number === account.callerId ||
    directory.numbersOf(account.id).includes(number.replace(/^\+/, ''));
  const standard = account.callerId === '' ? account.name : account.callerId;
  const own = owned(user) && user !== account.name ? user : standard;
  const asserted = assertedByUser(request, owned, own, allowChange);
  if (anonymous) return { displayName: '', user: standard, anonymous, asserted };
  if (allowChange > 0) return { displayName, user, anonymous, asserted };
  return { displayName: toOctets(account.displayName), user: own, anonymous, asserted };
}

/** RFC 3325 §6: what a phone prefers is a hint among the numbers that it owns; at 2 the operator takes its word for more. */
function assertedByUser(
  request: SipRequest,
  owned: (number: string) => boolean,
  standard: string,
  allowChange: number,
): string {
  const preferred = identityIn(request, 'p-preferred-identity') || identityIn(request, 'p-asserted-identity');
  if (preferred === '') return standard;
  return allowChange === 2 || owned(preferred) ? preferred : standard;
}

/** A trusted SIP server vouches for its callers (RFC 3325 §5); anybody else is taken at no word but our own. */
function assertedByServer(request: SipRequest, account: Account): string {
  return account.trunk?.trustIdentity === true ? identityIn(request, 'p-asserted-identity') : account.callerId;
}

/** The user of the first address in a header; '' where there is none that could be written. */
function identityIn(request: SipRequest, name: string): string {
  const [first] = request.headers.getAll(name);
  if (first === undefined) return '';
  const list = parseNameAddrList([first]);
  const user = list.ok ? userOf(list.value[0]?.uri ?? '') : '';
  return /^[\x21-\x7e]{1,64}$/.test(user) ? user : '';
}

function userOf(text: string): string {
  const uri = parseUri(text);
  if (!uri.ok) return '';
  return uri.value.scheme === 'tel' ? uri.value.number : uri.value.user;
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
