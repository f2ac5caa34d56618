import type { DirectorySnapshot } from '../accounts/change.ts';
import {
  type Account,
  type AccountLimits,
  accountKinds,
  type Credential,
  type DialRule,
  type NeedAuth,
  type Packet,
  type RouteTarget,
  type Tariff,
  type Trunk,
} from '../accounts/model.ts';
import { defaultLimits } from '../accounts/limits.ts';
import { readMoney, writeMoney } from '../accounts/money.ts';
import { Secret } from '../base/log/secret.ts';
import { assert } from '../base/result/assert.ts';
import type { Row, RowChange } from './messages.ts';

export function accountRow(account: Account): Row {
  const { authPassword, ...trunk } = account.trunk ?? { authPassword: undefined };
  return {
    id: account.id,
    name: account.name,
    name_folded: account.name.toLowerCase(),
    kind: account.kind,
    enabled: account.enabled ? 1 : 0,
    display_name: account.displayName,
    need_auth: account.needAuth,
    auth_ip_json: JSON.stringify(account.authIp),
    tech_prefix_sealed: account.techPrefix,
    permit_ip_json: JSON.stringify(account.permitIp),
    transports_json: JSON.stringify(account.transports),
    caller_id: account.callerId,
    dial_plan: account.dialPlan,
    home_country: account.homeCountry,
    reseller_id: account.resellerId ?? null,
    media_networks_json: JSON.stringify(account.mediaNetworks),
    directions_json: JSON.stringify(account.directions),
    packets_json: JSON.stringify(account.packetIds),
    trunk_json: account.trunk === undefined ? '' : JSON.stringify(trunk),
    trunk_password_sealed: authPassword?.reveal() ?? '',
    limits_json: JSON.stringify(limitsSet(account)),
    money_json: writeMoney(account),
  };
}

export function accountOf(row: Row): Account {
  const kind = accountKinds.find((known) => known === row['kind']);
  assert(kind !== undefined, `account ${row['id']} has the unknown kind '${row['kind']}'`);
  return {
    id: Number(row['id']),
    name: text(row, 'name'),
    kind,
    enabled: row['enabled'] === 1,
    displayName: text(row, 'display_name'),
    needAuth: needAuthOf(Number(row['need_auth'])),
    authIp: JSON.parse(text(row, 'auth_ip_json')),
    techPrefix: text(row, 'tech_prefix_sealed'),
    permitIp: JSON.parse(text(row, 'permit_ip_json')),
    transports: JSON.parse(text(row, 'transports_json')),
    callerId: text(row, 'caller_id'),
    dialPlan: text(row, 'dial_plan'),
    homeCountry: text(row, 'home_country'),
    resellerId: typeof row['reseller_id'] === 'number' ? row['reseller_id'] : undefined,
    mediaNetworks: JSON.parse(text(row, 'media_networks_json')),
    limits: { ...defaultLimits(kind), ...JSON.parse(text(row, 'limits_json')) },
    directions: JSON.parse(text(row, 'directions_json')),
    money: readMoney(text(row, 'money_json')),
    packetIds: JSON.parse(text(row, 'packets_json')),
    trunk: trunkOf(row),
  };
}

/** The limits that somebody has set to something else than what the kind has by itself. */
function limitsSet({ kind, limits }: Account): Partial<AccountLimits> {
  const usual: Readonly<Record<string, unknown>> = { ...defaultLimits(kind) };
  return Object.fromEntries(Object.entries(limits).filter(([key, value]) => usual[key] !== value));
}

function trunkOf(row: Row): Trunk | undefined {
  const json = text(row, 'trunk_json');
  if (json === '') return undefined;
  // Rows of an older version have no trust, and get none.
  const trunk: Omit<Trunk, 'authPassword'> = {
    numberFormat: '',
    tlsTrust: 'public',
    registerS: 0,
    ...JSON.parse(json),
  };
  return {
    ...trunk,
    trustIdentity: trunk.trustIdentity === true,
    use100rel: trunk.use100rel !== false,
    useSessionTimer: trunk.useSessionTimer !== false,
    registerS: trunk.registerS,
    pingS: trunk.pingS,
    authPassword: optionalSecret(row, 'trunk_password_sealed'),
  };
}

export function credentialRow(credential: Credential): Row {
  return {
    account_id: credential.accountId,
    realm: credential.realm,
    ha1_md5_sealed: credential.ha1Md5.reveal(),
    ha1_sha256_sealed: credential.ha1Sha256.reveal(),
    previous_ha1_md5_sealed: credential.previousHa1Md5?.reveal() ?? '',
    previous_ha1_sha256_sealed: credential.previousHa1Sha256?.reveal() ?? '',
  };
}

export function credentialOf(row: Row): Credential {
  return {
    accountId: Number(row['account_id']),
    realm: text(row, 'realm'),
    ha1Md5: new Secret(text(row, 'ha1_md5_sealed')),
    ha1Sha256: new Secret(text(row, 'ha1_sha256_sealed')),
    previousHa1Md5: optionalSecret(row, 'previous_ha1_md5_sealed'),
    previousHa1Sha256: optionalSecret(row, 'previous_ha1_sha256_sealed'),
  };
}

/** A rule and its routes: the rows of the routes it had are replaced. */
export function dialRuleChanges(rule: DialRule): RowChange[] {
  const row: Row = {
    id: rule.id,
    name: rule.name,
    pattern: rule.pattern,
    secret_prefix_sealed: rule.secretPrefix,
    delete_digits: rule.deleteDigits,
    add_digits: rule.addDigits,
    time_rule: rule.timeRule,
    max_duration_s: rule.maxDurationS,
    emergency: rule.emergency ? 1 : 0,
    dial_plan: rule.dialPlan,
    record_in_cdr: rule.recordInCdr ? 1 : 0,
  };
  const routes = rule.routes.map((route, position): RowChange => {
    const { sipServerId, priority, weight } = route;
    const routeRow = { rule_id: rule.id, position, sip_server_id: sipServerId, priority, weight };
    return { kind: 'put', table: 'dial_routes', row: routeRow };
  });
  return [
    { kind: 'put', table: 'dial_rules', row },
    { kind: 'remove', table: 'dial_routes', column: 'rule_id', value: rule.id },
    ...routes,
  ];
}

function dialRuleOf(row: Row, routes: readonly RouteTarget[]): DialRule {
  return {
    id: Number(row['id']),
    name: text(row, 'name'),
    pattern: text(row, 'pattern'),
    secretPrefix: text(row, 'secret_prefix_sealed'),
    deleteDigits: Number(row['delete_digits']),
    addDigits: text(row, 'add_digits'),
    timeRule: text(row, 'time_rule'),
    maxDurationS: Number(row['max_duration_s']),
    emergency: row['emergency'] === 1,
    dialPlan: text(row, 'dial_plan'),
    routes,
    recordInCdr: row['record_in_cdr'] === 1,
  };
}

/** The rows of the tables named after its fields, as the directory wants them. */
export function directorySnapshotOf(rows: {
  readonly accounts: readonly Row[];
  readonly credentials: readonly Row[];
  readonly numbers: readonly Row[];
  readonly dialRules: readonly Row[];
  readonly dialRoutes: readonly Row[];
  readonly fieldsSet: readonly Row[];
  readonly tariffs: readonly Row[];
  readonly packets: readonly Row[];
  readonly nextId: number;
}): DirectorySnapshot {
  const routes = new Map<number, RouteTarget[]>();
  const ordered = [...rows.dialRoutes].sort((one, other) => Number(one['position']) - Number(other['position']));
  for (const row of ordered) {
    const ruleId = Number(row['rule_id']);
    const sipServerId = Number(row['sip_server_id']);
    const route = { sipServerId, priority: Number(row['priority']), weight: Number(row['weight']) };
    routes.set(ruleId, [...(routes.get(ruleId) ?? []), route]);
  }
  return {
    accounts: rows.accounts.map(accountOf),
    credentials: rows.credentials.map(credentialOf),
    numbers: rows.numbers.map((row) => ({ number: text(row, 'number'), accountId: Number(row['account_id']) })),
    dialRules: rows.dialRules.map((row) => dialRuleOf(row, routes.get(Number(row['id'])) ?? [])),
    tariffs: rows.tariffs.map(tariffOf),
    packets: rows.packets.map(packetOf),
    nextId: rows.nextId,
    fieldsSet: rows.fieldsSet.map((row) => ({
      accountId: Number(row['account_id']),
      fields: text(row, 'field').split(','),
      origin: { by: text(row, 'set_by'), atMs: Number(row['set_at_ms']) },
    })),
  };
}

function tariffOf(row: Row): Tariff {
  const parentId = row['parent_id'];
  return {
    id: Number(row['id']),
    name: text(row, 'name'),
    parentId: typeof parentId === 'number' ? parentId : undefined,
  };
}

function packetOf(row: Row): Packet {
  const packet: Omit<Packet, 'id' | 'name'> = JSON.parse(text(row, 'packet_json'));
  return { id: Number(row['id']), name: text(row, 'name'), ...packet };
}

function text(row: Row, column: string): string {
  return String(row[column] ?? '');
}

function optionalSecret(row: Row, column: string): Secret<string> | undefined {
  const value = text(row, column);
  return value === '' ? undefined : new Secret(value);
}

const needAuths: readonly NeedAuth[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

function needAuthOf(value: number): NeedAuth {
  const known = needAuths.find((candidate) => candidate === value);
  assert(known !== undefined, `needauth ${value} is not one of 0 to 10`);
  return known;
}
