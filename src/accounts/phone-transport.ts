import type { Account, PhoneTransport } from './model.ts';

/** From this level of `stricttransport` on the transports of a user bind its phones. */
const enforcedFrom = 3;

/** Whether a phone of the account may speak, and be called, over this transport [protocol.stricttransport]. */
export function mayUseTransport(account: Account, transport: PhoneTransport, stricttransport: number): boolean {
  if (stricttransport < enforcedFrom || account.transports.length === 0) return true;
  return account.transports.includes(transport);
}
