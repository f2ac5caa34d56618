import { fail, ok, type Result } from '../../base/result/result.ts';
import { type DigestAlgorithm, digestLength, parseAlgorithm } from './algorithm.ts';
import { scanDigest, unescapeQuoted } from './auth-params.ts';

/** What an Authorization or Proxy-Authorization header says. All texts are octets as received. */
export type DigestCredentials = DigestIdentity & DigestProtection;

interface DigestIdentity {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  /** Lower-case hex of the algorithm's length. */
  readonly response: string;
  readonly algorithm: DigestAlgorithm;
  readonly opaque: string | undefined;
}

/** All or nothing: the form of RFC 2069 has none of the three. `ncText` is `nc` as it enters the hash, 8 digits. */
export type DigestProtection =
  | { readonly qop: 'auth' | 'auth-int'; readonly cnonce: string; readonly nc: number; readonly ncText: string }
  | { readonly qop: undefined; readonly cnonce: undefined; readonly nc: undefined; readonly ncText: undefined };

export const noProtection: DigestProtection = { qop: undefined, cnonce: undefined, nc: undefined, ncText: undefined };

interface Draft {
  username?: string;
  realm?: string;
  nonce?: string;
  uri?: string;
  response?: string;
  algorithm?: string;
  cnonce?: string;
  opaque?: string;
  qop?: string;
  nc?: string;
  userhash?: string;
}

/**
 * Reads one header value, in one pass and under a maximum of 2,048 octets and 24 parameters. A parameter that comes
 * twice is refused: two readers could see two different ones.
 * @returns the credentials, or a sentence that says what is wrong.
 */
export function parseCredentials(headerValue: string): Result<DigestCredentials, string> {
  const scanner = scanDigest(headerValue);
  if (typeof scanner === 'string') return fail(scanner);
  const draft: Draft = {};
  const unknown: string[] = [];
  while (scanner.next()) {
    const { name, value } = scanner;
    if (isKnown(name)) {
      if (draft[name] !== undefined) return fail(`${name} twice`);
      draft[name] = value;
    } else {
      // A user name in the form of RFC 5987 would be a second one beside `username`.
      if (name === 'username*' || unknown.includes(name)) return fail('unsupported or repeated parameter');
      unknown.push(name);
    }
  }
  return scanner.failure === undefined ? complete(draft) : fail(scanner.failure);
}

function isKnown(name: string): name is keyof Draft {
  switch (name) {
    case 'username':
    case 'realm':
    case 'nonce':
    case 'uri':
    case 'response':
    case 'algorithm':
    case 'cnonce':
    case 'opaque':
    case 'qop':
    case 'nc':
    case 'userhash':
      return true;
    default:
      return false;
  }
}

function complete(draft: Draft): Result<DigestCredentials, string> {
  const { username, realm, nonce, uri, response, opaque } = draft;
  if (username === undefined || realm === undefined || nonce === undefined || uri === undefined) {
    return fail('username, realm, nonce or uri is missing');
  }
  if (username === '' || uri === '') return fail('username or uri is empty');
  if (draft.userhash !== undefined && draft.userhash.toLowerCase() !== 'false') return fail('userhash is unsupported');
  const algorithm = parseAlgorithm(draft.algorithm);
  if (algorithm === undefined) return fail('unknown algorithm');
  if (response === undefined || response.length !== digestLength[algorithm] || !/^[0-9a-f]+$/.test(response)) {
    return fail('response is missing or not the hex of its algorithm');
  }
  const protection = readProtection(draft);
  if (!protection.ok) return protection;
  return ok({
    username: unescapeQuoted(username),
    realm: unescapeQuoted(realm),
    nonce,
    uri,
    response,
    algorithm,
    opaque,
    ...protection.value,
  });
}

function readProtection(draft: Draft): Result<DigestProtection, string> {
  const { qop, cnonce, nc } = draft;
  if (qop === undefined) return ok(noProtection);
  const lower = qop.toLowerCase();
  if (lower !== 'auth' && lower !== 'auth-int') return fail('unknown qop');
  if (cnonce === undefined || nc === undefined) return fail('qop without cnonce or nc');
  if (!/^[0-9a-fA-F]{8}$/.test(nc)) return fail('nc is not eight hexadecimal digits');
  return ok({ qop: lower, cnonce, nc: Number.parseInt(nc, 16), ncText: nc });
}
