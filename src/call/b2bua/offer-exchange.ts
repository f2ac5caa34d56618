import type { ConnectedLeg, Offer, PassedRequest } from '../leg/events.ts';
import type { MediaBridge } from './media-bridge.ts';

/** Hands an offer of one side to the other leg, and its answer back; the media follows the answer. */
export function exchangeOffer(bridge: MediaBridge, by: 'a' | 'b', offer: Offer, to: ConnectedLeg): void {
  if (!bridge.takeOffer(by, offer.sdp).ok) return offer.refuse(488);
  const side = by === 'a' ? 'b' : 'a';
  to.offer(bridge.offerFor(side), (outcome) => {
    if ('status' in outcome) {
      bridge.dropOffer();
      return offer.refuse(outcome.status);
    }
    const answer = bridge.takeAnswer(side, outcome.sdp, true);
    if (answer.ok) offer.answer(answer.value);
    else offer.refuse(488);
  });
}

/** Passes a request that concerns only the other leg. */
export function passRequest(request: PassedRequest, to: ConnectedLeg | undefined): void {
  if (to === undefined) request.respond(481);
  else to.pass(request);
}
