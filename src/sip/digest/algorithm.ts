import { hash } from 'node:crypto';

/** The algorithms that SIP uses in practice (RFC 8760 §2.1). The `-sess` variants are refused. */
export type DigestAlgorithm = 'MD5' | 'SHA-256';

const hashName = { MD5: 'md5', 'SHA-256': 'sha256' } as const;

/** Length of the hexadecimal `response` and of an HA1. */
export const digestLength = { MD5: 32, 'SHA-256': 64 } as const;

/** Reads the algorithm token, whatever its case; a missing one means MD5 (RFC 7616 §3.3). */
export function parseAlgorithm(token: string | undefined): DigestAlgorithm | undefined {
  if (token === undefined || token === 'MD5') return 'MD5';
  const upper = token.toUpperCase();
  return upper === 'MD5' || upper === 'SHA-256' ? upper : undefined;
}

/**
 * Hashes a string of octets (one character each, as everywhere in src/sip) into lower-case hex. `crypto.hash` takes
 * half the time of `createHash`, and as much as an MD5 of our own would; it reads strings as UTF-8, which is the same
 * thing only below 0x80.
 */
export function hashOctets(algorithm: DigestAlgorithm, octets: string): string {
  return hash(hashName[algorithm], /[^\0-\x7f]/.test(octets) ? Buffer.from(octets, 'latin1') : octets);
}

/**
 * HA1 = H(user:realm:password), the only form of a password that the server side needs (RFC 7616 §3.4.2). The three
 * are Unicode text and enter as UTF-8.
 */
export function ha1(user: string, realm: string, password: string, algorithm: DigestAlgorithm): string {
  return hash(hashName[algorithm], `${user}:${realm}:${password}`);
}
