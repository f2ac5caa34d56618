import { type AddressWords, readAddressWords } from '../base/net/address-words.ts';
import type { Endpoint } from '../base/net/endpoint.ts';
import { rangeHolds } from '../base/net/prefix.ts';
import type { Clock } from '../base/time/clock.ts';
import { modeOf, type Settings } from '../settings/index.ts';
import type { Admission, PacketSource } from '../sip/transport/index.ts';
import type { BanList, Standing } from './bans/ban-list.ts';
import { Budgets } from './budgets.ts';
import type { Evidence } from './findings.ts';
import type { KnownSources } from './known-sources.ts';
import type { ListedSources } from './lists/listed-sources.ts';
import { isRegister, type OwnMarks, proofIn } from './raw-proof.ts';
import type { KeyedHash } from './table/keyed-hash.ts';
import { OctetRate } from './table/octet-rate.ts';
import { RecentTimes } from './table/recent-times.ts';

/**
 * What a packet has proven: P0, that its sender receives at its address (a connection; on UDP a nonce, tag or branch of
 * ours); P1, that its address authenticated lately; P2, nothing.
 */
export type Proof = 'P0' | 'P1' | 'P2';

/** Why a packet was lost before it was read. */
export type Loss = 'banned' | 'block list' | 'shed' | 'whitelist' | 'network speed' | 'strangers' | 'known' | 'proven';

/** A message of a stranger, as far as it is counted. */
export interface StrangersMessage {
  readonly words: AddressWords;
  port: number;
  evidence: Evidence;
  user: string;
}

/** What the gate asks of the rest of the guard, and tells it. */
export interface PacketGateParts {
  readonly clock: Clock;
  readonly settings: () => Settings;
  readonly marks: OwnMarks;
  /** Why detections spare an address, by the settings that trust addresses, or because it is our own. */
  readonly trustOf: (address: string) => string | undefined;
  /** Whether calls come from this address without a password, as those of carriers do. */
  readonly isListed: (address: string) => boolean;
  /** The addresses of all block lists. */
  readonly listed: () => ListedSources;
  readonly hash: KeyedHash;
  readonly bans: BanList;
  readonly known: KnownSources;
  /** Why nothing stops this address, if so. */
  readonly spared: (words: AddressWords) => string | undefined;
  /** A message of somebody unknown came; the object is filled in anew for the next one. */
  readonly onMessage: (message: StrangersMessage) => void;
  /** A block list names an address that is served because lists are only observed. */
  readonly onObserved: (address: string) => void;
}

/** Where a packet came from, and what stands for and against it. */
interface Source {
  readonly remote: Endpoint;
  readonly isKnown: boolean;
  readonly isKnownPort: boolean;
  readonly isShed: boolean;
  readonly nowMs: number;
}

const listedRole = 702;
const untrustedRole = 703;
const listedCapacity = 4096;
const listedForMs = 1000;

/** Asked for each packet before it is read. Nothing is made for one that is dropped. */
export class PacketGate {
  /** Packets that were served, by proof. */
  readonly served: Record<Proof, number> = { P0: 0, P1: 0, P2: 0 };
  readonly lost: Record<Loss, number> = {
    ...{ banned: 0, 'block list': 0, shed: 0, whitelist: 0, 'network speed': 0, strangers: 0, known: 0, proven: 0 },
  };
  readonly #parts: PacketGateParts;
  readonly #budgets: Budgets;
  readonly #speed = new OctetRate();
  /** Sources of block lists that nothing spares, and when that was last looked at. */
  readonly #blocked = new RecentTimes(listedCapacity);
  readonly #untrusted = new RecentTimes(listedCapacity);
  readonly #words: AddressWords = new Uint32Array(4);
  readonly #message: StrangersMessage = { words: this.#words, port: 0, evidence: 'none', user: '' };
  #strangersRest = false;
  /** How the packet that is being looked at proved its sender. */
  #provenBy: Evidence = 'none';

  constructor(parts: PacketGateParts) {
    this.#parts = parts;
    this.#budgets = new Budgets(parts.hash, parts.settings);
  }

  get octets(): number {
    return this.#blocked.octets + this.#untrusted.octets + this.#budgets.octets;
  }

  /** Told once a second how busy signalling is, from 0 to 1, and whether strangers leave too many challenges unanswered. */
  follow(load: number, strangersRest: boolean): void {
    this.#budgets.follow(load);
    this.#strangersRest = strangersRest;
  }

  /** Whether a packet is read. `octets` are those of a datagram. */
  admit({ transport, remote, octets: length }: PacketSource, octets?: Buffer): Admission {
    const words = this.#words;
    const isUdp = transport === 'udp';
    if (!readAddressWords(remote.address, words)) return isUdp ? 'drop' : 'close';
    const nowMs = this.#parts.clock.monotonicMs();
    const standing = this.#parts.bans.standingOf(words, remote.port, nowMs);
    const loss =
      standing === 'ban'
        ? 'banned'
        : this.#isBlocked(words, remote.address, nowMs)
          ? 'block list'
          : this.#lossOf(remote, isUdp, standing, length, octets, nowMs);
    if (loss === undefined) return 'serve';
    this.lost[loss]++;
    return isUdp ? 'drop' : 'close';
  }

  #lossOf(
    remote: Endpoint,
    isUdp: boolean,
    standing: Standing,
    length: number,
    octets: Buffer | undefined,
    nowMs: number,
  ): Loss | undefined {
    const words = this.#words;
    const settings = this.#parts.settings();
    const { sip_whitelist: only } = settings;
    if (only.length > 0 && !only.some((range) => rangeHolds(range, remote.address))) return 'whitelist';
    if (!this.#speed.take(length, settings.maxnetworkspeed, nowMs)) return 'network speed';
    const isKnown = this.#parts.known.hasProven(words, nowMs);
    const isKnownPort = isKnown && this.#parts.known.hasProvenAt(words, remote.port, nowMs);
    this.#provenBy = isUdp ? 'none' : 'connection';
    const source = { remote, isKnown, isKnownPort, isShed: standing === 'shed', nowMs };
    const loss = isUdp ? this.#lossOfDatagram(source, octets) : this.#lossOfStream(source, length);
    if (settings.maxsubsmscount > 0 && !isKnownPort && !(isKnown && settings.treatusersasknownip)) {
      this.#message.port = remote.port;
      this.#message.evidence = this.#provenBy;
      this.#parts.onMessage(this.#message);
    }
    return loss;
  }

  #lossOfDatagram(source: Source, octets: Buffer | undefined): Loss | undefined {
    const words = this.#words;
    const { isKnown, isShed, nowMs } = source;
    if (isKnown) {
      if (this.#budgets.takeKnown(words, nowMs)) return this.#serve('P1');
      return this.#isProven(source, octets) ? this.#serve('P0') : 'known';
    }
    const isFree = isShed
      ? this.#budgets.takeShed(words, octets !== undefined && isRegister(octets), nowMs)
      : this.#budgets.takeStranger(words, this.#strangersRest, nowMs);
    if (isFree) return this.#serve('P2');
    if (this.#isProven(source, octets)) return this.#serve('P0');
    return isShed ? 'shed' : 'strangers';
  }

  /** Whether a block list stops a source. Who is allowed or trusted is asked about once a second: it costs more than the list. */
  #isBlocked(words: AddressWords, address: string, nowMs: number): boolean {
    if (!this.#parts.listed().holds(words)) return false;
    const mode = modeOf(this.#parts.settings(), 'block_lists');
    if (mode === 'off') return false;
    this.#parts.hash.address(words, listedRole);
    const { high, low } = this.#parts.hash;
    if (nowMs - this.#blocked.get(high, low) < listedForMs) return mode === 'enforce';
    if (this.#parts.spared(words) !== undefined) return false;
    this.#blocked.set(high, low, nowMs);
    if (mode === 'enforce') return true;
    this.#parts.onObserved(address);
    return false;
  }

  #serve(proof: Proof): undefined {
    this.served[proof]++;
    return undefined;
  }

  #lossOfStream({ remote, isKnownPort, nowMs }: Source, length: number): Loss | undefined {
    if (length === 0) return this.#serve('P0');
    const { address, port } = remote;
    if (this.#budgets.takeProven(this.#words, port, { isTrusted: false, isKnownPort }, nowMs)) return this.#serve('P0');
    const isTrusted = this.#mayTrust(address, nowMs);
    return isTrusted && this.#budgets.takeTrusted(this.#words, false, nowMs) ? this.#serve('P0') : 'proven';
  }

  /** What does not fit the budget of its address may prove itself, or come from where much is expected. */
  #isProven({ remote, isKnownPort, isShed, nowMs }: Source, octets: Buffer | undefined): boolean {
    const { address, port } = remote;
    const proof = octets === undefined ? undefined : proofIn(octets, remote, this.#parts.marks);
    const isTrusted = this.#mayTrust(address, nowMs);
    if (proof === undefined) return isTrusted && this.#budgets.takeTrusted(this.#words, isShed, nowMs);
    if (proof === 'nonce') this.#provenBy = 'nonce';
    return this.#budgets.takeProven(this.#words, port, { isTrusted, isKnownPort }, nowMs);
  }

  /** Whether much is expected from there. Of who is not trusted it is asked once a second: a flood would ask for each packet. */
  #mayTrust(address: string, nowMs: number): boolean {
    this.#parts.hash.address(this.#words, untrustedRole);
    const { high, low } = this.#parts.hash;
    if (nowMs - this.#untrusted.get(high, low) < listedForMs) return false;
    if (this.#parts.isListed(address) || this.#parts.trustOf(address) !== undefined) return true;
    this.#untrusted.set(high, low, nowMs);
    return false;
  }
}
