import type { Clock } from '../../base/time/clock.ts';
import { DemoCall, type DemoPhone, type Plan } from './demo-call.ts';

/** The demo's shortest and usual length in seconds; the calls stretch with it. */
export const minDurationS = 8;
export const defaultDurationS = 15;

/** How long after a hold the last voice may still be on its way, and part of a window. */
const settleMs = 300;

/** How long the end of a call may take on both sides. */
const endWaitMs = 5000;

export interface Cast {
  readonly anna: DemoPhone;
  readonly bert: DemoPhone;
  readonly clara: DemoPhone;
  readonly dora: DemoPhone;
}

/** Makes the calls of the demo, which overlap, and resolves when all have ended. */
export class Scenario {
  readonly calls: DemoCall[] = [];
  readonly #clock: Clock;
  readonly #cast: Cast;
  readonly #scale: number;

  constructor(clock: Clock, cast: Cast, durationS: number) {
    this.#clock = clock;
    this.#cast = cast;
    this.#scale = durationS / defaultDurationS;
  }

  async run(): Promise<void> {
    await Promise.all([this.#talk(), this.#busy(), this.#hold(), this.#cancel()]);
  }

  /** Anna talks to Bert and hangs up. */
  async #talk(): Promise<void> {
    const { anna, bert } = this.#cast;
    bert.phone.policy = { ringMs: this.#scaled(700), answer: true };
    const one = this.#dial(anna, bert, 'talk');
    await this.#wait(6200);
    one.call.hangUp();
    await this.#ended(one);
  }

  /** Clara calls Bert, whose only line is taken. */
  async #busy(): Promise<void> {
    const { clara, bert } = this.#cast;
    await this.#wait(1500);
    await this.#ended(this.#dial(clara, bert, 'busy'));
  }

  /** Clara talks to Dora, holds her, comes back; Dora hangs up. */
  async #hold(): Promise<void> {
    const { clara, dora } = this.#cast;
    await this.#wait(2500);
    dora.phone.policy = { ringMs: this.#scaled(700), answer: true };
    const one = this.#dial(clara, dora, 'hold');
    await this.#wait(3500);
    const heldAtMs = this.#clock.monotonicMs();
    const held = await one.call.hold();
    if (!held.ok) one.problem = `hold failed with ${held.error.status}`;
    await this.#pause(settleMs);
    const before = one.callee?.media?.heardMs(clara.voice) ?? 0;
    await this.#wait(2000);
    if ((one.callee?.media?.heardMs(clara.voice) ?? 0) > before) one.problem ||= 'dora heard clara during the hold';
    const resumed = await one.call.resume();
    if (!resumed.ok) one.problem ||= `resume failed with ${resumed.error.status}`;
    one.heldMs = this.#clock.monotonicMs() - heldAtMs;
    await this.#wait(2500);
    if ((one.callee?.media?.heardMs(clara.voice) ?? 0) === before) one.problem ||= 'no voice came back after the hold';
    one.callee?.hangUp();
    await this.#ended(one);
  }

  /** Bert lets it ring at Anna's, and gives up. */
  async #cancel(): Promise<void> {
    const { bert, anna } = this.#cast;
    await this.#wait(7500);
    anna.phone.policy = { ringMs: 0, answer: false };
    const one = this.#dial(bert, anna, 'cancel');
    await this.#wait(2000);
    one.call.cancel();
    await this.#ended(one);
  }

  #dial(from: DemoPhone, to: DemoPhone, plan: Plan): DemoCall {
    const call = new DemoCall(from, to, plan);
    this.calls.push(call);
    return call;
  }

  /** Waits for the end on both sides, but not for ever: a call that does not end is the verdict's matter. */
  async #ended(one: DemoCall): Promise<void> {
    await new Promise<void>((resolve) => {
      const givenUp = this.#clock.after(endWaitMs, resolve);
      void Promise.all([one.call.ended, one.callee?.ended]).then(() => {
        givenUp.cancel();
        resolve();
      });
    });
  }

  #scaled(durationMs: number): number {
    return durationMs * this.#scale;
  }

  #wait(durationMs: number): Promise<void> {
    return this.#pause(this.#scaled(durationMs));
  }

  #pause(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(durationMs, resolve);
    });
  }
}
