import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { parsePrefix, type Prefix } from '../base/net/prefix.ts';
import { type Endpoint, inFamilyOf } from '../base/net/endpoint.ts';
import type { Clock } from '../base/time/clock.ts';
import type { Settings } from '../settings/index.ts';
import type { Family } from '../sip/resolve/index.ts';
import type { Flow, TransportName } from '../sip/transport/index.ts';

/** One address of this machine with the network that it stands in. */
export interface OwnAddress {
  readonly address: string;
  readonly network: Prefix;
  readonly internal: boolean;
}

const refreshMs = 10_000;

/** Loopback and private networks: peers there are reached without the public address. */
const nearRanges = [
  '127.0.0.0/8',
  '::1/128',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  'fc00::/7',
].map(prefixOf);

/** The addresses of this machine, link-local ones left out: nobody can be told one without its zone. */
export function machineAddresses(): readonly OwnAddress[] {
  return Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).flatMap(({ address, cidr, internal }) => {
      if (cidr === null || address.startsWith('fe80:')) return [];
      return [{ address, network: prefixOf(cidr), internal }];
    }),
  );
}

/**
 * What we write into Via, Contact and SDP for a peer: the bound address where one was named; behind a wildcard, the
 * address in the peer's own network, else the public address of the settings, else the machine's first one.
 */
export function advertisedEndpoint(flow: Flow, settings: Settings, own: readonly OwnAddress[]): Endpoint {
  const { address } = flow.local;
  // A connection that we opened has a port of its own; new requests to us go to the one that we listen on.
  const port = listeningPort(flow.transport, settings) || flow.local.port;
  const remote = flow.remote.address;
  const outside = inFamilyOf(remote, settings.public_address);
  if (outside !== undefined && !nearRanges.some((range) => range.contains(remote))) return { address: outside, port };
  // A connection that is still being opened has no local address yet.
  if (address !== '' && address !== '0.0.0.0' && address !== '::') return { address, port };
  return { address: addressTowards(remote, own), port };
}

/**
 * Address families in which SIP servers can be reached, the preferred one first: those that we listen in and that the
 * machine has an address of its own in; on a machine without a network, whatever we listen in.
 */
export function reachedFamilies(settings: Settings, own: readonly OwnAddress[]): readonly Family[] {
  const order: readonly Family[] = settings.next_hop_family === 'ipv6' ? [6, 4] : [4, 6];
  const outward = own.filter(({ internal }) => !internal);
  const isIn = (family: Family, address: string): boolean => isIPv6(address) === (family === 6);
  return order.filter((family) => {
    if (!settings.listen.some((address) => isIn(family, address))) return false;
    return outward.length === 0 || outward.some(({ address }) => isIn(family, address));
  });
}

/**
 * Where the relay's ports for a side are bound: the media address of its family; else the wildcard of the family that
 * the side is shown, where `listen` has it; else the listening address itself.
 */
export function relayAddress({ media_address, listen }: Settings, ownAddress: string): string {
  const media = inFamilyOf(ownAddress, media_address);
  if (media !== undefined) return media;
  if (listen.includes(ownAddress)) return ownAddress;
  const wildcard = ownAddress.includes(':') ? '::' : '0.0.0.0';
  return listen.includes(wildcard) ? wildcard : (inFamilyOf(ownAddress, listen) ?? wildcard);
}

function listeningPort(transport: TransportName, settings: Settings): number {
  switch (transport) {
    case 'udp':
      return 0;
    case 'tcp':
      return settings.tcp_port;
    case 'tls':
      return settings.usetls ? settings.localtlsport : 0;
    case 'ws':
      return settings.ws_port;
    case 'wss':
      return settings.wss_port;
  }
}

function addressTowards(remote: string, own: readonly OwnAddress[]): string {
  const family = own.filter(({ address }) => isIPv6(address) === isIPv6(remote));
  const neighbour = family.find(({ network }) => network.contains(remote));
  const outward = family.find(({ internal }) => !internal);
  return (neighbour ?? outward ?? family[0])?.address ?? (isIPv6(remote) ? '::1' : '127.0.0.1');
}

function prefixOf(text: string): Prefix {
  const prefix = parsePrefix(text);
  if (!prefix.ok) throw new Error(prefix.error);
  return prefix.value;
}

/** The machine's addresses, looked up now and then: asking the system for each message would cost more than the message. */
export function refreshedAddresses(clock: Clock): () => readonly OwnAddress[] {
  let addresses = machineAddresses();
  let askedAtMs = clock.monotonicMs();
  return () => {
    const nowMs = clock.monotonicMs();
    if (nowMs - askedAtMs > refreshMs) {
      addresses = machineAddresses();
      askedAtMs = nowMs;
    }
    return addresses;
  };
}
