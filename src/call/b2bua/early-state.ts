import { reasonPhrase } from '../../sip/message/index.ts';
import type { LateAnswer, Progress } from '../leg/events.ts';
import type { Branch } from './attempt.ts';
import type { CallMedia } from './call-media.ts';
import type { CallRecord } from './call-record.ts';
import type { CallTimers } from './call-timers.ts';
import type { EarlyMediaPolicy } from './early-media.ts';

/** Provisional responses of one call: one a minute for hours, or a few for each of many devices. */
const maxTold = 200;

/** What a caller is told and hears before the answer. */
export class EarlyState {
  readonly #policy: EarlyMediaPolicy;
  readonly #media: CallMedia;
  readonly #timers: CallTimers;
  readonly #record: CallRecord;
  readonly #tell: (progress: Progress) => void;
  #lastStatus = 0;
  #told = 0;

  constructor(
    policy: EarlyMediaPolicy,
    { media, timers, record }: { readonly media: CallMedia; readonly timers: CallTimers; readonly record: CallRecord },
    tell: (progress: Progress) => void,
  ) {
    this.#policy = policy;
    this.#media = media;
    this.#timers = timers;
    this.#record = record;
    this.#tell = tell;
  }

  onProgress(branch: Branch, progress: Progress): void {
    const { status, sdp, onAnswer } = progress;
    if (status === 100) return this.#timers.trying();
    // A callee that never stops telling is not passed on without end.
    if (++this.#told > maxTold) return onAnswer?.(undefined);
    this.#timers.ringing();
    if (sdp !== undefined && onAnswer !== undefined) return this.#onOffer(branch, progress, sdp, onAnswer);
    const plain = sdp === undefined || this.#policy.stripSdp;
    const forCaller = plain ? undefined : this.#media.early(branch.side, sdp, this.#policy);
    if (!plain && forCaller === undefined) return;
    if (forCaller !== undefined) this.#mediaBegan();
    const shown = sdp !== undefined && forCaller === undefined ? 180 : status;
    // Devices that ring one after the other tell the caller nothing new.
    if (forCaller === undefined && shown === this.#lastStatus) return;
    this.#lastStatus = shown;
    // In our words: theirs may tell more than the callee's side should.
    this.#tell({ status: shown, reason: reasonPhrase(shown), sdp: forCaller });
  }

  /** The callee's offer in a reliable response, to a caller that made none: its answer comes in the PRACK. */
  #onOffer(branch: Branch, { status }: Progress, sdp: string, onAnswer: LateAnswer): void {
    const forCaller = this.#media.lateOffer(branch.side, sdp);
    if (!forCaller.ok) return onAnswer(undefined);
    this.#mediaBegan();
    this.#lastStatus = status;
    this.#tell({
      ...{ status, reason: reasonPhrase(status), sdp: forCaller.value },
      onAnswer: (answer) => {
        const forCallee = answer === undefined ? undefined : this.#media.lateAnswer(answer, this.#policy);
        onAnswer(forCallee?.ok === true ? forCallee.value : undefined);
      },
    });
  }

  #mediaBegan(): void {
    this.#timers.earlyMedia();
    this.#record.earlyMediaBegan();
  }
}
