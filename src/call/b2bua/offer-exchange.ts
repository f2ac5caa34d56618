import type { ConnectedLeg, Offer, PassedRequest, WantedOffer } from '../leg/events.ts';
import type { MediaBridge } from './media-bridge.ts';

type Side = 'a' | 'b';

const other = { a: 'b', b: 'a' } as const;

/**
 * Hands an offer of one side to the other leg, and its answer back; the media follows the answer. Without a bridge or
 * another leg it comes too early, or too late.
 */
export function exchangeOffer(
  bridge: MediaBridge | undefined,
  by: Side,
  offer: Offer,
  to: ConnectedLeg | undefined,
): void {
  if (bridge === undefined || to === undefined) return offer.refuse(500);
  if (!bridge.takeOffer(by, offer.sdp).ok) return offer.refuse(488);
  const side = other[by];
  let isWithdrawn = false;
  const withdraw = to.offer(bridge.offerFor(side), offer.method, (outcome) => {
    if ('status' in outcome) {
      bridge.dropOffer();
      return offer.refuse(outcome.status);
    }
    if (isWithdrawn) return restore(bridge, by, to);
    const answer = bridge.takeAnswer(side, outcome.sdp, true);
    if (answer.ok) offer.answer(answer.value);
    else offer.refuse(488);
  });
  offer.onWithdrawn(() => {
    isWithdrawn = true;
    withdraw();
  });
}

/** `to` has agreed to what was taken back meanwhile: it is offered again what holds on the side of `by` (RFC 6141 §3.4). */
function restore(bridge: MediaBridge, by: Side, to: ConnectedLeg): void {
  bridge.dropOffer();
  bridge.offerAgain(by);
  const side = other[by];
  to.offer(bridge.offerFor(side), 'INVITE', (outcome) => {
    if ('status' in outcome || !bridge.takeAnswer(side, outcome.sdp, true).ok) bridge.dropOffer();
  });
}

/** One side wants an offer of the other (a re-INVITE without SDP): asked for, handed over, and its answer back. */
export function exchangeWantedOffer(
  bridge: MediaBridge | undefined,
  by: Side,
  wanted: WantedOffer,
  to: ConnectedLeg | undefined,
): void {
  if (bridge === undefined || to === undefined) return wanted.refuse(500);
  const side = other[by];
  const withdraw = to.solicit((outcome) => {
    if ('status' in outcome) return wanted.refuse(outcome.status);
    if (!bridge.takeOffer(side, outcome.sdp).ok) {
      outcome.onAnswer(undefined);
      return wanted.refuse(488);
    }
    wanted.give(bridge.offerFor(by), (answer) => {
      const forOther = answer === undefined ? undefined : bridge.takeAnswer(by, answer, true);
      if (forOther?.ok === true) return outcome.onAnswer(forOther.value);
      bridge.dropOffer();
      outcome.onAnswer(undefined);
    });
  });
  wanted.onWithdrawn(withdraw);
}

/** Passes a request that concerns only the other leg. */
export function passRequest(request: PassedRequest, to: ConnectedLeg | undefined): void {
  if (to === undefined) request.respond(481);
  else to.pass(request);
}
