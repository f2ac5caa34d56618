import type { NameAddr, SipRequest, Uri } from '../sip/message/index.ts';

/** What is wrong with a message, for the log and for the reason phrase of its 400. */
export interface InputProblem {
  readonly field: string;
  readonly problem: string;
}

/** The levels of [protocol.validateinput]; each checks what the one below it does, and more. */
export type InputLevel = 0 | 1 | 2 | 3 | 4 | 5;

type FieldKind = 'identifier' | 'host' | 'text';

interface InputCheck {
  readonly from: InputLevel;
  readonly kinds: readonly FieldKind[];
  readonly problem: string;
  readonly isBad: (value: string, kind: FieldKind) => boolean;
}

const longestOctets: Readonly<Record<FieldKind, number>> = { identifier: 128, host: 255, text: 512 };

const controls = /[\u0000-\u0008\u000a-\u001f\u007f]/;
const sql =
  /'\s*(?:or|and)\b|\b(?:or|and)\s+(\w+)\s*=\s*\1\b|'\s*=\s*'|--\s*$|;\s*(?:drop|delete|insert|update|alter|exec|shutdown)\b|\bunion\s+(?:all\s+)?select\b|\/\*|\*\/|\bxp_cmdshell\b/i;
/** What RFC 3261 lets stand in a user part, unescaped, and letters and digits of any script. */
const outsideUser = /[^\p{L}\p{N}\p{M}_.!~*'()&=+$,;?/#@:%-]/u;
const outsideHost = /[^A-Za-z0-9._:-]/;
const outsideDisplay = /[\p{Cc}\p{Cs}\p{Co}\u202a-\u202e\u2066-\u2069]/u;
const markup = /<\s*[a-z!/?]|javascript:|&#|\.\.[/\\]|%2e%2e|\$\{|\/etc\/|\\u00/i;
const outsideNarrow = /[^A-Za-z0-9@._+-]/;

/** The checks in the order of their levels. */
const checks: readonly InputCheck[] = [
  { from: 1, kinds: ['identifier', 'host', 'text'], problem: 'has control characters', isBad: (v) => controls.test(v) },
  {
    from: 1,
    kinds: ['identifier', 'host', 'text'],
    problem: 'is too long',
    isBad: (value, kind) => value.length > longestOctets[kind],
  },
  { from: 1, kinds: ['identifier', 'text'], problem: 'is no UTF-8', isBad: (value) => decoded(value) === undefined },
  { from: 2, kinds: ['identifier', 'host', 'text'], problem: 'looks like SQL', isBad: (v) => sql.test(text(v)) },
  {
    from: 3,
    kinds: ['identifier'],
    problem: 'has characters that no user name or number has',
    isBad: (value) => outsideUser.test(text(value)),
  },
  {
    from: 3,
    kinds: ['host'],
    problem: 'has characters that no host name has',
    isBad: (value) => outsideHost.test(value),
  },
  {
    from: 3,
    kinds: ['text'],
    problem: 'has characters that nobody can see',
    isBad: (value) => outsideDisplay.test(text(value).replaceAll('\t', ' ')),
  },
  {
    from: 4,
    kinds: ['identifier', 'text'],
    problem: 'looks like markup or a path',
    isBad: (v) => markup.test(text(v)),
  },
  {
    from: 5,
    kinds: ['identifier'],
    problem: 'has other characters than letters, digits and @._+-',
    isBad: (value) => outsideNarrow.test(value),
  },
];

/** The first thing that is wrong with what a request says of itself, at this level; undefined where nothing is. */
export function inputProblem(request: SipRequest, level: InputLevel): InputProblem | undefined {
  if (level === 0) return undefined;
  const { headers, requestUri } = request;
  return (
    (requestUri === undefined ? undefined : uriProblem('Request-URI', requestUri, level)) ??
    addressProblem('From', request.from, request.fromUri, level) ??
    addressProblem('To', request.to, request.toUri, level) ??
    problemOf('Call-ID', 'text', request.callId, level) ??
    problemOf('User-Agent', 'text', headers.get('user-agent') ?? '', level) ??
    problemOf('Subject', 'text', headers.get('subject') ?? '', level) ??
    problemOf('Organization', 'text', headers.get('organization') ?? '', level)
  );
}

/** The same for one text that an operator or a program gives, such as the name that an account is shown by. */
export function textProblem(kind: FieldKind, value: string, level: InputLevel): string | undefined {
  return fieldProblem(kind, Buffer.from(value, 'utf8').toString('latin1'), level);
}

function addressProblem(
  name: string,
  { displayName }: NameAddr,
  uri: Uri | undefined,
  level: InputLevel,
): InputProblem | undefined {
  const wrong = uri === undefined ? undefined : uriProblem(name, uri, level);
  return wrong ?? problemOf(name, 'text', displayName, level);
}

function uriProblem(name: string, uri: Uri, level: InputLevel): InputProblem | undefined {
  if (uri.scheme === 'tel') return problemOf(name, 'identifier', uri.number, level);
  return problemOf(name, 'identifier', uri.user, level) ?? problemOf(name, 'host', uri.host, level);
}

function problemOf(field: string, kind: FieldKind, value: string, level: InputLevel): InputProblem | undefined {
  const problem = fieldProblem(kind, value, level);
  return problem === undefined ? undefined : { field, problem };
}

/** `value` is octets, unescaped. */
function fieldProblem(kind: FieldKind, value: string, level: InputLevel): string | undefined {
  if (value.length <= longestOctets[kind] && isHarmless(kind, value)) return undefined;
  for (const { from, kinds, problem, isBad } of checks) {
    if (from > level) return undefined;
    if (kinds.includes(kind) && isBad(value, kind)) return problem;
  }
  return undefined;
}

const harmless = new Uint8Array(256);
for (const octet of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-') {
  harmless[octet.charCodeAt(0)] = 1;
}
const dash = 0x2d;
const point = 0x2e;
const slash = 0x2f;

/**
 * Letters, digits, points, single dashes and one slash, of which most values are: no check of any level minds them, and
 * asking each of them costs more than reading the message. Two dashes may be SQL, two slashes or `./` a path.
 */
function isHarmless(kind: FieldKind, value: string): boolean {
  let before = 0;
  let slashes = kind === 'text' ? 0 : 1;
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if (code === slash) {
      if (before === point || ++slashes > 1) return false;
    } else if (harmless[code] !== 1 || (code === dash && before === dash)) return false;
    before = code;
  }
  return true;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const plainAscii = /^[\x00-\x7f]*$/;

/** The characters of octets, or undefined where they are no UTF-8. */
function decoded(octets: string): string | undefined {
  if (plainAscii.test(octets)) return octets;
  try {
    return utf8.decode(Buffer.from(octets, 'latin1'));
  } catch {
    return undefined;
  }
}

function text(octets: string): string {
  return decoded(octets) ?? octets;
}
