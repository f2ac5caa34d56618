import type { AccountDirectory } from '../accounts/directory.ts';
import { parsePrefix } from '../base/net/prefix.ts';
import { trunkPeer } from '../call/trunks/hop-target.ts';
import type { TrunkAddresses } from '../call/trunks/trunk-addresses.ts';
import type { PeerIdentity } from '../sip/transport/index.ts';
import type { OwnAddress } from './addresses.ts';
import type { Listing } from './guard-trust.ts';

export interface AddressOwnersParts {
  readonly directory: AccountDirectory;
  /** What the host names of SIP servers stand for now. */
  readonly resolved: () => TrunkAddresses;
  readonly ownAddresses: () => readonly OwnAddress[];
  /** Whether somebody authenticated from an address within the last hour. */
  readonly hasProven: (address: string) => boolean;
}

/** Whose an address is: a SIP server's, be it by its name, a traffic sender's, a phone's that proved itself, or our own. */
export class AddressOwners {
  readonly #parts: AddressOwnersParts;

  constructor(parts: AddressOwnersParts) {
    this.#parts = parts;
  }

  /** What the SIP server at an address has to prove over TLS; undefined where there is none. */
  serverAt(address: string): PeerIdentity | undefined {
    const { directory, resolved } = this.#parts;
    const listed = directory.sipServersAt(address).find(({ enabled }) => enabled);
    const { trunk } = listed ?? resolved().serverAt(address) ?? {};
    return trunk && trunkPeer(trunk);
  }

  /** What accounts are listed with the address. */
  listing(address: string): Listing {
    const { directory, resolved } = this.#parts;
    const isServer = directory.sipServersAt(address).some(({ enabled }) => enabled);
    if (isServer || resolved().serverAt(address) !== undefined) return 'sip server';
    return directory.isListed(address) ? 'traffic sender' : 'none';
  }

  /** Authenticated lately from this address, or listed with it: served on when strangers are not. */
  isKnown(address: string): boolean {
    const { directory, resolved, hasProven } = this.#parts;
    if (hasProven(address) || directory.isListed(address)) return true;
    return resolved().serverAt(address) !== undefined;
  }

  /** Whether a network that would be banned holds us, or a SIP server. */
  holdsTrusted(network: string): boolean {
    const { directory, resolved, ownAddresses } = this.#parts;
    const range = parsePrefix(network);
    if (!range.ok) return false;
    const servers = directory.sipServers().filter(({ enabled }) => enabled);
    const addresses = [
      ...ownAddresses().map(({ address }) => address),
      ...servers.flatMap(({ authIp, trunk }) => [...authIp, trunk?.host ?? '']),
      ...resolved().all(),
    ];
    return addresses.some((address) => range.value.contains(address));
  }
}
