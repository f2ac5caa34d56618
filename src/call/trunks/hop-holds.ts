import { UntilTimes } from '../../base/bounded/until-times.ts';
import type { Clock } from '../../base/time/clock.ts';
import { type Hop, hopKey } from '../../sip/resolve/index.ts';
import type { TransportName } from '../../sip/transport/index.ts';
import type { Refused } from '../leg/events.ts';

/** However long a server asks to be left alone: a wrong figure of a carrier must not cost its route for the day. */
const maxRetryAfterS = 300;
/** How long a hop that gave no sign of life is tried after the others. */
const silentS = 30;
const maxHolds = 10_000;

/** Hops that are left alone for a while: a 503 asked for it (RFC 3261 §21.5.4), or they gave no sign of life. */
export class HopHolds {
  readonly #holds: UntilTimes<string>;

  constructor(clock: Clock) {
    this.#holds = new UntilTimes(clock, maxHolds);
  }

  isHeld(hop: Hop<TransportName>): boolean {
    return this.#holds.holds(hopKey(hop));
  }

  /** A call was refused by this hop, or got nothing from it. `isOnly`: its SIP server has no other. */
  refused(hop: Hop<TransportName>, { status, retryAfterS, isOurs }: Refused, isOnly: boolean): void {
    if (isOurs !== true && status === 503 && retryAfterS !== undefined) this.#hold(hop, retryAfterS);
    // One silent call is no reason to change the order of a dial rule; among the hops of one SIP server it is.
    else if (isOurs === true && status === 408 && !isOnly) this.#hold(hop, silentS);
  }

  #hold(hop: Hop<TransportName>, forS: number): void {
    if (forS > 0) this.#holds.set(hopKey(hop), Math.min(forS, maxRetryAfterS) * 1000);
  }
}
