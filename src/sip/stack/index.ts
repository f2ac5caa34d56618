export type { StackBounds } from './bounds.ts';
export type { Advertise } from './advertise.ts';
export type { DialogOwner } from './dialog-registry.ts';
export { allowedEvents, allowedMethods, callRefusalOf, capabilities } from './sanity.ts';
export { SipStack, type StackOptions, type StackUser } from './sip-stack.ts';
