import type { Clock, Timer } from '../../base/time/clock.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import { reasonValue } from '../cause.ts';
import type { CalleeAnswer, LegEnd, Offer, PassedRequest, Progress, Refused, WantedOffer } from '../leg/events.ts';
import type { InviteSpec } from '../leg/invite.ts';
import { OutboundLeg } from '../leg/outbound-leg.ts';
import type { SessionOptions } from '../leg/session-options.ts';
import type { InviteRecord } from '../record.ts';
import type { BridgeSide } from './media-bridge.ts';

/** One device or SIP server of a destination, ready to be dialled. */
export interface Branch {
  readonly flow: Flow;
  readonly spec: InviteSpec;
  readonly session: SessionOptions;
  /** What the media plane must know of this branch, should it answer. */
  readonly side: BridgeSide;
}

/** What a destination tells its call. Events of a leg come only from the one that answered. */
export interface AttemptObserver {
  onProgress(branch: Branch, progress: Progress): void;
  onAnswer(branch: Branch, leg: OutboundLeg, answer: CalleeAnswer): void;
  /** Every branch refused; the best of their answers (RFC 3261 §16.7 step 6). */
  onRefused(refused: Refused): void;
  onOffer(offer: Offer): void;
  onOfferWanted(wanted: WantedOffer): void;
  onPassed(request: PassedRequest): void;
  onEnd(end: LegEnd): void;
  /** A branch that was given up answered all the same; it has been ended. */
  onLateAnswer(): void;
  /** One branch is wholly over: of each that was dialled, once. */
  onBranchGone(): void;
}

/**
 * One destination of a call: all devices of a user at once, or one SIP server. The first answer wins; the others are
 * cancelled and told why (RFC 3326).
 */
export class Attempt {
  readonly #legs: OutboundLeg[];
  readonly #observer: AttemptObserver;
  readonly #clock: Clock;
  readonly #initTimeoutMs: number;
  #silent: Timer | undefined;
  readonly #refusals: Refused[] = [];
  #winner: OutboundLeg | undefined;
  /** The branch whose description the caller was shown last. */
  #shown: OutboundLeg | undefined;
  #over = false;

  /** `initTimeoutMs` is how long all branches may give no sign of life; 0 leaves it to timer B [session.call-init-timeout]. */
  constructor(branches: readonly Branch[], clock: Clock, initTimeoutMs: number, observer: AttemptObserver) {
    this.#observer = observer;
    this.#clock = clock;
    this.#initTimeoutMs = initTimeoutMs;
    this.#legs = branches.map((branch) => this.#makeLeg(branch));
  }

  /** The INVITEs, sent or not, as the store keeps them. */
  get invites(): readonly InviteRecord[] {
    return this.#legs.flatMap(({ inviteRecord }) => inviteRecord ?? []);
  }

  /** Sends the INVITEs. */
  start(): void {
    if (this.#initTimeoutMs > 0) this.#silent = this.#clock.after(this.#initTimeoutMs, () => this.#onSilence());
    for (const leg of this.#legs) leg.dial();
  }

  /** The branch that an offer of the caller may go to before the answer. */
  get shown(): OutboundLeg | undefined {
    return this.#shown;
  }

  /** Gives up every branch; nothing more is told but of late answers and of branches that are gone. */
  cancel(reasons: readonly string[]): void {
    this.#finish();
    for (const leg of this.#legs) leg.cancel(reasons);
  }

  #makeLeg(branch: Branch): OutboundLeg {
    const leg: OutboundLeg = new OutboundLeg(branch.flow, branch.spec, branch.session, {
      onProgress: (progress) => this.#onProgress(branch, leg, progress),
      onAnswer: (answer) => this.#onAnswer(branch, leg, answer),
      onRefused: (refused) => this.#onRefused(leg, refused),
      onOffer: (offer) => {
        if (leg === this.#winner || (leg === this.#shown && !this.#over)) this.#observer.onOffer(offer);
        else offer.refuse(500);
      },
      onOfferWanted: (wanted) => this.#observer.onOfferWanted(wanted),
      onPassed: (request) => this.#observer.onPassed(request),
      onEnd: (end) => this.#onEnd(leg, end),
      onLateAnswer: () => this.#observer.onLateAnswer(),
      onGone: () => this.#observer.onBranchGone(),
    });
    return leg;
  }

  #onProgress(branch: Branch, leg: OutboundLeg, progress: Progress): void {
    this.#silent?.cancel();
    this.#silent = undefined;
    if (this.#over || this.#winner !== undefined) return;
    if (progress.sdp !== undefined) this.#shown = leg;
    this.#observer.onProgress(branch, progress);
  }

  /** A dialog failed: the call ends with the winner, and goes on without any other branch. */
  #onEnd(leg: OutboundLeg, end: LegEnd): void {
    if (leg === this.#winner) return this.#observer.onEnd(end);
    this.#onRefused(leg, { status: 480, reason: 'Temporarily Unavailable' });
  }

  #onAnswer(branch: Branch, leg: OutboundLeg, answer: CalleeAnswer): void {
    if (this.#over || this.#winner !== undefined) return leg.end([]);
    this.#winner = leg;
    this.#silent?.cancel();
    this.#silent = undefined;
    const elsewhere = [reasonValue('SIP', 200, 'Call completed elsewhere')];
    for (const loser of this.#legs) if (loser !== leg) loser.cancel(elsewhere);
    this.#observer.onAnswer(branch, leg, answer);
  }

  #onRefused(leg: OutboundLeg, refused: Refused): void {
    if (this.#over || this.#winner !== undefined) return;
    this.#refusals.push(refused);
    // A 6xx speaks for the user, not for the device: the other devices stop ringing (RFC 3261 §16.7 step 5).
    const final = refused.status >= 600;
    if (!final && this.#legs.some((other) => other !== leg && !other.isOver)) return;
    this.#finish();
    for (const other of this.#legs) if (other !== leg) other.cancel([]);
    this.#observer.onRefused(bestOf(this.#refusals));
  }

  #onSilence(): void {
    if (this.#over || this.#winner !== undefined || this.#legs.some(({ isProceeding }) => isProceeding)) return;
    this.#finish();
    for (const leg of this.#legs) leg.cancel([]);
    this.#observer.onRefused(bestOf([...this.#refusals, { status: 408, reason: 'Request Timeout', isOurs: true }]));
  }

  #finish(): void {
    this.#over = true;
    this.#silent?.cancel();
    this.#silent = undefined;
  }
}

/** A 6xx before all, then what tells the caller most: busy, then the lowest class. */
function bestOf(refusals: readonly Refused[]): Refused {
  const rank = ({ status }: Refused): number => {
    if (status >= 600) return 0;
    if (status === 486) return 1;
    return status === 408 || status === 487 ? 900 : status;
  };
  return (
    refusals.toSorted((one, other) => rank(one) - rank(other))[0] ?? { status: 480, reason: 'Temporarily Unavailable' }
  );
}
