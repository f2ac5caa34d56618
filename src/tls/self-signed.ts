import { generateKeyPairSync, sign } from 'node:crypto';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Random } from '../base/random/random.ts';
import {
  bitString,
  element,
  explicit,
  implicit,
  objectId,
  octetString,
  sequence,
  set,
  time,
  unsignedInteger,
  utf8String,
} from './der.ts';

export interface SelfSigned {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

const dayMs = 86_400_000;
const validDays = 3650;
const maxCommonNameLength = 64;

const ecdsaWithSha256 = '1.2.840.10045.4.3.2';
const commonName = '2.5.4.3';
const subjectAltName = '2.5.29.17';
const basicConstraints = '2.5.29.19';
const keyUsage = '2.5.29.15';
const extendedKeyUsage = '2.5.29.37';
const serverAuth = '1.3.6.1.5.5.7.3.1';
const clientAuth = '1.3.6.1.5.5.7.3.2';

/**
 * A new P-256 key and a certificate for it that it has signed itself (RFC 5280): it encrypts, and proves nothing to
 * who has not seen it before. `names` are domains and addresses, the first of them the common name.
 */
export function makeSelfSigned(names: readonly string[], random: Random, nowMs: number): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(objectId(ecdsaWithSha256));
  const name = distinguishedName(names[0] ?? 'ringfence');
  const toBeSigned = sequence(
    explicit(0, unsignedInteger(Buffer.from([2]))),
    unsignedInteger(Buffer.from(`01${random.hex(15)}`, 'hex')),
    algorithm,
    name,
    // An hour back: the clocks of phones are not all right.
    sequence(time(nowMs - dayMs / 24), time(nowMs + validDays * dayMs)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...extensions(names))),
  );
  const signature = sign('sha256', toBeSigned, privateKey);
  const certificate = sequence(toBeSigned, algorithm, bitString(signature));
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines(certificate.toString('base64'))}-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function distinguishedName(name: string): Buffer {
  return sequence(set(sequence(objectId(commonName), utf8String(name.slice(0, maxCommonNameLength)))));
}

function extensions(names: readonly string[]): Buffer[] {
  const digitalSignature = bitString(Buffer.from([0x80]), 7);
  return [
    extension(basicConstraints, sequence(), true),
    extension(keyUsage, digitalSignature, true),
    extension(extendedKeyUsage, sequence(objectId(serverAuth), objectId(clientAuth)), false),
    extension(subjectAltName, sequence(...names.map(alternativeName)), false),
  ];
}

function extension(id: string, value: Buffer, isCritical: boolean): Buffer {
  const boolean = 0x01;
  const critical = isCritical ? [element(boolean, Buffer.from([0xff]))] : [];
  return sequence(objectId(id), ...critical, octetString(value));
}

function alternativeName(name: string): Buffer {
  const dnsName = 2;
  const ipAddress = 7;
  if (isIP(name) === 0) return implicit(dnsName, Buffer.from(name, 'latin1'));
  return implicit(ipAddress, Buffer.from(ipaddr.parse(name).toByteArray()));
}

function lines(base64: string): string {
  return base64.replace(/.{1,64}/g, '$&\n');
}
