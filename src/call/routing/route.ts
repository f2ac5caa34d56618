import type { SipHop, SipServers } from '../trunks/sip-servers.ts';
import type { Destination } from './destination.ts';

/** What is dialled next: all devices of a user, or one hop of a SIP server; no hop where its host leads nowhere. */
export interface RouteStep {
  readonly destination: Destination;
  readonly hop: SipHop | undefined;
  /** True where the SIP server has this hop only. */
  readonly isOnlyHop: boolean;
}

/**
 * The order in which one call is tried: the destinations of its rule one after another, each SIP server at all its hops
 * (RFC 3263 §4.3) before the next. SIP servers that are down and hops that are to be left alone come last.
 */
export class Route {
  readonly #servers: SipServers;
  readonly #destinations: readonly Destination[];
  /** What is left, in order; undefined until the first step is asked for. */
  #waiting: Destination[] | undefined;
  /** Steps of the destination that is tried now. */
  #steps: RouteStep[] = [];
  #last: RouteStep[] = [];

  constructor(servers: SipServers, destinations: readonly Destination[]) {
    this.#servers = servers;
    this.#destinations = destinations;
  }

  /** Hands over the next step, at once or when DNS has answered; undefined when nothing is left. */
  next(use: (step: RouteStep | undefined) => void): void {
    this.#waiting ??= this.#inOrder();
    const step = this.#steps.shift();
    if (step !== undefined) return use(step);
    const destination = this.#waiting.shift();
    if (destination === undefined) return use(this.#last.shift());
    if (destination.kind === 'devices') return use({ destination, hop: undefined, isOnlyHop: true });
    this.#servers.hopsOf(destination.trunk, (hops) => {
      if (hops.length === 0) return use({ destination, hop: undefined, isOnlyHop: true });
      const steps = hops.map((hop) => ({ destination, hop, isOnlyHop: hops.length === 1 }));
      const isHeld = ({ hop }: (typeof steps)[number]): boolean => this.#servers.isHeld(destination.account, hop);
      this.#steps = steps.filter((each) => !isHeld(each));
      this.#last.push(...steps.filter(isHeld));
      this.next(use);
    });
  }

  /** The SIP server itself has spoken, or may get no call: its other hops are not tried. */
  skip({ account }: Destination): void {
    const isOther = (step: RouteStep): boolean => step.destination.account.id !== account.id;
    this.#steps = this.#steps.filter(isOther);
    this.#last = this.#last.filter(isOther);
  }

  #inOrder(): Destination[] {
    const isDown = ({ kind, account }: Destination): boolean => kind === 'trunk' && this.#servers.isDown(account);
    return [...this.#destinations.filter((each) => !isDown(each)), ...this.#destinations.filter(isDown)];
  }
}
