import type { CallMedia } from '../call-media.ts';
import type { Phone } from '../phone.ts';
import type { PhoneCall } from '../phone-call.ts';
import { type Voice, voices } from '../tone.ts';

/** A phone of the demo and who it belongs to. */
export interface DemoPhone {
  readonly name: string;
  readonly phone: Phone;
  readonly voice: Voice;
}

/** How a call is meant to end. */
export type Plan = 'talk' | 'busy' | 'cancel' | 'hold';

/** Sound of somebody else may slip in at the edges of a window, not more. */
const strangerToleranceMs = 300;

/** The part of the time that a voice must be heard: the rest is the way, and the windows at both ends. */
const heardPart = 0.6;

/** One call of the demo, seen from both ends. */
export class DemoCall {
  readonly from: DemoPhone;
  readonly to: DemoPhone;
  readonly plan: Plan;
  readonly call: PhoneCall;
  /** The callee's side; undefined until it rings there, and for a busy one. */
  callee: PhoneCall | undefined;
  /** Time in which the call was on hold. */
  heldMs = 0;
  /** What else went wrong on the way; '' for nothing. */
  problem = '';

  constructor(from: DemoPhone, to: DemoPhone, plan: Plan) {
    this.from = from;
    this.to = to;
    this.plan = plan;
    to.phone.onIncoming = (call) => {
      this.callee ??= call;
    };
    this.call = from.phone.call(to.name);
  }

  /** Time from the answer to the end, or to now. */
  upMs(nowMs: number): number {
    const { answeredAtMs, endedAtMs } = this.call;
    return answeredAtMs === undefined ? 0 : (endedAtMs ?? nowMs) - answeredAtMs;
  }

  /** @returns '' when everything went as planned, else what did not. */
  verdict(): string {
    if (this.problem !== '') return this.problem;
    const { outcome } = this.call;
    if (outcome === undefined) return 'did not end';
    const wanted = { talk: 200, hold: 200, busy: 486, cancel: 487 }[this.plan];
    if (outcome.status !== wanted) return `ended with ${outcome.status} ${outcome.reasons.join(', ')}, not ${wanted}`;
    if (this.plan === 'cancel' && this.callee?.outcome?.cause !== 'cancelled') return `${this.to.name} was not told`;
    if (wanted !== 200) return '';
    if (this.callee?.outcome?.cause !== 'bye') return `${this.to.name}'s side did not end with a BYE`;
    return this.#deafness(this.call.media, this.from, this.to) || this.#deafness(this.callee.media, this.to, this.from);
  }

  #deafness(media: CallMedia | undefined, listener: DemoPhone, talker: DemoPhone): string {
    const heardMs = media?.heardMs(talker.voice) ?? 0;
    const dueMs = this.upMs(0) - this.heldMs;
    if (heardMs < dueMs * heardPart) {
      return `${listener.name} heard ${talker.name} for ${seconds(heardMs)} of ${seconds(dueMs)}`;
    }
    const strangers = voices.filter((voice) => voice !== talker.voice);
    const strangeMs = strangers.reduce((sum, voice) => sum + (media?.heardMs(voice) ?? 0), 0);
    return strangeMs > strangerToleranceMs ? `${listener.name} heard somebody else for ${seconds(strangeMs)}` : '';
  }
}

export function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`;
}
