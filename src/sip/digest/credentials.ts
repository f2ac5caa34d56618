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

/** What was read so far. A fixed shape with a case for each name below costs a third less than computed keys. */
class Draft {
  username: string | undefined = undefined;
  realm: string | undefined = undefined;
  nonce: string | undefined = undefined;
  uri: string | undefined = undefined;
  response: string | undefined = undefined;
  algorithm: string | undefined = undefined;
  cnonce: string | undefined = undefined;
  opaque: string | undefined = undefined;
  qop: string | undefined = undefined;
  nc: string | undefined = undefined;
  userhash: string | undefined = undefined;
}

/**
 * Reads one header value, in one pass and under a maximum of 2,048 octets and 24 parameters. A parameter that comes
 * twice is refused: two readers could see two different ones.
 * @returns the credentials, or a sentence that says what is wrong.
 */
export function parseCredentials(headerValue: string): Result<DigestCredentials, string> {
  const scanner = scanDigest(headerValue);
  if (typeof scanner === 'string') return fail(scanner);
  const draft = new Draft();
  const unknown: string[] = [];
  while (scanner.next()) {
    const { name, value } = scanner;
    const earlier = keep(draft, name, value);
    if (earlier === 'unknown') {
      // A user name in the form of RFC 5987 would be a second one beside `username`.
      if (name === 'username*' || unknown.includes(name)) return fail('unsupported or repeated parameter');
      unknown.push(name);
    } else if (earlier === 'repeated') {
      return fail(`${name} twice`);
    }
  }
  return scanner.failure === undefined ? complete(draft) : fail(scanner.failure);
}

function keep(draft: Draft, name: string, value: string): 'new' | 'repeated' | 'unknown' {
  let earlier: string | undefined;
  switch (name) {
    case 'username':
      earlier = draft.username;
      draft.username = value;
      break;
    case 'realm':
      earlier = draft.realm;
      draft.realm = value;
      break;
    case 'nonce':
      earlier = draft.nonce;
      draft.nonce = value;
      break;
    case 'uri':
      earlier = draft.uri;
      draft.uri = value;
      break;
    case 'response':
      earlier = draft.response;
      draft.response = value;
      break;
    case 'algorithm':
      earlier = draft.algorithm;
      draft.algorithm = value;
      break;
    case 'cnonce':
      earlier = draft.cnonce;
      draft.cnonce = value;
      break;
    case 'opaque':
      earlier = draft.opaque;
      draft.opaque = value;
      break;
    case 'qop':
      earlier = draft.qop;
      draft.qop = value;
      break;
    case 'nc':
      earlier = draft.nc;
      draft.nc = value;
      break;
    case 'userhash':
      earlier = draft.userhash;
      draft.userhash = value;
      break;
    default:
      return 'unknown';
  }
  return earlier === undefined ? 'new' : 'repeated';
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
