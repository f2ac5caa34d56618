import { createHmac, hash, type KeyObject } from 'node:crypto';
import type { Clock } from '../../base/time/clock.ts';
import { equalInConstantTime } from './constant-time.ts';

/** Where a challenge went and its answer must come from. */
export interface NonceSource {
  readonly transport: string;
  readonly address: string;
  readonly port: number;
}

/** `foreign`: not made by us for this source in this run. Not evidence: an address may have changed behind a NAT. */
export type NonceVerdict = 'valid' | 'expired' | 'foreign';

export interface NonceOptions {
  readonly lifetimeMs: number;
}

/** 16 characters of base64url: 96 bits. */
const macLength = 16;

const maxNonceLength = 64;

/**
 * Makes nonces that need no memory: MAC, serial number and time of making. The MAC covers the source, and the key is
 * derived for each boot, so that only who received at that address can answer, and only to this run of the server.
 *
 * The MAC is SHA-256 over a secret block and the fields, of which 96 of 256 bits are shown. The cut is what makes the
 * prefix construction sound: extending a message needs the whole inner state. It costs a quarter of `createHmac`.
 */
export class NonceMint {
  readonly #secretBlock: string;
  readonly #clock: Clock;
  readonly #lifetimeMs: number;
  #serial = 0;

  constructor(key: KeyObject, bootId: string, clock: Clock, options: NonceOptions) {
    // 64 characters of hex fill the first block of SHA-256 exactly.
    this.#secretBlock = createHmac('sha256', key).update(`digest nonce of boot ${bootId}`).digest('hex');
    this.#clock = clock;
    this.#lifetimeMs = options.lifetimeMs;
  }

  /** A nonce for this source, different from every other one of this run; needs no quoting or escaping. */
  mint(source: NonceSource): string {
    this.#serial += 1;
    const stamp = `${this.#serial.toString(36)}.${Math.floor(this.#clock.monotonicMs()).toString(36)}`;
    return this.#mac(stamp, source) + stamp;
  }

  check(nonce: string, source: NonceSource): NonceVerdict {
    if (nonce.length <= macLength || nonce.length > maxNonceLength) return 'foreign';
    const stamp = nonce.slice(macLength);
    if (!equalInConstantTime(nonce.slice(0, macLength), this.#mac(stamp, source))) return 'foreign';
    const mintedAtMs = Number.parseInt(stamp.slice(stamp.indexOf('.') + 1), 36);
    return this.#clock.monotonicMs() - mintedAtMs <= this.#lifetimeMs ? 'valid' : 'expired';
  }

  #mac(stamp: string, source: NonceSource): string {
    const fields = `${this.#secretBlock}${stamp} ${source.transport} ${source.address} ${source.port}`;
    return hash('sha256', fields, 'base64url').slice(0, macLength);
  }
}

/** The serial number inside a nonce that `check` called valid: a small key that rises with the time of making. */
export function nonceSerial(nonce: string): number {
  return Number.parseInt(nonce.slice(macLength), 36);
}
