import type { HeaderList, SipResponse } from '../../sip/message/index.ts';
import { statusForOtherLeg } from '../cause.ts';
import { sdpOf } from './bodies.ts';
import { notWithdrawn, type OfferMethod, type OfferOutcome, type SolicitOutcome, type Withdraw } from './events.ts';
import type { Reinvite } from './reinvite.ts';
import { learnFrom, type SessionState } from './session-state.ts';

/** How often, and how soon, a refresh waits for another exchange in the dialog to end. */
const busyRetryMs = 2000;

/** The offers and refreshes that we send in one dialog: by re-INVITE, or by UPDATE where the peer allows it. */
export class OwnOffers {
  readonly #state: SessionState;
  /** The newest re-INVITE. */
  #reinvite: Reinvite | undefined;
  /** Sends the ACK of a 2xx whose offer has no answer yet. */
  #acknowledge: () => void = () => {};

  constructor(state: SessionState) {
    this.#state = state;
  }

  /** The dialog ends: what is under way is waited for no longer. */
  drop(): void {
    this.#acknowledge();
    this.#reinvite?.expire();
  }

  offer(sdp: string, method: OfferMethod, done: (outcome: OfferOutcome) => void): Withdraw {
    const refuse = (status: number): Withdraw => {
      done({ status });
      return notWithdrawn;
    };
    const problem = this.#problem();
    if (problem !== undefined) return refuse(problem);
    const byUpdate = this.#state.peerAllowsUpdate && (method === 'UPDATE' || !this.#state.isConfirmed);
    if (!byUpdate && !this.#state.isConfirmed) return refuse(500);
    this.#state.offerBy = 'us';
    this.#send(byUpdate, sdp, (response) => {
      this.#state.offerBy = 'nobody';
      if (response === undefined || response.status >= 300) return done({ status: this.#refusal(response) });
      this.#succeeded(response);
      this.#state.lastSent = sdp;
      const answered = sdpOf(response);
      if (answered === undefined) return done({ status: 488 });
      this.#state.lastReceived = answered;
      done({ sdp: answered });
    });
    return byUpdate ? notWithdrawn : () => this.#reinvite?.cancel();
  }

  /** A re-INVITE without an offer; its ACK waits for the answer (RFC 3261 §13.2.2.4). */
  solicit(done: (outcome: SolicitOutcome) => void): Withdraw {
    const problem = this.#problem() ?? (this.#state.isConfirmed ? undefined : 500);
    if (problem !== undefined) {
      done({ status: problem });
      return notWithdrawn;
    }
    this.#state.offerBy = 'us';
    const { client } = this.#state;
    this.#reinvite = client.invite(undefined, this.#headers(), (response, acknowledge) => {
      const sdp = response === undefined ? undefined : sdpOf(response);
      if (response === undefined || response.status >= 300 || sdp === undefined) {
        acknowledge(undefined);
        this.#state.offerBy = 'nobody';
        return done({ status: response !== undefined && response.status < 300 ? 488 : this.#refusal(response) });
      }
      this.#succeeded(response);
      this.#acknowledge = () => acknowledge(this.#state.lastSent);
      done({
        sdp,
        onAnswer: (answer) => {
          this.#state.offerBy = 'nobody';
          if (answer !== undefined) {
            this.#state.lastSent = answer;
            this.#state.lastReceived = sdp;
          }
          acknowledge(answer ?? this.#state.lastSent);
        },
      });
    });
    return () => this.#reinvite?.cancel();
  }

  /** Refreshes the session (RFC 4028 §7.4): UPDATE without SDP, or a re-INVITE with what holds already. */
  refresh(): void {
    const state = this.#state;
    if (!state.isOpen) return;
    if (this.#problem() !== undefined) return state.timer.refreshIn(busyRetryMs);
    const byUpdate = state.peerAllowsUpdate;
    if (!byUpdate) state.offerBy = 'us';
    this.#send(byUpdate, byUpdate ? undefined : state.lastSent, (response) => {
      if (!byUpdate) state.offerBy = 'nobody';
      const status = response?.status ?? state.client.statusOfNoResponse;
      if (status === 408 || status === 481) return state.fail('no answer to request');
      if (response === undefined || status === 500) return state.timer.refreshIn(busyRetryMs * 2);
      if (status === 491) return state.timer.refreshIn(this.#glareDelayMs());
      if (status >= 300) return state.timer.answered();
      this.#succeeded(response);
      const answered = sdpOf(response);
      if (byUpdate || answered === undefined || answered === state.lastReceived) return;
      // The peer has answered otherwise than before: the other side is to know.
      state.lastReceived = answered;
      state.observer.onOffer({
        sdp: answered,
        method: 'INVITE',
        answer: () => {},
        refuse: () => {},
        onWithdrawn: () => {},
      });
    });
  }

  /** RFC 3261 §14.1: whoever made the Call-ID waits longer, so that the two do not meet again. */
  #glareDelayMs(): number {
    const { random } = this.#state.options;
    return this.#state.client.ownsCallId ? 2100 + 10 * random.below(191) : 10 * random.below(201);
  }

  #problem(): number | undefined {
    const { isOpen, offerBy } = this.#state;
    if (!isOpen) return 481;
    return offerBy !== 'nobody' || this.#state.waitsForAck() ? 491 : undefined;
  }

  #send(byUpdate: boolean, sdp: string | undefined, done: (response: SipResponse | undefined) => void): void {
    const { client, timer } = this.#state;
    const again = (response: SipResponse | undefined): boolean => response !== undefined && timer.raise(response);
    const begin = (mayRaise: boolean): void => {
      const onFinal = (response: SipResponse | undefined): void => {
        if (mayRaise && this.#state.isOpen && again(response)) begin(false);
        else done(response);
      };
      if (byUpdate) client.send({ method: 'UPDATE', sdp, headers: this.#headers() }, onFinal);
      else {
        this.#reinvite = client.invite(sdp, this.#headers(), (response, acknowledge) => {
          acknowledge(undefined);
          onFinal(response);
        });
      }
    };
    begin(true);
  }

  #headers(): (headers: HeaderList) => void {
    return (headers) => this.#state.timer.ask(headers);
  }

  #succeeded(response: SipResponse): void {
    learnFrom(this.#state, response);
    this.#state.dialog.refreshTarget(response);
    if (this.#state.isConfirmed) this.#state.timer.accepted(response);
  }

  /** RFC 3261 §12.2.1.2: a peer that is silent, or does not know the dialog, has left the call. */
  #refusal(response: SipResponse | undefined): number {
    const status = response?.status ?? this.#state.client.statusOfNoResponse;
    if (status === 408 || status === 481) this.#state.fail('no answer to request');
    return statusForOtherLeg(status);
  }
}
