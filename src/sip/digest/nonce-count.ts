import { BoundedMap } from '../../base/bounded/bounded-map.ts';
import type { DigestCredentials } from './credentials.ts';
import { nonceSerial } from './nonce.ts';

export type NonceUse = 'fresh' | 'replayed';

/** An answer without qop has no count: its nonce is used up by it. */
const usedUp = Number.POSITIVE_INFINITY;

/**
 * Remembers how far each nonce was counted, so that a captured answer is worth nothing (RFC 7616 §5.5). The repetition
 * of the same request by its sender never comes here: the transaction answers it.
 *
 * The memory is bounded and fails shut: when an entry has to go, every nonce as old as it that is not remembered is
 * called replayed from then on, and its owner is challenged once more. Keys are the nonces' serial numbers: the text
 * of a nonce would keep the whole message alive that it was cut from.
 */
export class NonceCount {
  readonly #highest: BoundedMap<number, number>;
  #forgottenUpTo = 0;

  constructor(maxEntries: number) {
    this.#highest = new BoundedMap(maxEntries, (serial) => {
      if (serial > this.#forgottenUpTo) this.#forgottenUpTo = serial;
    });
  }

  /**
   * Takes note of an answer whose nonce `NonceMint.check` called valid. To be called once the answer is proven right,
   * or strangers could fill the memory. An answer without qop is good for one use of a new nonce.
   */
  take({ nonce, nc: count }: Pick<DigestCredentials, 'nonce' | 'nc'>): NonceUse {
    const serial = nonceSerial(nonce);
    const highest = this.#highest.get(serial);
    if (highest === undefined) {
      if (serial <= this.#forgottenUpTo) return 'replayed';
    } else if (count === undefined || count <= highest) {
      return 'replayed';
    }
    this.#highest.set(serial, count ?? usedUp);
    return 'fresh';
  }
}
