import type { Trunk } from './model.ts';

/** A SIP server with nothing set: what a new one begins as. Port and transport are left to DNS. */
export const blankTrunk: Trunk = {
  host: '',
  port: 0,
  transport: 'auto',
  tlsTrust: 'public',
  realm: '',
  authUser: '',
  authPassword: undefined,
  addresses: [],
  maxCalls: 0,
  trustIdentity: false,
  numberFormat: '',
  use100rel: true,
  useSessionTimer: true,
  registerS: 0,
  pingS: undefined,
};
