import { hash, timingSafeEqual } from 'node:crypto';
import { Secret } from '../base/log/secret.ts';
import type { Credential } from './model.ts';
import { weakPasswordCandidates } from './password-guesses.ts';

/** H(user:realm:password) in lower-case hex: all that a digest check needs of a password (RFC 7616 §3.4.2). */
export function digestHa1(algorithm: 'md5' | 'sha256', user: string, realm: string, password: string): string {
  return hash(algorithm, `${user}:${realm}:${password}`);
}

/** The credential of a new password; `previous` is what it replaces, whose answers then count as stale. */
export function credentialFor(
  account: { readonly id: number; readonly name: string },
  realm: string,
  password: string,
  previous?: Credential,
): Credential {
  return {
    accountId: account.id,
    realm,
    ha1Md5: new Secret(digestHa1('md5', account.name, realm, password)),
    ha1Sha256: new Secret(digestHa1('sha256', account.name, realm, password)),
    previousHa1Md5: previous?.ha1Md5,
    previousHa1Sha256: previous?.ha1Sha256,
  };
}

/** Whether this is the password that the credential was made of. */
export function isPasswordOf(credential: Credential, userName: string, password: string): boolean {
  const given = Buffer.from(digestHa1('sha256', userName, credential.realm, password));
  return timingSafeEqual(given, Buffer.from(credential.ha1Sha256.reveal()));
}

/**
 * Whether a stored HA1 was made of a password that a guesser tries first [auth.enforcestrongauth]. About 10 ms: for a
 * walk through all accounts in the background, not for a request.
 */
export function isGuessable(credential: Credential, userName: string): boolean {
  const stored = credential.ha1Md5.reveal();
  for (const password of weakPasswordCandidates(userName)) {
    if (digestHa1('md5', userName, credential.realm, password) === stored) return true;
  }
  return false;
}
