import type { AccountDirectory } from '../../accounts/directory.ts';
import type { Flow } from '../../sip/transport/index.ts';
import { type RegistrationOptions, type RegistrationStatus, TrunkRegistration } from './trunk-registration.ts';

/** First registrations are spread over this, so that a restart with a hundred carriers is no burst. */
const firstWithinMs = 2000;
export interface TrunkRegistrationsOptions extends RegistrationOptions {
  readonly directory: AccountDirectory;
}

/** Registers us at the SIP servers that want it (RFC 3261 §10.2), and takes that back where it is no longer so. */
export class TrunkRegistrations {
  readonly #options: TrunkRegistrationsOptions;
  readonly #registrations = new Map<number, TrunkRegistration>();
  /** Those that are being taken back, with the account that they are for. */
  readonly #leaving = new Map<TrunkRegistration, number>();
  /** Taken back by a server that stops, whose calls go on: their ways are held open until the end. */
  readonly #left: TrunkRegistration[] = [];
  #allLeft: Promise<void> | undefined;
  #onAllLeft: (() => void) | undefined;

  constructor(options: TrunkRegistrationsOptions) {
    this.#options = options;
  }

  status(): readonly RegistrationStatus[] {
    return [...this.#registrations.values()].map(({ status }) => status);
  }

  /** Brings what is registered up to the directory: at start, and after a change of accounts. */
  sync(): void {
    if (this.#allLeft !== undefined) return;
    const wanted = this.#options.directory.sipServers().filter(({ enabled, trunk }) => enabled && trunk?.registerS);
    const byId = new Map(wanted.map((account) => [account.id, account] as const));
    this.#leave((id, registration) => {
      const account = byId.get(id);
      return account === undefined || !registration.goesOnFor(account);
    });
    for (const [position, account] of wanted.entries()) {
      if (account.trunk === undefined || this.#registrations.has(account.id)) continue;
      const registration = new TrunkRegistration(this.#options, account, account.trunk);
      this.#registrations.set(account.id, registration);
      // What is taken back may be the same contact: its end must not come after the new beginning.
      if (!this.#isLeaving(account.id)) registration.registerIn(Math.floor((position * firstWithinMs) / wanted.length));
    }
  }

  connectionClosed(flow: Flow): void {
    for (const registration of this.#registrations.values()) registration.connectionClosed(flow);
  }

  /** Takes everything back: no SIP server is to send calls here any more. Resolves within seconds, whoever is silent. */
  leaveAll(): Promise<void> {
    this.#allLeft ??= new Promise((resolve) => {
      this.#onAllLeft = resolve;
      this.#leave(() => true);
      if (this.#leaving.size === 0) resolve();
    });
    return this.#allLeft;
  }

  close(): void {
    const all = [...this.#registrations.values(), ...this.#leaving.keys(), ...this.#left];
    for (const registration of all) registration.stop();
    this.#registrations.clear();
    this.#leaving.clear();
  }

  #leave(isUnwanted: (id: number, registration: TrunkRegistration) => boolean): void {
    const unwanted = [...this.#registrations].filter(([id, registration]) => isUnwanted(id, registration));
    for (const [id, registration] of unwanted) {
      this.#registrations.delete(id);
      this.#leaving.set(registration, id);
    }
    for (const [id, registration] of unwanted) registration.leave(() => this.#onLeft(id, registration));
  }

  #onLeft(id: number, registration: TrunkRegistration): void {
    this.#leaving.delete(registration);
    if (this.#onAllLeft === undefined) registration.stop();
    else this.#left.push(registration);
    if (!this.#isLeaving(id)) this.#registrations.get(id)?.registerIn(0);
    if (this.#leaving.size === 0) this.#onAllLeft?.();
  }

  #isLeaving(id: number): boolean {
    return [...this.#leaving.values()].includes(id);
  }
}
