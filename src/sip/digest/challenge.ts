import { fail, ok, type Result } from '../../base/result/result.ts';
import { type DigestAlgorithm, parseAlgorithm } from './algorithm.ts';
import { escapeQuoted, scanDigest, unescapeQuoted } from './auth-params.ts';

export interface ChallengeInput {
  readonly realm: string;
  readonly nonce: string;
  /** The answer was computed for a nonce that is over; the phone may answer again without asking its user. */
  readonly stale: boolean;
  readonly algorithms: readonly DigestAlgorithm[];
  /** Answers without qop are accepted; that it is offered never changes. */
  readonly qop: true;
}

/** Header values for WWW-Authenticate or Proxy-Authenticate, the preferred one first (RFC 8760 §2.3). */
export function buildChallenges(input: ChallengeInput): string[] {
  const head = `Digest realm="${escapeQuoted(input.realm)}", nonce="${input.nonce}"`;
  const tail = input.stale ? ', stale=true, qop="auth"' : ', qop="auth"';
  const values: string[] = [];
  if (input.algorithms.includes('SHA-256')) values.push(`${head}, algorithm=SHA-256${tail}`);
  if (input.algorithms.includes('MD5')) values.push(`${head}, algorithm=MD5${tail}`);
  return values;
}

/** A challenge of another server, as its 401 or 407 carried it. */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: DigestAlgorithm;
  readonly stale: boolean;
  /** True where `auth` is among the offered protections; false for the form of RFC 2069. */
  readonly offersAuth: boolean;
  readonly opaque: string | undefined;
}

/** @returns the challenge, or a sentence that says why it cannot be answered. */
export function parseChallenge(headerValue: string): Result<DigestChallenge, string> {
  const scanner = scanDigest(headerValue);
  if (typeof scanner === 'string') return fail(scanner);
  const params = new Map<string, string>();
  while (scanner.next()) {
    if (params.has(scanner.name)) return fail('repeated parameter');
    params.set(scanner.name, scanner.value);
  }
  if (scanner.failure !== undefined) return fail(scanner.failure);
  const realm = params.get('realm');
  const nonce = params.get('nonce');
  if (realm === undefined || nonce === undefined) return fail('realm or nonce is missing');
  const algorithm = parseAlgorithm(params.get('algorithm'));
  if (algorithm === undefined) return fail('unknown algorithm');
  const offersAuth = offers(params.get('qop'));
  if (offersAuth === undefined) return fail('no usable qop');
  const stale = params.get('stale')?.toLowerCase() === 'true';
  return ok({ realm: unescapeQuoted(realm), nonce, algorithm, stale, offersAuth, opaque: params.get('opaque') });
}

function offers(qop: string | undefined): boolean | undefined {
  if (qop === undefined) return false;
  const offered = qop.split(',').map((token) => token.trim().toLowerCase());
  return offered.includes('auth') ? true : undefined;
}
