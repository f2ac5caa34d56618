import { assert } from '../../base/result/assert.ts';
import { textHash } from '../../base/bounded/text-hash.ts';
import type { Random } from '../../base/random/random.ts';
import type { Clock } from '../../base/time/clock.ts';

const firstOctets = 1 << 20;
const bucketCount = 1 << 16;

/** Octets before the key of a record. */
const headOctets = 32;

/**
 * The answers of non-INVITE requests in the Completed state (RFC 3261 §17.2.2): a retransmission within timer J gets
 * the same one. There are thousands a second and hardly one is asked for again, so they lie in one ring of octets,
 * oldest first, and not as objects that the collector of garbage would carry about for half a minute.
 *
 *     | length 4 | of key 4 | of answer 4 | unused 4 | time 8 | before 8 | key | answer |     in steps of 8 octets
 *
 * `before` is the place of the record that its bucket held before it. Places count up for ever, and lie in the ring
 * modulo its size. A record without a key fills up to the end of the ring. Full, it grows up to its maximum; then the oldest go first, and timer J is shorter for a while.
 */
export class AnsweredRequests {
  readonly #clock: Clock;
  readonly #keepMs: number;
  readonly #maxOctets: number;
  readonly #seed: number;
  #ring = Buffer.alloc(0);
  #view = new DataView(this.#ring.buffer);
  /** Place of the newest record of each bucket; it is gone when it lies before `#oldest`. */
  readonly #buckets = new Float64Array(bucketCount).fill(-1);
  #oldest = 0;
  #end = 0;
  #count = 0;

  /** `maxOctets` is a power of two of at least 1 MiB. */
  constructor(clock: Clock, random: Random, keepMs: number, maxOctets: number) {
    assert(maxOctets >= firstOctets && Number.isInteger(Math.log2(maxOctets)), 'the ring is a power of two');
    this.#clock = clock;
    this.#keepMs = keepMs;
    this.#maxOctets = maxOctets;
    this.#seed = random.below(2 ** 32);
  }

  /** Answers that a retransmission would get now. */
  get count(): number {
    this.#dropExpired();
    return this.#count;
  }

  remember(key: string, answer: string): void {
    const length = Math.ceil((headOctets + key.length + answer.length) / 8) * 8;
    this.#dropExpired();
    const place = this.#makeRoom(length);
    if (place === undefined) return;
    const bucket = textHash(this.#seed, key) % bucketCount;
    const at = place % this.#ring.length;
    this.#view.setUint32(at, length, true);
    this.#view.setUint32(at + 4, key.length, true);
    this.#view.setUint32(at + 8, answer.length, true);
    this.#view.setFloat64(at + 16, this.#clock.monotonicMs(), true);
    this.#view.setFloat64(at + 24, this.#buckets[bucket] ?? -1, true);
    this.#ring.write(key, at + headOctets, 'latin1');
    this.#ring.write(answer, at + headOctets + key.length, 'latin1');
    this.#buckets[bucket] = place;
    this.#end = place + length;
    this.#count++;
  }

  /** @returns what the request with this key was answered, while timer J runs. */
  find(key: string): string | undefined {
    let place = this.#buckets[textHash(this.#seed, key) % bucketCount] ?? -1;
    while (place >= this.#oldest) {
      const at = place % this.#ring.length;
      if (this.#isKey(at, key)) {
        if (this.#isOver(at)) return undefined;
        const start = at + headOctets + key.length;
        return this.#ring.toString('latin1', start, start + this.#view.getUint32(at + 8, true));
      }
      place = this.#view.getFloat64(at + 24, true);
    }
    return undefined;
  }

  clear(): void {
    this.#oldest = this.#end;
    this.#count = 0;
  }

  #isKey(at: number, key: string): boolean {
    if (this.#view.getUint32(at + 4, true) !== key.length) return false;
    const start = at + headOctets;
    for (let index = 0; index < key.length; index++) {
      if (this.#ring[start + index] !== key.charCodeAt(index)) return false;
    }
    return true;
  }

  /** A place with that many octets in a row; undefined for what would not fit into the whole ring. */
  #makeRoom(length: number): number | undefined {
    if (length > this.#maxOctets / 2) return undefined;
    for (;;) {
      const size = this.#ring.length;
      const left = size - (this.#end % Math.max(size, 1));
      const place = length <= left ? this.#end : this.#end + left;
      if (place + length - this.#oldest <= size) {
        if (place !== this.#end) this.#padTo(place);
        return place;
      }
      if (size < this.#maxOctets) this.#grow();
      else this.#dropOldest();
    }
  }

  #padTo(place: number): void {
    const at = this.#end % this.#ring.length;
    this.#view.setUint32(at, place - this.#end, true);
    this.#view.setUint32(at + 4, 0, true);
    this.#end = place;
  }

  #isOver(at: number): boolean {
    return this.#clock.monotonicMs() - this.#view.getFloat64(at + 16, true) >= this.#keepMs;
  }

  #dropExpired(): void {
    while (this.#oldest < this.#end) {
      const at = this.#oldest % this.#ring.length;
      if (this.#view.getUint32(at + 4, true) > 0 && !this.#isOver(at)) return;
      this.#dropOldest();
    }
  }

  #dropOldest(): void {
    const at = this.#oldest % this.#ring.length;
    if (this.#view.getUint32(at + 4, true) > 0) this.#count--;
    this.#oldest += this.#view.getUint32(at, true);
  }

  /** Twice the octets. No record lies across the end of the old ring, and so none across that of the new one. */
  #grow(): void {
    const old = this.#ring;
    const ring = Buffer.alloc(Math.max(old.length * 2, firstOctets));
    for (let place = this.#oldest; place < this.#end; ) {
      const start = place % old.length;
      const count = Math.min(old.length - start, this.#end - place);
      old.copy(ring, place % ring.length, start, start + count);
      place += count;
    }
    this.#ring = ring;
    this.#view = new DataView(ring.buffer, ring.byteOffset, ring.length);
  }
}
