import { fail, ok, type Result } from '../../base/result/result.ts';
import type { PortPair } from '../plane/ports.ts';
import { describeMedia, isDirection, isHoldAddress, isRelayable, type MediaDescription } from './media-description.ts';
import { attributeName, type Sdp, type SdpLine, type SdpMedia } from './session-description.ts';

/** What replaces the other side's own place in a description. */
export interface OwnDescription {
  readonly address: string;
  readonly sessionId: string;
  readonly sessionVersion: number;
  /** One entry for each m-line; undefined refuses that stream. */
  readonly ports: readonly (PortPair | undefined)[];
}

/** Attributes that name the other side's transport or keys, or that would let two peers agree on one behind our back. */
const transportAttributes: ReadonlySet<string> = new Set([
  // ICE (RFC 8839) and alternative connections (RFC 6947)
  ...['candidate', 'remote-candidates', 'end-of-candidates', 'ice-ufrag', 'ice-pwd', 'ice-options', 'ice-lite'],
  ...['ice-pacing', 'ice-mismatch', 'altc', 'alt', 'source-filter'],
  // keys: SDES, DTLS, MIKEY, identity
  ...['crypto', 'fingerprint', 'setup', 'tls-id', 'connection', 'key-mgmt', 'identity', 'zrtp-hash'],
  // several streams on one port: ours have one each (RFC 9143)
  ...['group', 'bundle-only', 'rtcp-mux-only', 'ssrc', 'ssrc-group'],
  // capability negotiation can change the transport (RFC 5939, RFC 7006)
  ...['tcap', 'acap', 'pcfg', 'acfg', 'csup', 'creq', 'ccap', 'lcfg', 'sescap', 'mcap', 'rmcap', 'mfcap', 'mscap'],
]);

/** Lines that name the sender or carry a key: subject, information, links, addresses, key (RFC 8866 §5). */
const personalTypes = new Set(['o', 's', 'i', 'u', 'e', 'p', 'k', 'c']);

/**
 * Writes the description that goes to the other leg: our origin, address and ports; nothing of the first side's
 * transport; all else in its order. An m-line that we cannot relay keeps its place with port 0.
 */
export function rebase(sdp: Sdp, own: OwnDescription): string {
  const family = own.address.includes(':') ? 'IP6' : 'IP4';
  const lines = [
    'v=0',
    `o=- ${own.sessionId} ${own.sessionVersion} IN ${family} ${own.address}`,
    's=-',
    `c=IN ${family} ${own.address}`,
  ];
  const hidden = addressesIn(sdp);
  for (const line of sdp.session.slice(1)) {
    if (tells(line, hidden)) continue;
    if (!personalTypes.has(line.type) && !namesTransport(line) && !isRtcp(line))
      lines.push(`${line.type}=${line.value}`);
  }
  // Timing is mandatory (RFC 8866 §5.9), and some phones leave it out.
  if (!sdp.session.some((line) => line.type === 't')) lines.push('t=0 0');
  const described = describeMedia(sdp);
  for (const [index, media] of sdp.media.entries()) {
    const kept = { ...media, lines: withHold(media.lines, described[index]) };
    lines.push(...rebaseMedia(kept, own.ports[index], `IN ${family} ${own.address}`, hidden));
  }
  return `${lines.join('\r\n')}\r\n`;
}

/** Our address takes the place of a 0.0.0.0 that said hold (RFC 3264 §8.4): then an attribute has to say it. */
function withHold(lines: readonly SdpLine[], described: MediaDescription | undefined): readonly SdpLine[] {
  if (described === undefined || !isHoldAddress(described.address)) return lines;
  return [...lines.filter((line) => !isDirection(line)), { type: 'a', value: described.direction }];
}

/** Refuses every stream of an offer: the answer to what we cannot carry at all. */
export function rejectedAnswer(offer: Sdp, own: Omit<OwnDescription, 'ports'>): string {
  return rebase(offer, { ...own, ports: [] });
}

function rebaseMedia(
  media: SdpMedia,
  pair: PortPair | undefined,
  connection: string,
  hidden: readonly string[],
): string[] {
  const port = media.port === 0 || pair === undefined || !isRelayable(media.protocol) ? 0 : pair.rtp;
  const lines = [`m=${media.kind} ${port} ${media.protocol} ${media.formats.join(' ')}`];
  for (const line of media.lines) {
    if (personalTypes.has(line.type) || namesTransport(line) || (!isRtcp(line) && tells(line, hidden))) continue;
    if (!isRtcp(line)) lines.push(`${line.type}=${line.value}`);
    else if (pair !== undefined && port !== 0) lines.push(`a=rtcp:${pair.rtcp} ${connection}`);
  }
  return lines;
}

/** The addresses that the first side gave as its own: its origin and its connections. */
function addressesIn(sdp: Sdp): readonly string[] {
  const lines = [...sdp.session, ...sdp.media.flatMap((media) => media.lines)];
  const named = lines.filter(({ type }) => type === 'o' || type === 'c').map(({ value }) => value.split(' ').at(-1));
  return [...new Set(named.map((address) => address?.split('/')[0] ?? ''))].filter((address) => address.length > 2);
}

/** Whether a line that we do not understand repeats such an address [protocol.forwardclientaddress]. */
function tells({ type, value }: SdpLine, addresses: readonly string[]): boolean {
  return type === 'a' && addresses.some((address) => value.includes(address));
}

/** RFC 3605: for one m-line it is written anew; for the session it means nothing, but some take it as a default. */
function isRtcp(line: SdpLine): boolean {
  return attributeName(line)?.toLowerCase() === 'rtcp';
}

function namesTransport(line: SdpLine): boolean {
  const name = attributeName(line);
  return name !== undefined && transportAttributes.has(name.toLowerCase());
}

/**
 * Whether an answer can belong to an offer (RFC 3264 §6): as many m-lines of the same kinds in the same order, the
 * same transport, and none that the offer had refused.
 */
export function answerFits(offer: Sdp, answer: Sdp): Result<void, string> {
  if (offer.media.length !== answer.media.length) {
    return fail(`the answer has ${answer.media.length} media lines, the offer ${offer.media.length}`);
  }
  for (const [index, offered] of offer.media.entries()) {
    const answered = answer.media[index];
    if (answered?.kind.toLowerCase() !== offered.kind.toLowerCase()) {
      return fail(`media line ${index + 1} is ${answered?.kind} in the answer, ${offered.kind} in the offer`);
    }
    if (answered.port === 0) continue;
    if (offered.port === 0) return fail(`media line ${index + 1} was refused by the offer, not by the answer`);
    if (answered.protocol.toUpperCase() !== offered.protocol.toUpperCase()) {
      return fail(`media line ${index + 1} is ${answered.protocol} in the answer, ${offered.protocol} in the offer`);
    }
  }
  return ok(undefined);
}
