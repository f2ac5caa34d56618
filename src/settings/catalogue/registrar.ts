import { int, seconds } from '../setting.ts';

/** Registrations: how long they hold and how many there may be. */
export const registrarSettings = {
  max_registration_subscription_time_sec: seconds({
    id: 'auth.max-registration-subscription-time-sec',
    text: 'The longest registration that a phone is granted; one that asks for more gets this. It bounds how long calls go to a phone that has left.',
    default: 3600,
    min: 60,
    max: 86_400,
    effect: 'live',
  }),
  min_registration_subscription_time_sec: seconds({
    id: 'auth.min-registration-subscription-time-sec',
    text: 'The shortest registration that a phone may ask for; one that asks for less gets 423 with this as Min-Expires. It keeps phones from registering all the time.',
    default: 60,
    min: 1,
    max: 3600,
    effect: 'live',
  }),
  default_incoming_outgoing_registration_time_sec: seconds({
    id: 'auth.default-incoming-outgoing-registration-time-sec',
    text: 'The registration time for a phone that names none, and for our own registrations at SIP servers.',
    default: 60,
    min: 1,
    max: 86_400,
    effect: 'live',
  }),
  max_bindings_per_user: int({
    id: 'own.max-bindings-per-user',
    text: 'How many phones may be registered for one user at once; one more takes the place of the one that registered longest ago. It exists so that a stolen password cannot fill the memory, or ring hundreds of places.',
    default: 10,
    hardened: 5,
    min: 1,
    max: 100,
    unit: 'bindings',
    effect: 'live',
  }),
  max_bindings: int({
    id: 'own.max-bindings',
    text: 'How many registrations the server keeps in all. It exists so that memory has a known upper bound.',
    default: 100_000,
    min: 1,
    max: 5_000_000,
    unit: 'bindings',
    effect: 'restart',
  }),
  nat_keepalive: seconds({
    id: 'own.nat-keepalive',
    text: 'How often a phone that registered by UDP from behind NAT is sent a packet, so that its router goes on letting calls in. It exists because many routers forget a UDP mapping after 30 s; longer means less traffic, and calls that do not arrive.',
    default: 25,
    min: 5,
    max: 600,
    effect: 'live',
  }),
};
