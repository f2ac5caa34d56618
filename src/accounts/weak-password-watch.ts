import type { Clock, Timer } from '../base/time/clock.ts';
import type { AccountDirectory } from './directory.ts';
import { isGuessable } from './ha1.ts';
import type { Account } from './model.ts';

const roundMs = 24 * 3600 * 1000;
/** One account costs about 10 ms of the signalling thread, so they are looked at one by one and far apart. */
const stepMs = 500;

/**
 * Looks once a day, one account after another, for SIP passwords that a guesser tries first and that got in while the
 * rules were laxer [auth.enforcestrongauth]. Only HA1s are stored, so the guesses are hashed and compared.
 */
export class WeakPasswordWatch {
  readonly #clock: Clock;
  readonly #directory: AccountDirectory;
  readonly #isOn: () => boolean;
  readonly #replace: (account: Account) => void;
  #timer: Timer | undefined;
  #waiting: Account[] = [];

  /** `replace` gives the account a random password and tells the operator, never the password. */
  constructor(clock: Clock, directory: AccountDirectory, isOn: () => boolean, replace: (account: Account) => void) {
    this.#clock = clock;
    this.#directory = directory;
    this.#isOn = isOn;
    this.#replace = replace;
  }

  start(): void {
    this.#waiting = this.#isOn() ? [...this.#directory.accounts()] : [];
    const roundStartedMs = this.#clock.monotonicMs();
    const step = (): void => {
      const account = this.#waiting.shift();
      if (account === undefined) {
        const restMs = Math.max(stepMs, roundMs - (this.#clock.monotonicMs() - roundStartedMs));
        this.#timer = this.#clock.after(restMs, () => this.start());
        return;
      }
      this.#look(account);
      this.#timer = this.#clock.after(stepMs, step);
    };
    step();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#waiting = [];
  }

  #look({ id, name }: Account): void {
    const account = this.#directory.accountById(id);
    const credential = this.#directory.credentialOf(id);
    if (account === undefined || credential === undefined || !this.#isOn()) return;
    if (isGuessable(credential, name)) this.#replace(account);
  }
}
