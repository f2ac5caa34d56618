import type { Secret } from '../../base/log/secret.ts';
import type { Random } from '../../base/random/random.ts';
import { fail, ok, type Result } from '../../base/result/result.ts';
import { ha1 } from './algorithm.ts';
import { escapeQuoted } from './auth-params.ts';
import { type DigestChallenge, parseChallenge } from './challenge.ts';
import { type DigestProtection, noProtection } from './credentials.ts';
import { digestResponse } from './verify.ts';

export interface AnswerInput {
  /** Every value of WWW-Authenticate (or of Proxy-Authenticate) in the response. */
  readonly challenges: readonly string[];
  /** The only realm that this password is ever used for. */
  readonly pinnedRealm: string;
  readonly username: string;
  readonly password: Secret<string>;
  readonly method: string;
  readonly uri: string;
  readonly random: Random;
  /** This peer has offered SHA-256 before: a challenge with MD5 alone was tampered with, and gets no answer. */
  readonly requireSha256?: boolean;
  /** How often this nonce has been answered, with this answer; 1 if not given. */
  readonly nonceCount?: number;
}

export type AnswerFailure = 'no-challenge' | 'wrong-realm' | 'no-usable-algorithm' | 'downgrade';

/**
 * The value of Authorization (or Proxy-Authorization) that answers the strongest challenge of the pinned realm. A
 * challenge without qop is answered in the form of RFC 2069.
 */
export function answerChallenge(input: AnswerInput): Result<string, AnswerFailure> {
  const chosen = chooseChallenge(input.challenges, input.pinnedRealm);
  if (!chosen.ok) return chosen;
  const challenge = chosen.value;
  if (input.requireSha256 === true && challenge.algorithm !== 'SHA-256') return fail('downgrade');
  const { realm, nonce, algorithm, opaque } = challenge;
  const protection = challenge.offersAuth ? protect(input.random, input.nonceCount ?? 1) : noProtection;
  const { uri, method, username } = input;
  const secret = ha1(username, realm, input.password.reveal(), algorithm);
  const response = digestResponse({ nonce, uri, algorithm, ...protection }, secret, method, '');
  const octets = Buffer.from(username, 'utf8').toString('latin1');
  let value = `Digest username="${escapeQuoted(octets)}", realm="${escapeQuoted(realm)}", nonce="${nonce}", uri="${uri}"`;
  value += `, response="${response}", algorithm=${algorithm}`;
  if (opaque !== undefined) value += `, opaque="${opaque}"`;
  if (protection.qop !== undefined) {
    value += `, qop=${protection.qop}, cnonce="${protection.cnonce}", nc=${protection.ncText}`;
  }
  return ok(value);
}

/** True when the peer offers SHA-256 for this realm: to be remembered, and given as `requireSha256` from then on. */
export function offersSha256(challenges: readonly string[], pinnedRealm: string): boolean {
  const chosen = chooseChallenge(challenges, pinnedRealm);
  return chosen.ok && chosen.value.algorithm === 'SHA-256';
}

/** A challenge that does not parse is one of an algorithm or scheme that we do not have. */
function chooseChallenge(challenges: readonly string[], realm: string): Result<DigestChallenge, AnswerFailure> {
  if (challenges.length === 0) return fail('no-challenge');
  const usable = challenges.slice(0, maxChallenges).flatMap((value) => {
    const parsed = parseChallenge(value);
    return parsed.ok ? [parsed.value] : [];
  });
  if (usable.length === 0) return fail('no-usable-algorithm');
  const ours = usable.filter((challenge) => challenge.realm === realm);
  const best = ours.find((challenge) => challenge.algorithm === 'SHA-256') ?? ours[0];
  return best === undefined ? fail('wrong-realm') : ok(best);
}

const maxChallenges = 8;

function protect(random: Random, count: number): DigestProtection {
  return { qop: 'auth', cnonce: random.hex(8), nc: count, ncText: count.toString(16).padStart(8, '0') };
}
