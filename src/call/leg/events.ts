/**
 * What two legs of a call tell each other through their call. Neither ever sees the other's SIP: a caller on UDP and a
 * callee behind a trunk differ only inside their own leg.
 */

/** A refusal or the end of a leg, with the Reason header values (RFC 3326) that explain it. */
export interface Refused {
  readonly status: number;
  readonly reason: string;
  /** Seconds of a Retry-After that came with it. */
  readonly retryAfterS?: number;
  /** True where nobody refused, but we gave up or could not dial. */
  readonly isOurs?: boolean;
}

/** Early state: ringing, or progress with media. */
export interface Progress {
  readonly status: number;
  readonly reason: string;
  readonly sdp: string | undefined;
  /** Set where the SDP is an offer, to be answered once (RFC 3262 §5); otherwise it is an answer. */
  readonly onAnswer?: LateAnswer;
}

/** The answer to an offer that came late, in a response; undefined where the other side has none. */
export type LateAnswer = (sdp: string | undefined) => void;

/** Which request carries an offer: the other leg takes the same where its peer allows it. */
export type OfferMethod = 'INVITE' | 'UPDATE';

/** A request of a peer that it may take back while nobody has answered it: a re-INVITE, by CANCEL. */
export interface Withdrawable {
  /** `act` is called when the peer takes it back; it has its answer then, and needs no other. */
  onWithdrawn(act: () => void): void;
}

/** Gives up what was asked of a leg. What becomes of it is told all the same: an answer may cross it. */
export type Withdraw = () => void;

/** A new offer from a leg's peer (re-INVITE, UPDATE, PRACK), to be answered or refused once. */
export interface Offer extends Withdrawable {
  readonly sdp: string;
  readonly method: OfferMethod;
  answer(sdp: string): void;
  refuse(status: number): void;
}

/** A re-INVITE without an offer: its peer wants one from the other side, given or refused once. */
export interface WantedOffer extends Withdrawable {
  give(sdp: string, onAnswer: LateAnswer): void;
  refuse(status: number): void;
}

/** What became of an offer that we sent. */
export type OfferOutcome = { readonly sdp: string } | { readonly status: number };

/** What became of a question for an offer: the peer's offer, to be answered once, or the status that refused it. */
export type SolicitOutcome = { readonly sdp: string; readonly onAnswer: LateAnswer } | { readonly status: number };

/** A request inside the dialog that only passes through: INFO and MESSAGE. */
export interface PassedRequest {
  readonly method: 'INFO' | 'MESSAGE';
  readonly contentType: string;
  readonly body: string;
  /** Further headers that belong to the body: Info-Package, Content-Disposition. */
  readonly headers: readonly (readonly [string, string])[];
  respond(status: number): void;
}

/** Why a leg is over that was neither refused nor ended by its call. */
export interface LegEnd {
  /** `bye` and `cancel` come from the peer; the others are time-outs of it. */
  readonly cause: 'bye' | 'cancel' | 'no ack' | 'no prack' | 'no answer to request' | 'session expired';
  /** Values of the Reason header of the BYE or CANCEL. */
  readonly reasons: readonly string[];
}

/** A leg with a dialog, as its call uses it. */
export interface ConnectedLeg {
  /** Sends this offer. `done` gets the answer's SDP, or the status that refused it. */
  offer(sdp: string, method: OfferMethod, done: (outcome: OfferOutcome) => void): Withdraw;
  /** Asks the peer for an offer by a re-INVITE without one. */
  solicit(done: (outcome: SolicitOutcome) => void): Withdraw;
  pass(request: PassedRequest): void;
  end(reasons: readonly string[]): void;
}

/** Events that both kinds of leg have once their dialog stands. */
export interface SessionObserver {
  onOffer(offer: Offer): void;
  onOfferWanted(wanted: WantedOffer): void;
  onPassed(request: PassedRequest): void;
  onEnd(end: LegEnd): void;
}

/** What a callee answers with. */
export interface CalleeAnswer {
  readonly sdp: string;
  /** The SDP is an offer, for our INVITE had none and no reliable response has brought one; the ACK answers it. */
  readonly isOffer: boolean;
  /** It comes in the early dialog whose description the other side was shown last. */
  readonly isAsShown: boolean;
}

export interface OutboundObserver extends SessionObserver {
  onProgress(progress: Progress): void;
  onAnswer(answer: CalleeAnswer): void;
  onRefused(refused: Refused): void;
  /** A 2xx came after the leg was given up, or beside the one that counts: ended at once, but a carrier may charge for it. */
  onLateAnswer(): void;
  /** Nothing more comes from the leg: its INVITE has its final answer, or never gets one. */
  onGone(): void;
}

/** For what cannot be taken back: an UPDATE, or what was refused at once. */
export const notWithdrawn: Withdraw = () => {};
