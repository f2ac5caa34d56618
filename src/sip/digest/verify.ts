import { type DigestAlgorithm, hashOctets } from './algorithm.ts';
import { equalInConstantTime } from './constant-time.ts';
import type { DigestCredentials, DigestProtection } from './credentials.ts';

/** What a `response` is computed from, besides HA1 and the request. */
type ResponseInput = Pick<DigestCredentials, 'nonce' | 'uri' | 'algorithm'> & DigestProtection;

/**
 * True when the answer was made by one who knows HA1 (RFC 7616 §3.4.1; without qop, RFC 2617 §3.2.2.1).
 * @param ha1 lower-case hex for the algorithm of the credentials.
 * @param body the request's body; it counts only for qop `auth-int`.
 */
export function verifyDigest(credentials: DigestCredentials, ha1: string, method: string, body: string): boolean {
  return equalInConstantTime(credentials.response, digestResponse(credentials, ha1, method, body));
}

export function digestResponse(input: ResponseInput, ha1: string, method: string, body: string): string {
  const { algorithm, nonce, uri, qop } = input;
  const ha2 = qop === 'auth-int' ? ha2WithBody(input, method, body) : ha2Of(algorithm, method, uri);
  const middle = qop === undefined ? '' : `:${input.ncText}:${input.cnonce}:${qop}`;
  return hashOctets(algorithm, `${ha1}:${nonce}${middle}:${ha2}`);
}

function ha2WithBody({ algorithm, uri }: ResponseInput, method: string, body: string): string {
  return hashOctets(algorithm, `${method}:${uri}:${hashOctets(algorithm, body)}`);
}

let latestHa2 = { algorithm: '', method: '', uri: '', value: '' };

/** All registrations of a server are of one URI, so the last one is kept; nothing in it is a secret. */
function ha2Of(algorithm: DigestAlgorithm, method: string, uri: string): string {
  const { algorithm: hash, method: of, uri: at, value } = latestHa2;
  if (uri === at && method === of && algorithm === hash) return value;
  latestHa2 = { algorithm, method, uri, value: hashOctets(algorithm, `${method}:${uri}`) };
  return latestHa2.value;
}
