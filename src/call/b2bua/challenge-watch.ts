import type { Clock, Timer } from '../../base/time/clock.ts';
import type { SideStats, StreamStats } from '../../media/index.ts';

/** How long a side may leave a challenge unanswered and be silent besides. */
const unansweredMs = 10_000;

/**
 * Watches one side of a call that was challenged because a request of its dialog came from elsewhere. Whoever holds the
 * call there proves itself, or its media still comes: either shows that the side is alive, and that the request was
 * not its own or did not matter. A side that does neither has gone, maybe with a BYE that its phone cannot prove.
 */
export class ChallengeWatch {
  readonly #clock: Clock;
  readonly #side: 'a' | 'b';
  readonly #stats: () => Promise<readonly StreamStats[]>;
  readonly #onGone: () => void;
  #timer: Timer | undefined;

  constructor(clock: Clock, side: 'a' | 'b', stats: () => Promise<readonly StreamStats[]>, onGone: () => void) {
    this.#clock = clock;
    this.#side = side;
    this.#stats = stats;
    this.#onGone = onGone;
  }

  /** A request from elsewhere was challenged; further ones give the side no more time. */
  challenged(): void {
    if (this.#timer !== undefined) return;
    const before = this.#packets();
    this.#timer = this.#clock.after(unansweredMs, () => {
      const timer = this.#timer;
      Promise.all([before, this.#packets()]).then(
        ([then, now]) => {
          if (this.#timer !== timer) return;
          this.#timer = undefined;
          if (then === now) this.#onGone();
        },
        // A relay that cannot tell has died, and ends the call itself.
        () => {},
      );
    });
  }

  /** The side has spoken from where it is known, or has proven itself elsewhere. */
  proven(): void {
    this.stop();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #packets(): Promise<number> {
    const streams = await this.#stats();
    return streams.map((stream): SideStats => stream[this.#side]).reduce((sum, { packets }) => sum + packets, 0);
  }
}
