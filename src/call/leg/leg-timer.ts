import {
  acceptedTerms,
  judgeSessionTimer,
  leastSessionS,
  offerSessionTimer,
  readMinSe,
  type SessionTerms,
  SessionTimer,
} from '../../sip/dialog/index.ts';
import type { HeaderList, SipRequest, SipResponse } from '../../sip/message/index.ts';
import type { SessionOptions } from './session-options.ts';

/** The session timer of one leg (RFC 4028): what we ask for, what was agreed, and who refreshes. */
export class LegTimer {
  readonly #options: SessionOptions;
  readonly #timer: SessionTimer;
  #minS: number;
  /** Whether the peer takes part; one that does not is refreshed by us, and lives as long as it answers anything. */
  #isAgreed = false;

  constructor(options: SessionOptions, onRefresh: () => void, onExpired: () => void) {
    this.#options = options;
    this.#minS = options.sessionTimer === 'off' ? leastSessionS : options.sessionTimer.minS;
    this.#timer = new SessionTimer(options.clock, onRefresh, onExpired);
  }

  /** Adds what our INVITE or UPDATE asks for. */
  ask(headers: HeaderList): void {
    if (this.#isOff) return;
    headers.append('supported', 'timer');
    offerSessionTimer(headers, this.#policy, this.#timer.terms);
  }

  /** A 2xx to our request: the session counts from now. */
  accepted({ headers }: SipResponse): void {
    if (this.#isOff) return;
    this.#isAgreed = headers.has('session-expires');
    this.#timer.restart(acceptedTerms(headers, this.#policy));
  }

  /** A 422 names what would be enough. @returns whether the request may be sent again (RFC 4028 §7.3). */
  raise({ status, headers }: SipResponse): boolean {
    if (status !== 422 || this.#isOff) return false;
    const minS = readMinSe(headers);
    if (minS <= this.#minS) return false;
    this.#minS = minS;
    const { terms } = this.#timer;
    if (terms !== undefined) this.#timer.restart({ ...terms, intervalS: Math.max(terms.intervalS, minS) });
    return true;
  }

  /** Takes over what a 422 to the INVITE has taught another timer of the same leg. */
  raisedLike(other: LegTimer): void {
    this.#minS = Math.max(this.#minS, other.#minS);
  }

  /**
   * Judges what the peer's INVITE or UPDATE asks for, and fills the headers of its 2xx.
   * @returns the Min-SE of a 422, or what makes the terms hold once the 2xx is sent.
   */
  judge(request: SipRequest, answer: HeaderList): { readonly minS: number } | { readonly hold: () => void } {
    if (this.#isOff) return { hold: () => {} };
    const verdict = judgeSessionTimer(request.headers, this.#policy, answer);
    if (verdict.kind === 'too small') return { minS: verdict.minS };
    return { hold: () => this.#hold(verdict.terms, answer) };
  }

  /** Any answer to a refresh shows that a peer without timers lives. */
  answered(): void {
    if (!this.#isAgreed) this.#timer.restart(this.#timer.terms);
  }

  refreshIn(delayMs: number): void {
    this.#timer.refreshIn(delayMs);
  }

  stop(): void {
    this.#timer.stop();
  }

  /** This peer gets timers wrong: they are neither asked for nor granted. */
  get #isOff(): boolean {
    return this.#options.sessionTimer === 'off';
  }

  get #policy(): { readonly intervalS: number; readonly minS: number } {
    const { sessionTimer } = this.#options;
    const intervalS = sessionTimer === 'off' ? 0 : sessionTimer.intervalS;
    return { intervalS: intervalS === 0 ? 0 : Math.max(intervalS, this.#minS), minS: this.#minS };
  }

  #hold(terms: SessionTerms | undefined, answer: HeaderList): void {
    this.#isAgreed = answer.has('session-expires');
    this.#timer.restart(terms);
  }
}
