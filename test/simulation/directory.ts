import { blankAccount } from '../../src/accounts/blank-account.ts';
import { blankDialRule } from '../../src/accounts/blank-dial-rule.ts';
import { blankTrunk } from '../../src/accounts/blank-trunk.ts';
import { accountIds, moneyFields, packets, tariffs } from './money.ts';
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

/** Users, two carriers of which the first is tried first, and one rule for numbers that begin with 00. */
export function simulatedDirectory(disabled: ReadonlySet<number>): DirectorySnapshot {
  const users = userNames.map((name, index): Account => {
    const id = index + 1;
    const blank = blankAccount(id, name, 'enduser');
    const limits = { ...blank.limits, international: true };
    return { ...blank, limits, ...moneyFields(id), enabled: !disabled.has(id) };
  });
  const servers = carriers.map(({ name, address, realm: trunkRealm }, index): Account => {
    const trunk: Trunk = {
      ...{ ...blankTrunk, host: address, port: 5060, transport: 'udp', realm: trunkRealm },
      ...{ authUser: 'ringfence', authPassword: new Secret(password) },
    };
    return { ...blankAccount(11 + index, name, 'sipserver'), trunk, ...moneyFields(11 + index) };
  });
  const { reseller: id } = accountIds;
  const reseller: Account = { ...blankAccount(id, 'reseller', 'reseller'), ...moneyFields(id) };
  return {
    accounts: [...users, ...servers, reseller],
    ...{ tariffs, packets },
    credentials: users.map((user) => credentialFor(user, realm, password)),
    numbers: [{ number: ownNumber, accountId: 1 }],
    dialRules: [
      {
        ...blankDialRule(21, 'abroad'),
        pattern: '00X.',
        routes: servers.map(({ id }, index) => ({ sipServerId: id, priority: index, weight: 1 })),
      },
    ],
    nextId: 100,
  };
}
