import { defaultLimits } from './limits.ts';
import { prepaid } from './money.ts';
import type { Account, AccountKind } from './model.ts';

/** An enabled account with nothing set: what a new one begins as. */
export function blankAccount(id: number, name: string, kind: AccountKind): Account {
  return {
    id,
    name,
    kind,
    enabled: true,
    displayName: '',
    needAuth: kind === 'trafficsender' ? 3 : 4,
    authIp: [],
    techPrefix: '',
    permitIp: [],
    transports: [],
    callerId: '',
    dialPlan: '',
    homeCountry: '',
    resellerId: undefined,
    mediaNetworks: [],
    limits: defaultLimits(kind),
    directions: { allowed: [], blocked: [] },
    money: prepaid,
    packetIds: [],
    trunk: undefined,
  };
}
