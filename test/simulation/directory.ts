import { defaultLimits } from '../../src/accounts/limits.ts';
import { prepaid } from '../../src/accounts/money.ts';
import type { DirectorySnapshot } from '../../src/accounts/change.ts';
import { credentialFor } from '../../src/accounts/ha1.ts';
import type { Account, Trunk } from '../../src/accounts/model.ts';
import { Secret } from '../../src/base/log/secret.ts';

export const realm = 'simulation';
export const carrierRealm = 'carrier';
export const password = 'correct horse 9';
export const userNames = ['anna', 'bert', 'carl', 'dora'] as const;
export const carriers = [
  { name: 'carrier-a', address: '192.0.2.50', realm: '' },
  { name: 'carrier-b', address: '192.0.2.51', realm: carrierRealm },
] as const;
/** A number of ours that carriers call; it belongs to the first user. */
export const ownNumber = '7001';

const bare: Omit<Account, 'id' | 'name' | 'kind' | 'trunk'> = {
  enabled: true,
  displayName: '',
  needAuth: 4,
  authIp: [],
  techPrefix: '',
  permitIp: [],
  transports: [],
  callerId: '',
  dialPlan: '',
  resellerId: undefined,
  mediaNetworks: [],
  limits: { ...defaultLimits('enduser'), international: true },
  directions: { allowed: [], blocked: [] },
  money: prepaid,
  packetIds: [],
};

/** Users, two carriers of which the first is tried first, and one rule for numbers that begin with 00. */
export function simulatedDirectory(): DirectorySnapshot {
  const users = userNames.map((name, index): Account => {
    return { ...bare, id: index + 1, name, kind: 'enduser', trunk: undefined };
  });
  const servers = carriers.map(({ name, address, realm: trunkRealm }, index): Account => {
    const trunk: Trunk = {
      host: address,
      port: 5060,
      transport: 'udp',
      tlsTrust: 'public',
      realm: trunkRealm,
      authUser: 'ringfence',
      authPassword: new Secret(password),
      addresses: [],
      maxCalls: 0,
      trustIdentity: false,
      numberFormat: '',
      pingS: undefined,
    };
    return { ...bare, id: 11 + index, name, kind: 'sipserver', trunk };
  });
  return {
    accounts: [...users, ...servers],
    credentials: users.map((user) => credentialFor(user, realm, password)),
    numbers: [{ number: ownNumber, accountId: 1 }],
    dialRules: [
      {
        id: 21,
        name: 'abroad',
        pattern: '00X.',
        secretPrefix: '',
        deleteDigits: 0,
        addDigits: '',
        timeRule: '',
        maxDurationS: 0,
        emergency: false,
        dialPlan: '',
        routes: servers.map(({ id }, index) => ({ sipServerId: id, priority: index, weight: 1 })),
        recordInCdr: true,
      },
    ],
    nextId: 100,
  };
}
