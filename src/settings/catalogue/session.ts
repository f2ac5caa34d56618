import { int, seconds } from '../setting.ts';

const dayS = 86_400;
const weekS = 7 * dayS;

/** How long calls and their stages may last. */
export const sessionSettings = {
  absolute_timeout: seconds({
    id: 'session.absolute-timeout',
    text: 'The longest life of any call, from the INVITE to the end, whatever state it is in; it is ended with BYE on both sides. A call that everybody forgot cannot run up a bill for ever. 0 switches it off.',
    default: 14_400,
    min: 0,
    max: weekS,
    effect: 'live',
  }),
  call_timeout: seconds({
    id: 'session.call-timeout',
    text: 'The longest time that a call may be connected; at the limit both sides get BYE and charging stops. It bounds what one stuck or stolen call can cost. 0 switches it off.',
    default: 7200,
    min: 0,
    max: weekS,
    effect: 'live',
  }),
  media_timeout: seconds({
    id: 'session.media-timeout',
    text: 'Ends a connected call when no RTP has arrived from either side for this long, because a phone that lost its network sends no BYE. 0 switches it off.',
    default: 60,
    min: 0,
    max: dayS,
    effect: 'live',
  }),
  media_timeout_hold: seconds({
    id: 'own.media-timeout-hold',
    text: 'Takes the place of media_timeout while a call is on hold (sendonly or inactive), where silence is expected; it exists so that a held call is not cut, and not kept for ever either. 0 switches it off.',
    default: 900,
    min: 0,
    max: dayS,
    effect: 'live',
  }),
  ring_timeout: seconds({
    id: 'session.ring-timeout',
    text: 'The longest time a call may ring without being answered, or stay without ringing after a next hop has said no more than 100; then the called side gets CANCEL and the caller 480. 0 switches it off.',
    default: 120,
    min: 0,
    max: 3600,
    effect: 'live',
  }),
  early_timeout: seconds({
    id: 'own.early-timeout',
    text: 'The longest time that media may flow before the answer, from the first provisional answer with SDP on; then the called side gets CANCEL and the caller 480. Early media is free for the caller, so it needs a bound of its own beside ring_timeout.',
    default: 90,
    min: 5,
    max: 600,
    effect: 'live',
  }),
  call_init_timeout: seconds({
    id: 'session.call-init-timeout',
    text: 'How long the next hop may stay wholly silent after an INVITE before the next route is tried or the caller gets 408. More than 32 s changes nothing on UDP, where timer B of SIP ends the attempt. 0 leaves it to timer B.',
    default: 32,
    min: 0,
    max: 120,
    effect: 'live',
  }),
  blocktoomuchpendingsession: int({
    id: 'session.blocktoomuchpendingsession',
    text: 'How many calls without a final answer one source address may have; a further one gets 503 with Retry-After. SIP servers and traffic senders have limits of their own. Raise it where a large office shows one address. 0 switches it off.',
    default: 50,
    stressTest: 0,
    min: 0,
    max: 100_000,
    unit: 'calls',
    effect: 'live',
  }),
  session_timer_timeout: seconds({
    id: 'session.session-timer-timeout',
    text: 'How often a connected call has to show that both sides still live (RFC 4028): the side that was agreed on refreshes it at half of this time, and a call that is not refreshed in time is ended. A phone or SIP server that knows no session timers is asked by us. It also bounds what a carrier charges for a call whose BYE was lost. 0 asks for no timer; a peer that asks for one still gets it.',
    default: 1800,
    min: 0,
    max: dayS,
    effect: 'live',
  }),
  session_timer_min: seconds({
    id: 'own.session-timer-min',
    text: 'The shortest session timer that we accept (Min-SE); a request for less gets 422. It exists so that a peer cannot make every call cost a message each few seconds. Where session_timer_timeout is smaller, this time takes its place.',
    default: 90,
    min: 90,
    max: 3600,
    effect: 'live',
  }),
};
