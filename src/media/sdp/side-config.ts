import { isIP, isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Endpoint } from '../../base/net/endpoint.ts';
import type { Prefix } from '../../base/net/prefix.ts';
import type { SideConfig } from '../plane/ports.ts';
import { framingOf, isHoldAddress, type MediaDescription, payloadTypesOf } from './media-description.ts';

export interface SideOptions {
  /** An enduser may sit behind a NAT, so its packets are also learnt from where its signalling comes from. */
  readonly party: 'enduser' | 'server';
  readonly signallingAddress: string;
  /** Networks that are declared for this account or trunk: the only way to a private or loopback address. */
  readonly allowedNetworks: readonly Prefix[];
  readonly ownAddresses: readonly string[];
  /** First and last of our own media ports: media that would come back to us is refused even where declared. */
  readonly ownPorts: readonly [number, number];
  /** The other side's payload types: a peer sends by the numbers of the description that it received. */
  readonly otherPayloadTypes?: readonly number[];
  /** Whether the description that this side received has rtcp-mux: only what both have is in use (RFC 5761 §5.1.1). */
  readonly otherRtcpMux?: boolean;
}

/** The part of a side's configuration that follows from its description. */
export type DescribedSide = Pick<
  SideConfig,
  | 'target'
  | 'rtcpTarget'
  | 'rtcpMux'
  | 'learnFrom'
  | 'payloadTypes'
  | 'framing'
  | 'clockRateHz'
  | 'maxPacketsPerSecond'
  | 'expectsMedia'
>;

/**
 * Turns one m-line of a side into what the relay needs. A phone's private address is no error: there is then no
 * target until its packets are learnt from the address of its signalling.
 */
export function sideConfigOf(media: MediaDescription, options: SideOptions): DescribedSide {
  const reachable = !isStopped(media) && targetProblem(media, options) === undefined;
  return {
    target: reachable ? { address: canonical(media.address), port: media.port } : undefined,
    rtcpTarget: reachable ? rtcpTargetOf(media, options) : undefined,
    rtcpMux: muxesRtcp(media, options),
    learnFrom: learnFromOf(media, reachable, options),
    payloadTypes: [...new Set([...payloadTypesOf(media.formats), ...(options.otherPayloadTypes ?? [])])],
    framing: framingOf(media.protocol) ?? 'rtp',
    clockRateHz: media.codecs[0]?.clockRate ?? 8000,
    maxPacketsPerSecond: maxPacketsPerSecond(media),
    expectsMedia: media.port !== 0 && media.direction === 'sendrecv',
  };
}

/** Why the media address of an m-line is refused, for a 488; undefined when nothing is wrong. */
export function targetRefusal(media: MediaDescription, options: SideOptions): string | undefined {
  const problem = isStopped(media) ? undefined : targetProblem(media, options);
  const waitsForNat = problem?.natted === true && options.party === 'enduser';
  return waitsForNat ? undefined : problem?.reason;
}

/** Nothing is sent to it: it is refused, or on hold by its address. */
function isStopped({ address, port }: MediaDescription): boolean {
  return port === 0 || isHoldAddress(address);
}

function muxesRtcp(media: MediaDescription, options: SideOptions): boolean {
  return media.rtcpMux && options.otherRtcpMux !== false;
}

/** RTCP goes to RTP's address or nowhere: it would otherwise be a way to point us at somebody else. */
function rtcpTargetOf(media: MediaDescription, options: SideOptions): Endpoint | undefined {
  if (muxesRtcp(media, options) || media.rtcp === undefined || media.rtcp.address !== media.address) return undefined;
  if (targetProblem(media.rtcp, options) !== undefined) return undefined;
  return { address: canonical(media.rtcp.address), port: media.rtcp.port };
}

function learnFromOf(media: MediaDescription, reachable: boolean, options: SideOptions): readonly string[] {
  if (media.port === 0) return [];
  const addresses = reachable ? [canonical(media.address)] : [];
  if (options.party === 'enduser') addresses.push(canonical(options.signallingAddress));
  return [...new Set(addresses)];
}

/**
 * One and a half times the nominal rate of the codec, and 75 more: a peer may send shorter packets than it asks for.
 * Video has no nominal rate. [network.per-stream-rate-limit]
 */
function maxPacketsPerSecond(media: MediaDescription): number {
  if (framingOf(media.protocol) === 'udptl') return 200;
  if (media.kind !== 'audio') return 2000;
  return Math.ceil((1000 / Math.max(media.ptimeMs ?? 20, 5)) * 1.5) + 75;
}

interface TargetProblem {
  readonly reason: string;
  /** A private address: for a phone behind a NAT nothing unusual. */
  readonly natted: boolean;
}

function targetProblem(target: Endpoint, options: SideOptions): TargetProblem | undefined {
  const wrong = (reason: string, natted = false): TargetProblem => ({ reason: `${target.address} ${reason}`, natted });
  if (isIP(target.address) === 0 && !ipaddr.isValid(target.address)) return wrong('is not a numeric address', true);
  if (!isPort(target.port)) return wrong(`has the impossible port ${target.port}`);
  const address = ipaddr.process(target.address);
  const text = address.toString();
  if (isOwnPort(text, target.port, options)) return wrong('with that port is our own relay');
  const range = address.range();
  if (range === 'multicast' || range === 'broadcast' || range === 'unspecified') return wrong(`is ${range}`);
  if (options.allowedNetworks.some((network) => network.contains(target.address))) return undefined;
  if (isOwn(text, options)) return wrong('is our own address');
  // 'reserved' is documentation and future use: nobody's network, so nobody is hit.
  if (range === 'unicast' || range === 'reserved') return undefined;
  return wrong(`is a ${range} address, and not in the declared media networks`, natRanges.has(range));
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}

function isOwn(address: string, { ownAddresses }: SideOptions): boolean {
  return ownAddresses.some((candidate) => canonical(candidate) === address);
}

function isOwnPort(address: string, port: number, options: SideOptions): boolean {
  const [firstPort, lastPort] = options.ownPorts;
  return port >= firstPort && port <= lastPort + 1 && isOwn(address, options);
}

const natRanges: ReadonlySet<string> = new Set(['private', 'carrierGradeNat', 'uniqueLocal']);

/** One spelling for each address, as sockets report it: the relay compares text. */
function canonical(address: string): string {
  if (isIPv4(address)) return address;
  return ipaddr.isValid(address) ? ipaddr.process(address).toString() : address;
}
