import type { DirectorySnapshot } from '../../src/accounts/change.ts';
import { blankAccount } from '../../src/accounts/blank-account.ts';
import { blankDialRule } from '../../src/accounts/blank-dial-rule.ts';
import { blankTrunk } from '../../src/accounts/blank-trunk.ts';
import { credentialFor } from '../../src/accounts/ha1.ts';
import { limitFields } from '../../src/accounts/limit-fields.ts';
import type {
  Account,
  AccountLimits,
  DialRule,
  NumberOwnership,
  Trunk,
  Packet,
  Tariff,
} from '../../src/accounts/model.ts';
import type { PriceList } from '../../src/billing/tariff/price-list.ts';
import { type Log, type LogFields, silentLog } from '../../src/base/log/log.ts';
import type { Endpoint } from '../../src/base/net/endpoint.ts';
import { parsePrefix } from '../../src/base/net/prefix.ts';
import type { Ceiling } from '../../src/billing/ceiling.ts';
import type { Ledger } from '../../src/billing/ledger/ledger.ts';
import type { Posting } from '../../src/billing/ledger/posting.ts';
import type { CallStore } from '../../src/call/ports.ts';
import type { CallAnswer, CallRow, Cdr, InviteRecord } from '../../src/call/record.ts';
import type { Ban } from '../../src/guard/bans/ban.ts';
import type { Decision } from '../../src/guard/decision.ts';
import { SipServer } from '../../src/main/sip-server.ts';
import type { Binding } from '../../src/registrar/binding.ts';
import { profileValues, type Settings } from '../../src/settings/index.ts';
import { MemoryPostings, memoryLedger } from '../kit/memory-ledger.ts';
import { ScriptedDns } from '../kit/scripted-dns.ts';
import type { StreamGate } from '../../src/sip/transport/index.ts';
import type { StackBounds } from '../../src/sip/stack/index.ts';
import { ScriptedLists } from '../kit/scripted-lists.ts';
import { seededRandom } from '../kit/seeded-random.ts';
import { SimulatedClock } from '../kit/simulated-clock.ts';
import { SimulatedMediaPlane } from '../kit/simulated-media.ts';
import { SimulatedNetwork } from '../kit/simulated-network.ts';
import { ScriptedPeer, sdp } from './scripted-peer.ts';

export const serverEndpoint = { address: '192.0.2.9', port: 5060 };
export const password = 'a right password';
const realm = 'server.example';

/** A CallStore that remembers what was promised, in the order in which it was promised. */
class MemoryCallStore implements CallStore {
  readonly rows: CallRow[] = [];
  readonly answers: CallAnswer[] = [];
  readonly cdrs: Cdr[] = [];
  failing = false;
  readonly #postings: MemoryPostings;
  #answersHeld: Promise<void> = Promise.resolve();
  #beginsHeld: Promise<void> = Promise.resolve();

  constructor(postings: MemoryPostings) {
    this.#postings = postings;
  }

  begin(row: CallRow): Promise<void> {
    this.rows.push(row);
    return this.failing ? Promise.reject(new Error('disk full')) : this.#beginsHeld;
  }

  dialled(callId: string, invites: readonly InviteRecord[], money: string): Promise<void> {
    this.#change(callId, { invites, money });
    return Promise.resolve();
  }

  #change(callId: string, fields: Partial<CallRow>): void {
    const at = this.rows.findIndex((row) => row.callId === callId);
    const row = this.rows[at];
    if (row !== undefined) this.rows[at] = { ...row, ...fields };
  }

  answer(row: CallAnswer): Promise<void> {
    this.answers.push(row);
    this.#change(row.callId, { money: row.money });
    return this.#answersHeld;
  }

  /** Calls are not written until what comes back is called. */
  holdBegins(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#beginsHeld = promise;
    return resolve;
  }

  /** Answers are not written until what comes back is called. */
  holdAnswers(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#answersHeld = promise;
    return resolve;
  }

  end(cdr: Cdr, charges: readonly Posting[] = []): Promise<void> {
    this.cdrs.push(cdr);
    return this.#postings.post(charges);
  }

  amend(cdr: Cdr, charges: readonly Posting[]): Promise<void> {
    const at = this.cdrs.findIndex(({ callId }) => callId === cdr.callId);
    if (at === -1) return Promise.reject(new Error('there is no such CDR'));
    this.cdrs[at] = cdr;
    return this.#postings.post(charges);
  }
}

/** An error that the server logs fails the test that caused it. */
const loudLog: Log = {
  ...silentLog,
  error: (message, fields) => {
    throw new Error(`${message} ${JSON.stringify(fields)}`);
  },
  child: () => loudLog,
};

export interface StageOptions {
  readonly settings?: Partial<Settings>;
  readonly accounts?: readonly Partial<Account>[];
  readonly dialRules?: readonly Partial<DialRule>[];
  readonly numbers?: readonly NumberOwnership[];
  readonly bounds?: Partial<StackBounds>;
  /** TLS and WebSocket. */
  readonly gate?: StreamGate;
  readonly tariffs?: readonly Tariff[];
  readonly packets?: readonly Packet[];
  readonly priceLists?: Iterable<readonly [tariffId: number, list: PriceList]>;
  readonly ceiling?: Ceiling;
  /** Movements of money before the server starts. */
  readonly postings?: readonly Posting[];
}

/** The whole signalling plane in virtual time, with a store and a media plane that tests can look into. */
export class Stage {
  readonly clock = new SimulatedClock(Date.parse('2026-11-23T10:00:00Z'));
  readonly network = new SimulatedNetwork(this.clock, seededRandom(5));
  readonly plane = new SimulatedMediaPlane(this.clock);
  readonly postings = new MemoryPostings();
  readonly store = new MemoryCallStore(this.postings);
  readonly bindings = new Map<string, Binding>();
  readonly decisions: Decision[] = [];
  readonly bans = new Map<string, Ban>();
  readonly lists = new ScriptedLists();
  /** Lines of the log that tell what goes on, and of nothing that is wrong. */
  readonly infos: { readonly message: string; readonly fields: LogFields | undefined }[] = [];
  readonly dns = new ScriptedDns();
  readonly server: SipServer;
  settings: Settings;
  listen: ((level: 'warn' | 'error', message: string, fields?: LogFields) => void) | undefined;
  readonly ledger: Ledger;

  private constructor(options: StageOptions) {
    this.settings = { ...profileValues('default'), listen: [serverEndpoint.address], ...options.settings };
    void this.postings.post(options.postings ?? []);
    const prefix = parsePrefix('192.0.2.0/24');
    if (!prefix.ok) throw new Error(prefix.error);
    this.ledger = memoryLedger(this.clock, this.postings);
    this.server = new SipServer({
      network: this.network.host(
        serverEndpoint.address,
        ...this.settings.listen.filter((address) => address !== serverEndpoint.address),
      ),
      clock: this.clock,
      random: seededRandom(11),
      log: this.#log(),
      ...(options.bounds === undefined ? {} : { bounds: options.bounds }),
      ...(options.gate === undefined ? {} : { gate: options.gate }),
      settings: () => this.settings,
      // What a test has set, somebody has set.
      settingOrigin: (key) => ({ by: key in (options.settings ?? {}) ? 'anna' : 'default', atMs: undefined }),
      realm,
      directory: snapshotOf(options),
      priceLists: options.priceLists ?? [],
      plane: this.plane,
      calls: this.store,
      bindings: {
        put: (binding) => this.bindings.set(binding.key, binding),
        remove: (key) => this.bindings.delete(key),
      },
      decisions: { put: (decision) => this.decisions.push(decision) },
      bans: {
        put: (ban) => this.bans.set(ban.key, ban),
        remove: (keys) => {
          for (const key of keys) this.bans.delete(key);
        },
      },
      blockLists: this.lists,
      ledger: this.ledger,
      ...(options.ceiling === undefined ? {} : { ceiling: options.ceiling }),
      dns: this.dns,
      ownAddresses: () => [{ address: serverEndpoint.address, network: prefix.value, internal: false }],
    });
  }

  /** Hears what the server logs from now on; an error fails the test no more. */
  onLog(listen: NonNullable<Stage['listen']>): void {
    this.listen = listen;
  }

  #log(): Log {
    const tell = (level: 'warn' | 'error', message: string, fields?: LogFields): void => {
      if (this.listen !== undefined) this.listen(level, message, fields);
      else if (level === 'error') loudLog.error(message, fields);
    };
    const log: Log = {
      ...loudLog,
      info: (message, fields) => this.infos.push({ message, fields }),
      warn: (message, fields) => tell('warn', message, fields),
      error: (message, fields) => tell('error', message, fields),
      child: () => log,
    };
    return log;
  }

  /** `bindings` are those that the last life of the server has left in the store. */
  static async open(
    options: StageOptions = {},
    bindings: readonly Binding[] = [],
    zone: (dns: ScriptedDns) => void = () => {},
  ): Promise<Stage> {
    const stage = new Stage(options);
    zone(stage.dns);
    for (const binding of bindings) stage.bindings.set(binding.key, binding);
    stage.server.remember(bindings);
    await stage.server.listen();
    return stage;
  }

  /** What the account has, all charges off. */
  balanceOf(name: string): bigint {
    return this.ledger.balances.postedMicros(this.server.directory.accountByName(name)?.id ?? 0);
  }

  accountOf(name: string): Account {
    const account = this.server.directory.accountByName(name);
    if (account === undefined) throw new Error(`no account ${name}`);
    return account;
  }

  /** An operator changes an account while the server runs. `named` are the fields as an operator writes them. */
  change(name: string, fields: Partial<Account>, named = Object.keys(fields)): void {
    const account = this.server.directory.accountByName(name);
    if (account === undefined) throw new Error(`no account ${name}`);
    const origin = { by: 'anna', atMs: this.clock.wallMs() };
    const change = { account: { ...account, ...fields }, fields: named, origin };
    this.server.directory.apply({ kind: 'account put', ...change });
    this.server.accountChanged(account.id);
  }

  /** Money comes in, or goes, while the server runs. */
  async move(posting: Posting): Promise<void> {
    await this.ledger.chargeApart([posting]);
    this.server.money.recheck(posting.accountId);
  }

  /** Limits that an operator gives an account while the server runs. */
  setLimits(name: string, limits: Partial<AccountLimits>): void {
    const account = this.server.directory.accountByName(name);
    if (account === undefined) throw new Error(`no account ${name}`);
    const changed = { ...account, limits: { ...account.limits, ...limits } };
    const origin = { by: 'anna', atMs: this.clock.wallMs() };
    const fields = limitFields.map(({ name: field }) => field);
    this.server.directory.apply({ kind: 'account put', account: changed, fields, origin });
  }

  /** `server` is the address of ours that it talks to. */
  peer(address: string, port = 5060, server: Endpoint = serverEndpoint): Promise<ScriptedPeer> {
    return ScriptedPeer.at(this.network.host(address), { address, port }, server);
  }

  /** A phone that has registered as `user`. */
  async phone(user: string, address: string): Promise<ScriptedPeer> {
    const phone = await this.peer(address);
    await this.register(phone, user);
    return phone;
  }

  /** A device of several lines that has no socket but its one TCP connection. */
  tcpPeer(address: string): ScriptedPeer {
    return ScriptedPeer.overTcp(this.network.host(address), address, serverEndpoint);
  }

  async register(phone: ScriptedPeer, user: string, given: Parameters<ScriptedPeer['build']>[3] = {}): Promise<void> {
    const register = phone.build('REGISTER', 'sip:server.example', user, given);
    phone.send(register);
    await this.run(20);
    phone.send(phone.authorised(register, phone.response('REGISTER', 401), user, password));
    await this.run(20);
    phone.response('REGISTER', 200);
  }

  /** An INVITE that has passed the challenge; the caller has its 100. */
  async invite(
    caller: ScriptedPeer,
    user: string,
    uri: string,
    body = sdp(caller.local.address),
  ): Promise<ReturnType<ScriptedPeer['build']>> {
    const invite = caller.build('INVITE', uri, user, { body });
    caller.send(invite);
    await this.run(20);
    const challenge = caller.response('INVITE', 407);
    caller.ack(invite, challenge);
    const again = caller.authorised(invite, challenge, user, password);
    caller.send(again);
    await this.run(20);
    return again;
  }

  /** Moves time, and lets what was promised happen on the way. */
  async run(durationMs: number): Promise<void> {
    const stepMs = Math.max(1, Math.floor(durationMs / 20));
    for (let leftMs = durationMs; leftMs > 0; leftMs -= stepMs) {
      this.clock.advance(Math.min(stepMs, leftMs));
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    }
  }
}

function snapshotOf({
  accounts = [],
  dialRules = [],
  numbers = [],
  tariffs = [],
  packets = [],
}: StageOptions): DirectorySnapshot {
  const all = [{ name: 'alice' }, { name: 'bob' }, ...accounts].map((fields, index) => accountOf(index + 1, fields));
  const credentials = all
    .filter(({ kind }) => kind === 'enduser')
    .map((account) => credentialFor(account, realm, password));
  const rules = dialRules.map((fields, index) => ruleOf(100 + index, fields));
  return { accounts: all, credentials, numbers, dialRules: rules, tariffs, packets, nextId: 1000 };
}

function accountOf(id: number, fields: Partial<Account>): Account {
  const blank = blankAccount(id, '', 'enduser');
  return { ...blank, limits: { ...blank.limits, international: true }, ...fields };
}

function ruleOf(id: number, fields: Partial<DialRule>): DialRule {
  return { ...blankDialRule(id, `rule ${id}`), pattern: 'X.', ...fields };
}

export function trunkAt(host: string): Trunk {
  return { ...blankTrunk, host, port: 5060, transport: 'udp' };
}
