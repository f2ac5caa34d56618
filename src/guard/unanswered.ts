import type { AddressWords } from '../base/net/address-words.ts';

/** More challenges than the strangers' budget lets through in the time of an answer. */
const capacity = 65_536;
const answerMs = 5000;

/** Where a challenge went that was not answered in time. */
export interface UnansweredChallenge {
  readonly words: AddressWords;
  port: number;
  isConnection: boolean;
}

/**
 * Challenges that wait for their answer, in a ring that never grows. Five seconds later each is looked at once: a source
 * that has answered any challenge since has answered this one, for phones send a request again before they answer.
 */
export class Unanswered {
  readonly #atMs = new Float64Array(capacity);
  readonly #words = new Uint32Array(capacity * 4);
  readonly #ports = new Uint16Array(capacity);
  readonly #connections = new Uint8Array(capacity);
  readonly #due: UnansweredChallenge = { words: new Uint32Array(4), port: 0, isConnection: false };
  #first = 0;
  #count = 0;

  get octets(): number {
    return this.#atMs.byteLength + this.#words.byteLength + this.#ports.byteLength + this.#connections.byteLength;
  }

  /** A challenge goes out now. One that finds no place is not counted. */
  add(words: AddressWords, port: number, isConnection: boolean, nowMs: number): void {
    if (this.#count === capacity) return;
    const place = (this.#first + this.#count++) % capacity;
    this.#atMs[place] = nowMs;
    this.#words.set(words, place * 4);
    this.#ports[place] = port;
    this.#connections[place] = isConnection ? 1 : 0;
  }

  /** Looks at every challenge whose time is over; what `visit` is given holds until it returns. */
  settle(nowMs: number, visit: (challenge: UnansweredChallenge, challengedAtMs: number) => void): void {
    while (this.#count > 0) {
      const place = this.#first;
      const atMs = this.#atMs[place] ?? 0;
      if (nowMs - atMs < answerMs) return;
      this.#first = (this.#first + 1) % capacity;
      this.#count--;
      for (let index = 0; index < 4; index++) this.#due.words[index] = this.#words[place * 4 + index] ?? 0;
      this.#due.port = this.#ports[place] ?? 0;
      this.#due.isConnection = this.#connections[place] === 1;
      visit(this.#due, atMs);
    }
  }
}
