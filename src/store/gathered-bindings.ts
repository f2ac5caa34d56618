import type { Clock } from '../base/time/clock.ts';
import { type Binding, bindingPlace } from '../registrar/binding.ts';
import type { BindingStore } from '../registrar/ports.ts';
import type { Row, RowChange, Write } from './messages.ts';

/** Bindings are written at most this often: a REGISTER does not wait for them, and they are durable within a second. */
const gatherMs = 200;

/**
 * Bindings on their way to the disk. A phone that registers twice within the time is written once; what could not be
 * written is tried again, so that a full disk costs time and not registrations.
 */
export class GatheredBindings implements BindingStore {
  readonly #clock: Clock;
  readonly #write: (write: Write) => Promise<void>;
  readonly #onFailure: (message: string) => void;
  #gathered = new Map<string, Binding | undefined>();
  #inFlight: Promise<void> = Promise.resolve();
  #timerSet = false;
  #stopped = false;

  constructor(clock: Clock, write: (write: Write) => Promise<void>, onFailure: (message: string) => void) {
    this.#clock = clock;
    this.#write = write;
    this.#onFailure = onFailure;
  }

  put(binding: Binding): void {
    this.#gathered.set(binding.key, binding);
    this.#schedule();
  }

  remove(key: string): void {
    this.#gathered.set(key, undefined);
    this.#schedule();
  }

  /** Writes what is gathered now, and nothing any more after that. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#flush();
  }

  async #flush(): Promise<void> {
    await this.#inFlight;
    if (this.#gathered.size === 0) return;
    const flushed = this.#gathered;
    this.#gathered = new Map();
    this.#inFlight = this.#writeAll(flushed);
    await this.#inFlight;
  }

  async #writeAll(flushed: ReadonlyMap<string, Binding | undefined>): Promise<void> {
    try {
      await this.#write(['rows', ...[...flushed].map(([key, binding]) => changeOf(key, binding))]);
    } catch (error) {
      for (const [key, binding] of flushed) if (!this.#gathered.has(key)) this.#gathered.set(key, binding);
      this.#onFailure(error instanceof Error ? error.message : String(error));
      this.#schedule();
    }
  }

  #schedule(): void {
    if (this.#timerSet || this.#stopped) return;
    this.#timerSet = true;
    this.#clock.after(gatherMs, () => {
      this.#timerSet = false;
      void this.#flush();
    });
  }
}

/** Before contacts said where they were proven, each was proven where it is. */
export function bindingOf(row: Row): Binding {
  const stored: Omit<Binding, 'provenAt'> & { readonly provenAt?: string } = JSON.parse(String(row['binding_json']));
  const { transport, sourceAddress, sourcePort } = stored;
  return { ...stored, provenAt: stored.provenAt ?? bindingPlace(transport, sourceAddress, sourcePort) };
}

function changeOf(key: string, binding: Binding | undefined): RowChange {
  if (binding === undefined) return { kind: 'remove', table: 'bindings', column: 'binding_key', value: key };
  const { accountId, expiresAtMs } = binding;
  const row = {
    binding_key: key,
    account_id: accountId,
    expires_at_ms: expiresAtMs,
    binding_json: JSON.stringify(binding),
  };
  return { kind: 'put', table: 'bindings', row };
}
