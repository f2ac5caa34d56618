import { parseUri, type SipRequest, type Uri } from '../sip/message/index.ts';

/** What is wrong with a message, for the log and for the reason phrase of its 400. */
export interface InputProblem {
  readonly field: string;
  readonly problem: string;
}

/** The levels of [protocol.validateinput]; each checks what the one below it does, and more. */
export type InputLevel = 0 | 1 | 2 | 3 | 4 | 5;

type FieldKind = 'identifier' | 'host' | 'text';

interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  /** Octets, unescaped. */
  readonly value: string;
}

interface InputCheck {
  readonly from: InputLevel;
  readonly kinds: readonly FieldKind[];
  readonly problem: string;
  readonly isBad: (value: string, field: Field) => boolean;
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
    isBad: (value, { kind }) => value.length > longestOctets[kind],
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
  for (const field of fieldsOf(request)) {
    const problem = fieldProblem(field, level);
    if (problem !== undefined) return { field: field.name, problem };
  }
  return undefined;
}

/** The same for one text that an operator or a program gives, such as the name that an account is shown by. */
export function textProblem(kind: FieldKind, value: string, level: InputLevel): string | undefined {
  return fieldProblem({ name: '', kind, value: Buffer.from(value, 'utf8').toString('latin1') }, level);
}

function fieldProblem(field: Field, level: InputLevel): string | undefined {
  if (field.value === '') return undefined;
  for (const { from, kinds, problem, isBad } of checks) {
    if (from > level) return undefined;
    if (kinds.includes(field.kind) && isBad(field.value, field)) return problem;
  }
  return undefined;
}

function* fieldsOf(request: SipRequest): Generator<Field> {
  const { from, to, requestUri, headers } = request;
  if (requestUri !== undefined) yield* uriFields('Request-URI', requestUri);
  for (const [name, { displayName, uri }] of [
    ['From', from],
    ['To', to],
  ] as const) {
    const parsed = parseUri(uri);
    if (parsed.ok) yield* uriFields(name, parsed.value);
    yield { name, kind: 'text', value: displayName };
  }
  yield { name: 'Call-ID', kind: 'text', value: request.callId };
  for (const name of freeTexts) yield { name, kind: 'text', value: headers.get(name) ?? '' };
}

const freeTexts = ['User-Agent', 'Subject', 'Organization'] as const;

function* uriFields(name: string, uri: Uri): Generator<Field> {
  if (uri.scheme === 'tel') return yield { name, kind: 'identifier', value: uri.number };
  yield { name, kind: 'identifier', value: uri.user };
  yield { name, kind: 'host', value: uri.host };
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
