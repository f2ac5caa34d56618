import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../base/files/whole-file.ts';
import type { Secret } from '../base/log/secret.ts';
import type { Random } from '../base/random/random.ts';
import { fail, ok, type Result } from '../base/result/result.ts';
import { makeSelfSigned } from './self-signed.ts';

/** What the server shows in a TLS handshake, PEM. */
export interface Material {
  readonly cert: string;
  /** Without a password; never written anywhere. */
  readonly key: string;
  /** Authorities of our own; empty for none. */
  readonly root: string;
  readonly selfSigned: boolean;
  /** SHA-256 of the certificate, as phones and openssl show it. */
  readonly fingerprint: string;
}

/** The material, and sentences for the operator about what is not as it should be. */
export interface Loaded {
  readonly material: Material;
  readonly warnings: readonly string[];
}

/** What an operator is told of a certificate. */
export interface CertificateFacts {
  /** The common name, or the whole subject where there is none. */
  readonly subject: string;
  readonly names: readonly string[];
  readonly issuer: string;
  readonly validUntilMs: number;
  readonly selfSigned: boolean;
  readonly fingerprint: string;
}

export function certificateFacts({ cert, fingerprint }: Material): CertificateFacts {
  const certificate = new X509Certificate(cert);
  const { subject, issuer, subjectAltName = '' } = certificate;
  return {
    ...{ subject: commonName(subject), issuer: commonName(issuer), fingerprint },
    names: subjectAltName.split(', ').flatMap((name) => (name === '' ? [] : [name.replace(/^[^:]*:/, '')])),
    validUntilMs: certificate.validToDate.getTime(),
    // One that the operator made without an authority is as little a proof as our own.
    selfSigned: subject === issuer && certificate.verify(certificate.publicKey),
  };
}

function commonName(subject: string): string {
  return /^CN=(.*)$/m.exec(subject)?.[1] ?? subject.replaceAll('\n', ', ');
}

export interface FolderFacts {
  readonly folder: string;
  /** [tls.sslcertpwd] */
  readonly password: Secret<string>;
  /** Domains of ours; the certificate should name them [tls.localdomain]. */
  readonly domains: readonly string[];
  /** What a self-signed certificate names besides. */
  readonly addresses: readonly string[];
  readonly random: Random;
  readonly nowMs: number;
}

/** Files of the operator, which replace what the server makes itself, and files that were once read and are no more. */
export const certificateFiles = ['cert.pem', 'key.pem', 'root.pem'] as const;
const unusedFiles = ['dh.pem', 'dh2.pem'] as const;

const renewBeforeMs = 30 * 86_400_000;
const minRsaBits = 2048;
const othersMayRead = 0o077;

/**
 * The certificate of the data folder: that of cert.pem and key.pem; without them, or where they are broken, one that
 * the server signed itself, made at the first need. A key that its password does not open is an error: it was meant
 * to be used, and nothing else may stand in for it.
 */
export function loadCertificate(facts: FolderFacts): Result<Loaded, string> {
  const warnings: string[] = unusedFiles
    .filter((name) => existsSync(join(facts.folder, name)))
    .map((name) => `${name} is not used: keys are agreed on by ECDHE only; remove the file`);
  const root = readRoot(facts.folder, warnings);
  const given = readGiven(facts, warnings);
  if (!given.ok) return given;
  const own = given.value ?? selfSigned(facts);
  const certificate = new X509Certificate(own.cert);
  warnings.push(...complaintsAbout(certificate, facts, given.value !== undefined));
  const material = { ...own, root, selfSigned: given.value === undefined, fingerprint: certificate.fingerprint256 };
  return ok({ material, warnings });
}

interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** The pair of the operator, undefined where there is none that can be used. */
function readGiven({ folder, password }: FolderFacts, warnings: string[]): Result<Pair | undefined, string> {
  const certPath = join(folder, 'cert.pem');
  const keyPath = join(folder, 'key.pem');
  const [hasCert, hasKey] = [existsSync(certPath), existsSync(keyPath)];
  if (!hasCert && !hasKey) return ok(undefined);
  const instead = 'a self-signed certificate is used instead';
  if (!hasCert || !hasKey) {
    warnings.push(`${hasCert ? 'cert.pem is there without key.pem' : 'key.pem is there without cert.pem'}; ${instead}`);
    return ok(undefined);
  }
  const key = openKey(readFileSync(keyPath, 'utf8'), password);
  if (key === 'locked') return fail('sslcertpwd does not open key.pem; set the password that the key was sealed with');
  let certificate: X509Certificate;
  const cert = readFileSync(certPath, 'utf8');
  try {
    certificate = new X509Certificate(cert);
  } catch {
    warnings.push(`cert.pem is no certificate in PEM; ${instead}`);
    return ok(undefined);
  }
  if (key === 'broken' || !certificate.checkPrivateKey(key)) {
    warnings.push(`key.pem is ${key === 'broken' ? 'no private key in PEM' : 'not the key of cert.pem'}; ${instead}`);
    return ok(undefined);
  }
  if ((statSync(keyPath).mode & othersMayRead) !== 0) {
    warnings.push(`key.pem can be read by others than the owner; run: chmod 600 ${keyPath}`);
  }
  return ok({ cert, key: key.export({ type: 'pkcs8', format: 'pem' }).toString() });
}

function openKey(pem: string, password: Secret<string>): KeyObject | 'locked' | 'broken' {
  try {
    return createPrivateKey({ key: pem, format: 'pem', passphrase: password.reveal() });
  } catch {
    return /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(pem) ? 'locked' : 'broken';
  }
}

function readRoot(folder: string, warnings: string[]): string {
  const path = join(folder, 'root.pem');
  if (!existsSync(path)) return '';
  const pem = readFileSync(path, 'utf8');
  const parts = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const part of parts) new X509Certificate(part);
  } catch {
    parts.length = 0;
  }
  if (parts.length > 0) return pem;
  warnings.push('root.pem is no certificate in PEM, and is not used');
  return '';
}

/** The server's own pair, made anew when there is none or it is about to expire: one for each installation. */
function selfSigned({ folder, domains, addresses, random, nowMs }: FolderFacts): Pair {
  const certPath = join(folder, 'selfsigned-cert.pem');
  const keyPath = join(folder, 'selfsigned-key.pem');
  if (existsSync(certPath) && existsSync(keyPath)) {
    const pair = { cert: readFileSync(certPath, 'utf8'), key: readFileSync(keyPath, 'utf8') };
    if (isFit(pair, nowMs)) return pair;
  }
  const names = [...new Set([...domains, ...addresses])];
  const made = makeSelfSigned(names.length > 0 ? names : ['ringfence.invalid'], random, nowMs);
  writeWhole(keyPath, made.key);
  writeWhole(certPath, made.cert);
  return made;
}

function isFit({ cert, key }: Pair, nowMs: number): boolean {
  try {
    const certificate = new X509Certificate(cert);
    return (
      certificate.checkPrivateKey(createPrivateKey(key)) && certificate.validToDate.getTime() - nowMs > renewBeforeMs
    );
  } catch {
    return false;
  }
}

function complaintsAbout(certificate: X509Certificate, { domains, nowMs }: FolderFacts, isGiven: boolean): string[] {
  const complaints: string[] = [];
  if (isGiven && certificate.validToDate.getTime() <= nowMs)
    complaints.push(`cert.pem expired on ${certificate.validTo}`);
  if (certificate.validFromDate.getTime() > nowMs)
    complaints.push(`cert.pem is valid from ${certificate.validFrom} only`);
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
  const bits = asymmetricKeyDetails?.modulusLength ?? minRsaBits;
  if (asymmetricKeyType === 'rsa' && bits < minRsaBits)
    complaints.push(`the key of cert.pem has ${bits} bits; use 2048 or more`);
  const missing = domains.filter((domain) => certificate.checkHost(domain) === undefined);
  if (missing.length > 0) complaints.push(`the certificate does not name ${missing.join(', ')} of localdomain`);
  return complaints;
}
