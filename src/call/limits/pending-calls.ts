import { SourceCounts } from '../../base/bounded/source-counts.ts';
import { BoundedMap } from '../../base/bounded/bounded-map.ts';

/** Two calls of one user nearer to each other than this were not dialled by a person. */
const humanGapMs = 5;
const maxFastInARow = 20;
const maxUsers = 50_000;

/** Calls that have no final answer yet, by the source that they came from [session.blocktoomuchpendingsession]. */
export class PendingCalls {
  readonly #counts = new SourceCounts();

  of(address: string): number {
    return this.#counts.of(address);
  }

  /** @returns what takes the call away again; it may be called more than once. */
  add(address: string): () => void {
    this.#counts.add(address);
    let isPending = true;
    return () => {
      if (isPending) this.#counts.remove(address);
      isPending = false;
    };
  }
}

/** How fast one call of a user follows the other [session.abnormal-speed-close]. */
export class DialSpeed {
  readonly #users = new BoundedMap<number, { lastMs: number; fastInARow: number }>(maxUsers);

  /** A new call of the user. @returns how many calls in a row, this one included, came too soon after the one before. */
  dialled(accountId: number, nowMs: number): number {
    const user = this.#users.get(accountId);
    if (user === undefined) {
      this.#users.set(accountId, { lastMs: nowMs, fastInARow: 0 });
      return 0;
    }
    user.fastInARow = nowMs - user.lastMs <= humanGapMs ? user.fastInARow + 1 : 0;
    user.lastMs = nowMs;
    return user.fastInARow;
  }
}

/** Whether so many calls in a row are too many. */
export function isInhuman(fastInARow: number): boolean {
  return fastInARow >= maxFastInARow;
}
