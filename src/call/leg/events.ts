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
}

/** A new offer from a leg's peer (re-INVITE), to be answered or refused once. */
export interface Offer {
  readonly sdp: string;
  answer(sdp: string): void;
  refuse(status: number): void;
}

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
  /** `bye` and `cancel` come from the peer; `no ack` and `no answer to request` are time-outs of it. */
  readonly cause: 'bye' | 'cancel' | 'no ack' | 'no answer to request';
  /** Values of the Reason header of the BYE or CANCEL. */
  readonly reasons: readonly string[];
}

/** A leg with an established dialog, as its call uses it. */
export interface ConnectedLeg {
  /** Sends a re-INVITE with this offer. `done` gets the answer's SDP, or the status that refused it. */
  offer(sdp: string, done: (outcome: { readonly sdp: string } | { readonly status: number }) => void): void;
  pass(request: PassedRequest): void;
  end(reasons: readonly string[]): void;
}

/** Events that both kinds of leg have once their dialog stands. */
export interface SessionObserver {
  onOffer(offer: Offer): void;
  onPassed(request: PassedRequest): void;
  onEnd(end: LegEnd): void;
}

export interface OutboundObserver extends SessionObserver {
  onProgress(progress: Progress): void;
  onAnswer(sdp: string): void;
  onRefused(refused: Refused): void;
}
