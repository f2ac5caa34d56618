import { isIP } from 'node:net';
import type { PeerCertificate } from 'node:tls';

/**
 * The names that a certificate proves for SIP: hosts of its `sip:` URIs; where it has none of those, its DNS names;
 * its addresses beside either (RFC 5922 §7.1). In lower case. The common name counts only where there is no alternative
 * name at all.
 */
export function certificateNames({
  subject,
  subjectaltname,
}: Pick<PeerCertificate, 'subject' | 'subjectaltname'>): string[] {
  if (subjectaltname === undefined || subjectaltname === '') {
    const name = subject?.CN;
    return typeof name === 'string' ? [name.toLowerCase()] : [];
  }
  const entries = alternativeNames(subjectaltname);
  const of = (kind: string): string[] => entries.filter((entry) => entry.kind === kind).map(({ value }) => value);
  const domains = of('URI').flatMap(sipDomain);
  return [...(domains.length > 0 ? domains : of('DNS')), ...of('IP Address')].map((name) => name.toLowerCase());
}

/** Whether the certificate is for `name`. No wildcards: RFC 5922 §7.2 forbids them for SIP. */
export function certificateIsFor(
  name: string,
  certificate: Pick<PeerCertificate, 'subject' | 'subjectaltname'>,
): boolean {
  const wanted = isIP(name) === 6 ? canonicalIpv6(name) : name.toLowerCase().replace(/\.$/, '');
  return certificateNames(certificate).some((own) => (isIP(own) === 6 ? canonicalIpv6(own) : own) === wanted);
}

interface AlternativeName {
  readonly kind: string;
  readonly value: string;
}

/** Reads `DNS:a.example, URI:"sip:b.example"`: a value with signs that could feign another entry is quoted as in JSON. */
function alternativeNames(text: string): AlternativeName[] {
  const entries: AlternativeName[] = [];
  const pattern = /([^:,]+):(?:"((?:[^"\\]|\\.)*)"|([^,]*))(?:, |$)/gy;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const [, kind = '', quoted, plain = ''] = match;
    // What needs quotation marks is no host name, and proves nothing here.
    if (quoted === undefined) entries.push({ kind: kind.trim(), value: plain });
  }
  return entries;
}

/** A URI with a user part names a person, not a domain (RFC 5922 §7.1). */
function sipDomain(uri: string): string[] {
  const host = /^sips?:([^@;?]+)/i.exec(uri)?.[1];
  return host === undefined || uri.includes('@') ? [] : [host];
}

function canonicalIpv6(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}
