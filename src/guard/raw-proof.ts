import type { Endpoint } from '../base/net/endpoint.ts';

/** Who can tell whether something in a packet was made by us for that very peer. */
export interface OwnMarks {
  isOwnNonce(nonce: string, remote: Endpoint): boolean;
  /** A tag of a dialog that is up, or a stateless one. */
  isOwnTag(tag: string, remote: Endpoint): boolean;
  /** The branch of a request of ours to that very address that waits for its answer. */
  isOwnBranch(branch: string, remote: Endpoint): boolean;
}

const maxMarkOctets = 96;
/** Of From and To one is ours; more tags than that are in nobody's favour. */
const maxTags = 3;
/** A peer may name a nonce in two headers, each with a `cnonce` of its own. */
const maxNonces = 4;
const quote = 0x22;
const letterC = 0x63;

const responseStart = Buffer.from('SIP/2.0 ');
const registerStart = Buffer.from('REGISTER ');
const nonceStart = Buffer.from('nonce="');
const tagStart = Buffer.from(';tag=');
const branchStart = Buffer.from('branch=z9hG4bK');
const branchPrefix = 'branch='.length;

/**
 * What an unread datagram carries of ours that proves its sender: an answer the branch of our request, a request our
 * nonce, or our tag. Looked for only where a budget is used up, and only by searching octets.
 */
export function proofIn(octets: Buffer, remote: Endpoint, marks: OwnMarks): 'nonce' | 'dialog' | undefined {
  if (startsWith(octets, responseStart)) {
    const at = octets.indexOf(branchStart);
    return at >= 0 && marks.isOwnBranch(markAt(octets, at + branchPrefix), remote) ? 'dialog' : undefined;
  }
  let found = 0;
  for (let at = octets.indexOf(nonceStart); at >= 0 && found < maxNonces; at = octets.indexOf(nonceStart, at + 1)) {
    found++;
    // The peer's own `cnonce` ends alike.
    if (((octets[at - 1] ?? 0) | 0x20) === letterC) continue;
    if (marks.isOwnNonce(markAt(octets, at + nonceStart.length), remote)) return 'nonce';
  }
  found = 0;
  for (let at = octets.indexOf(tagStart); at >= 0 && found < maxTags; at = octets.indexOf(tagStart, at + 1)) {
    found++;
    if (marks.isOwnTag(markAt(octets, at + tagStart.length), remote)) return 'dialog';
  }
  return undefined;
}

/** Whether a packet is a REGISTER: the one request by which a true owner comes back. */
export function isRegister(octets: Buffer): boolean {
  return startsWith(octets, registerStart);
}

function startsWith(octets: Buffer, start: Buffer): boolean {
  if (octets.length < start.length) return false;
  for (let at = 0; at < start.length; at++) if (octets[at] !== start[at]) return false;
  return true;
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
