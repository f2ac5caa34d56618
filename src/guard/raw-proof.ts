import type { Endpoint } from '../base/net/endpoint.ts';

/** Who can tell whether something in a packet was made by us for that very peer. */
export interface OwnMarks {
  isOwnNonce(nonce: string, remote: Endpoint): boolean;
  /** A tag of a dialog that is up, or a stateless one. */
  isOwnTag(tag: string, remote: Endpoint): boolean;
  /** The branch of a request of ours that waits for its answer. */
  isOwnBranch(branch: string): boolean;
}

const maxMarkOctets = 96;
/** Of From and To one is ours; more tags than that are in nobody's favour. */
const maxTags = 3;
const maxNonces = 2;
const quote = 0x22;
const letterC = 0x63;

const responseStart = Buffer.from('SIP/2.0 ');
const nonceStart = Buffer.from('nonce="');
const tagStart = Buffer.from(';tag=');
const branchStart = Buffer.from('branch=z9hG4bK');
const branchPrefix = 'branch='.length;

/**
 * Whether an unread datagram carries something of ours that proves its sender: an answer the branch of our request, a
 * request our nonce, or our tag. Looked for only where a budget is used up, and only by searching octets.
 */
export function carriesProof(octets: Buffer, remote: Endpoint, marks: OwnMarks): boolean {
  if (octets.indexOf(responseStart) === 0) {
    const at = octets.indexOf(branchStart);
    return at >= 0 && marks.isOwnBranch(markAt(octets, at + branchPrefix));
  }
  let found = 0;
  for (let at = octets.indexOf(nonceStart); at >= 0 && found < maxNonces; at = octets.indexOf(nonceStart, at + 1)) {
    // The peer's own `cnonce` ends alike.
    if (((octets[at - 1] ?? 0) | 0x20) === letterC) continue;
    found++;
    if (marks.isOwnNonce(markAt(octets, at + nonceStart.length), remote)) return true;
  }
  found = 0;
  for (let at = octets.indexOf(tagStart); at >= 0 && found < maxTags; at = octets.indexOf(tagStart, at + 1)) {
    found++;
    if (marks.isOwnTag(markAt(octets, at + tagStart.length), remote)) return true;
  }
  return false;
}

/** The text from there to the first octet that ends a token or a quoted string. */
function markAt(octets: Buffer, start: number): string {
  let end = start;
  const last = Math.min(octets.length, start + maxMarkOctets);
  while (end < last) {
    const octet = octets[end] ?? 0;
    // Blanks and controls, quotation marks, `;`, `>`, `,`.
    if (octet <= 0x20 || octet === quote || octet === 0x3b || octet === 0x3e || octet === 0x2c) break;
    end++;
  }
  return octets.toString('latin1', start, end);
}
