import type { Account, Trunk } from '../../accounts/model.ts';
import { BoundedMap } from '../../base/bounded/bounded-map.ts';
import type { Random } from '../../base/random/random.ts';
import type { Clock } from '../../base/time/clock.ts';
import type { Hop, HopTarget, Locator } from '../../sip/resolve/index.ts';
import type { TransportName } from '../../sip/transport/index.ts';
import type { Refused } from '../leg/events.ts';
import { HopHolds } from './hop-holds.ts';
import { hopTarget } from './hop-target.ts';
import { TrunkAddresses } from './trunk-addresses.ts';
import { TrunkPings, type TrunkPingsOptions } from './trunk-pings.ts';
import { TrunkRegistrations } from './trunk-registrations.ts';

export type SipHop = Hop<TransportName>;

/** How long a call waits for DNS before it goes on with what there is; a slow answer is kept for the next one. */
const maxLookUpMs = 6000;
/** Names in Record-Route and Contact of SIP servers that are remembered, and for how long at most. */
const maxNamed = 1000;
const maxNamedTtlS = 3600;

export type SipServersOptions = TrunkPingsOptions & { readonly random: Random };

/** Where SIP servers are, which of their places answer, and whose address a packet came from. */
export class SipServers {
  readonly addresses: TrunkAddresses;
  readonly pings: TrunkPings;
  readonly registrations: TrunkRegistrations;
  readonly #holds: HopHolds;
  readonly #locator: Locator<TransportName>;
  readonly #clock: Clock;
  readonly #named = new BoundedMap<string, { readonly hops: readonly SipHop[]; readonly freshUntilMs: number }>(
    maxNamed,
  );

  constructor(options: SipServersOptions) {
    const { directory, locator, clock, log } = options;
    this.#locator = locator;
    this.#clock = clock;
    this.#holds = new HopHolds(clock);
    this.addresses = new TrunkAddresses(directory, locator, clock, log);
    this.pings = new TrunkPings(options);
    this.registrations = new TrunkRegistrations({ ...options, isHeld: (account, hop) => this.isHeld(account, hop) });
  }

  /** To be called at start and whenever an account or a setting has changed. */
  sync(): void {
    this.addresses.sync();
    this.pings.sync();
    this.registrations.sync();
  }

  close(): void {
    this.addresses.close();
    this.pings.close();
    this.registrations.close();
  }

  isDown({ id }: Account): boolean {
    return this.pings.isDown(id);
  }

  /** Whether this hop is to be tried after the others. */
  isHeld({ id }: Account, hop: SipHop): boolean {
    return this.#holds.isHeld(hop) || this.pings.isHopDown(id, hop);
  }

  /** A call was refused by this hop, or got nothing from it. */
  refused(hop: SipHop, refused: Refused, isOnly: boolean): void {
    this.#holds.refused(hop, refused, isOnly);
  }

  /**
   * Hands over the hops of a SIP server in the order of DNS: at once for a numeric host, else when they are known. `use`
   * is called once, with none after too long a wait.
   */
  hopsOf(trunk: Trunk, use: (hops: readonly SipHop[]) => void): void {
    this.#findHops(hopTarget(trunk), use);
  }

  /**
   * The hops of a target that a SIP server has named in a dialog, as far as they are known: a name is asked for in the
   * background, and what it stood for before holds meanwhile.
   */
  knownHops(target: HopTarget<TransportName>): readonly SipHop[] {
    const numeric = this.#locator.numeric(target);
    if (numeric !== undefined) return [numeric];
    const key = `${target.host} ${target.port ?? ''} ${target.transport ?? ''}`;
    const known = this.#named.get(key);
    if (known === undefined || known.freshUntilMs <= this.#clock.monotonicMs()) {
      const hops = known?.hops ?? [];
      this.#named.set(key, { hops, freshUntilMs: this.#clock.monotonicMs() + maxLookUpMs });
      void this.#locator.locate(target).then((located) => {
        const freshUntilMs = this.#clock.monotonicMs() + Math.min(located.ttlS, maxNamedTtlS) * 1000;
        this.#named.set(key, { hops: located.failed && located.hops.length === 0 ? hops : located.hops, freshUntilMs });
      });
      return hops;
    }
    return known.hops;
  }

  #findHops(target: HopTarget<TransportName>, use: (hops: readonly SipHop[]) => void): void {
    const numeric = this.#locator.numeric(target);
    if (numeric !== undefined) return use([numeric]);
    let isOver = false;
    const finish = (hops: readonly SipHop[]): void => {
      if (isOver) return;
      isOver = true;
      timer.cancel();
      use(hops);
    };
    const timer = this.#clock.after(maxLookUpMs, () => finish([]));
    void this.#locator.locate(target).then(({ hops }) => finish(hops));
  }
}
