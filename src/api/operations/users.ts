import { warningsOf } from '../../accounts/warnings.ts';
import { accountFields } from '../../accounts/account-fields.ts';
import { changeAccount, createAccount, removeAccount, setPassword } from '../../accounts/admin.ts';
import type { AdminOutcome } from '../../accounts/admin-context.ts';
import { missingLimits } from '../../accounts/missing-limits.ts';
import { type Account, accountKinds } from '../../accounts/model.ts';
import { inSlices } from '../../base/time/in-slices.ts';
import { fail, ok } from '../../base/result/result.ts';
import { pageSize } from '../operation-table.ts';
import type { Arguments } from '../operation.ts';
import type { OperationPorts } from '../ports.ts';
import type {
  AccountDetailView,
  AccountView,
  ChangeView,
  FieldView,
  LimitCheckView,
  NewCredentialView,
  PhoneSetupView,
} from '../views.ts';
import { adminContext, changeLines, commit, refusedFields } from './administration.ts';
import { optionalText, text, texts, whole } from './arguments.ts';
import { deviceCounts } from './calls.ts';
import { namedAccount } from './named-account.ts';
import { accountMoney } from './account-money.ts';
import { commandLine, type OperationsOf, type Outcome, quoted, refused } from './outcome.ts';

type Names =
  | 'user list'
  | 'user check'
  | 'user show'
  | 'user add'
  | 'user set'
  | 'user remove'
  | 'user password'
  | 'user forget-spending';

const maxNamesAtOnce = 1000;
const accountsPerStep = 100;

export function userOperations(ports: OperationPorts): OperationsOf<Names> {
  return {
    'user list': (given) => Promise.resolve(listUsers(ports, given)),
    'user check': async () => ok(await inSlices(checkLimits(ports), ports.nextTurn)),
    'user show': (given) => showUser(ports, given),
    'user add': (given) => addUsers(ports, given),
    'user set': async (given) => {
      const name = text(given, 'name');
      if (!name.ok) return name;
      const fields = texts(given, 'fields');
      if (!fields.ok) return fields;
      const plan = changeAccount(name.value, fields.value, adminContext(ports));
      if (!plan.ok) return refusedFields(plan.error);
      return committed(ports, plan.value);
    },
    'user remove': async (given) => {
      const name = text(given, 'name');
      if (!name.ok) return name;
      const plan = removeAccount(name.value, adminContext(ports));
      if (!plan.ok) return refusedFields(plan.error);
      return committed(ports, plan.value);
    },
    'user password': (given) => changePassword(ports, given),
    'user forget-spending': (given) => forgetSpending(ports, given),
  };
}

async function committed(ports: OperationPorts, plan: AdminOutcome): Promise<Outcome<ChangeView>> {
  await commit(ports, plan);
  return ok({ changes: [...changeLines(plan.audit), ...warningsOf(plan.changes)] });
}

function listUsers(ports: OperationPorts, given: Arguments): Outcome<{ readonly users: readonly AccountView[] }> {
  const kind = optionalText(given, 'kind');
  if (!kind.ok) return kind;
  if (kind.value !== undefined && !accountKinds.some((known) => known === kind.value)) {
    return refused(`kind ${quoted(kind.value)} is none; write one of ${accountKinds.join(', ')}`);
  }
  const afterId = whole(given, 'afterId', { min: 0, max: Number.MAX_SAFE_INTEGER, otherwise: 0 });
  if (!afterId.ok) return afterId;
  const accounts = [...ports.directory.accounts()]
    .filter((account) => account.id > afterId.value && (kind.value === undefined || account.kind === kind.value))
    .sort((one, other) => one.id - other.id)
    .slice(0, pageSize);
  const devices = devicesOf(ports);
  return ok({ users: accounts.map((account) => accountView(ports, account, devices)) });
}

async function showUser(ports: OperationPorts, given: Arguments): Promise<Outcome<AccountDetailView>> {
  const named = namedAccount(ports, given, 'name');
  if (!named.ok) return named;
  const account = named.value;
  const origins = await ports.store.fieldOrigins(account.id);
  const fields = accountFields
    .filter((field) => field.kinds.includes(account.kind))
    .map((field): FieldView => {
      const value = field.show(account, ports.directory);
      const origin = origins.get(field.name);
      const shown = field.secret === true && value !== '' ? '[secret]' : value;
      return { name: field.name, value: shown, setBy: origin?.by ?? null, setAtMs: origin?.atMs ?? null };
    });
  const hasPassword = ports.directory.credentialOf(account.id) !== undefined;
  const money = await accountMoney(ports, account);
  return ok({ ...accountView(ports, account, devicesOf(ports)), hasPassword, money, fields });
}

/** [credit.maxdyndailycredit] What the account was used to spend is in the memory of the server that runs. */
async function forgetSpending(ports: OperationPorts, given: Arguments): Promise<Outcome<ChangeView>> {
  const named = namedAccount(ports, given, 'name');
  if (!named.ok) return named;
  const account = named.value;
  if (ports.live === undefined) {
    const message =
      "the server is not running, and only it may change what it remembers; start it with 'ringfence serve'";
    return fail({ code: 'server is not running', message });
  }
  const subject = `user ${account.name}`;
  const entry = { atMs: ports.clock.wallMs(), by: commandLine, action: 'forget spending', subject, detail: '' };
  await ports.store.apply([], [entry]);
  ports.live.forgetSpending(account.id);
  return ok({ changes: [`${account.name}: no day up to today counts as usual for the dynamic limit`] });
}

/** Plans all accounts on a copy before the first is stored: one that is refused leaves none behind. */
async function addUsers(ports: OperationPorts, given: Arguments): Promise<Outcome<PhoneSetupView>> {
  const names = given['names'];
  if (!Array.isArray(names) || names.length === 0 || names.length > maxNamesAtOnce) {
    return fail({ code: 'arguments', message: `names must be a list of 1 to ${maxNamesAtOnce} names` });
  }
  const fields = texts(given, 'fields');
  if (!fields.ok) return fields;
  const planned = names.length === 1 ? ports.directory : await inSlices(ports.directory.copy(), ports.nextTurn);
  const plans: AdminOutcome[] = [];
  const users: NewCredentialView[] = [];
  for (const name of names) {
    if (typeof name !== 'string') return fail({ code: 'arguments', message: 'names must be a list of texts' });
    const plan = createAccount({ ...fields.value, name }, adminContext(ports, planned));
    if (!plan.ok) return refusedFields(plan.error);
    if (planned !== ports.directory) for (const change of plan.value.changes) planned.apply(change);
    plans.push(plan.value);
    users.push(newCredential(name, plan.value));
  }
  await commit(ports, { changes: plans.flatMap((plan) => plan.changes), audit: plans.flatMap((plan) => plan.audit) });
  return ok(phoneSetup(ports, users));
}

function* checkLimits({ directory, settings }: OperationPorts): Generator<void, LimitCheckView> {
  const users: LimitCheckView['users'][number][] = [];
  let total = 0;
  let seen = 0;
  for (const account of directory.accounts()) {
    if (++seen % accountsPerStep === 0) yield;
    const missing = missingLimits(account, settings.current);
    if (missing.length === 0) continue;
    total++;
    if (users.length < pageSize) users.push({ name: account.name, kind: account.kind, missing });
  }
  return { total, users };
}

function newCredential(name: string, plan: AdminOutcome): NewCredentialView {
  const put = plan.changes.find((change) => change.kind === 'account put');
  const generatedPassword = plan.generatedPassword?.reveal() ?? null;
  return { name: put?.account.name ?? name, kind: put?.account.kind ?? 'enduser', generatedPassword };
}

async function changePassword(ports: OperationPorts, given: Arguments): Promise<Outcome<PhoneSetupView>> {
  const name = text(given, 'name');
  if (!name.ok) return name;
  const password = optionalText(given, 'password');
  if (!password.ok) return password;
  const plan = setPassword(name.value, password.value, adminContext(ports));
  if (!plan.ok) return refusedFields(plan.error);
  await commit(ports, plan.value);
  const account = ports.directory.accountByNameIgnoringCase(name.value);
  const generatedPassword = plan.value.generatedPassword?.reveal() ?? null;
  const kind = account?.kind ?? 'enduser';
  return ok(phoneSetup(ports, [{ name: account?.name ?? name.value, kind, generatedPassword }]));
}

/** What is typed into a phone besides its user and password. */
function phoneSetup(ports: OperationPorts, users: readonly NewCredentialView[]): PhoneSetupView {
  const { udp_port: udpPort, tcp_port: tcpPort } = ports.settings.current;
  return { users, server: serverForPhones(ports), port: udpPort === 0 ? tcpPort : udpPort };
}

function serverForPhones({ settings, ownAddress }: OperationPorts): string | null {
  const {
    localdomain,
    public_address: [publicAddress],
    listen,
  } = settings.current;
  const [domain] = localdomain;
  if (domain !== undefined) return domain;
  if (publicAddress !== undefined) return publicAddress;
  const everywhere = listen.includes('0.0.0.0') || listen.includes('::');
  return (everywhere ? ownAddress : listen[0]) ?? null;
}

type Devices = ReadonlyMap<number, number> | undefined;

function devicesOf(ports: OperationPorts): Devices {
  return ports.live === undefined ? undefined : deviceCounts(ports.live, ports.clock.wallMs());
}

function accountView(ports: OperationPorts, account: Account, devices: Devices): AccountView {
  const { id, name, kind, enabled, displayName } = account;
  return {
    id,
    name,
    kind,
    enabled,
    displayName,
    numbers: ports.directory.numbersOf(id),
    devices: devices === undefined ? null : (devices.get(id) ?? 0),
  };
}
