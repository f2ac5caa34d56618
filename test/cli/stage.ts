import type { Ban } from '../../src/guard/bans/ban.ts';
import { GuardBench } from '../kit/guard-bench.ts';
import { directReader } from '../../src/api/reading/read-documents.ts';
import { bookOf } from '../../src/billing/tariff/price-book.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AccountDirectory } from '../../src/accounts/directory.ts';
import { serveControl } from '../../src/api/control/serve-control.ts';
import { buildOperations } from '../../src/api/operations/index.ts';
import type { LiveCall, LiveServer } from '../../src/api/ports.ts';
import { silentLog } from '../../src/base/log/log.ts';
import { assert } from '../../src/base/result/assert.ts';
import type { Clock } from '../../src/base/time/clock.ts';
import type { MachineFacts } from '../../src/doctor/machine-checks.ts';
import type { NextTurn } from '../../src/base/time/in-slices.ts';
import { systemClock } from '../../src/base/time/system-clock.ts';
import { systemTurn } from '../../src/base/time/system-turn.ts';
import type { CliEnvironment, Output, ServeOptions } from '../../src/cli/environment.ts';
import { run } from '../../src/cli/program.ts';
import { controlSocketName } from '../../src/cli/session.ts';
import { openLedger } from '../../src/main/open-ledger.ts';
import { openFolder } from '../../src/main/open-folder.ts';
import type { Binding } from '../../src/registrar/binding.ts';
import { systemListFetcher } from '../../src/main/list-fetcher.ts';
import { BlockLists } from '../../src/guard/lists/block-lists.ts';
import { ScriptedLists } from '../kit/scripted-lists.ts';
import { loadSettings, profileValues } from '../../src/settings/index.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { seededRandom } from '../kit/seeded-random.ts';

/** What one command line did. */
export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class FakeLiveServer implements LiveServer {
  inProgress: LiveCall[] = [];
  registered: Binding[] = [];
  readonly ended: string[] = [];
  readonly changed: number[] = [];
  readonly guard = new GuardBench().guard;
  readonly blockLists: BlockLists;
  readonly #startedAtMs: number;

  constructor(startedAtMs: number) {
    this.#startedAtMs = startedAtMs;
    const { store, audit } = new ScriptedLists();
    this.blockLists = new BlockLists({
      ...{ clock: systemClock, random: seededRandom(3), settings: () => profileValues('default'), log: silentLog },
      ...{ store, audit, fetcher: systemListFetcher(systemClock), nextTurn: systemTurn },
      ownAddresses: () => ['192.0.2.5'],
      cutOffBy: () => ({ bindings: this.registered.map(({ user }) => user), calls: [], peers: [] }),
      onChange: () => {},
    });
  }

  calls(): Promise<readonly LiveCall[]> {
    return Promise.resolve(this.inProgress);
  }

  bindings(): Iterable<Binding> {
    return this.registered;
  }

  endCall(callId: string): boolean {
    this.ended.push(callId);
    return this.inProgress.some((call) => call.callId === callId);
  }

  accountChanged(accountId: number): void {
    this.changed.push(accountId);
  }

  ledgerResumed(): Promise<void> {
    return Promise.resolve();
  }

  moneyLimits(accountId: number): ReturnType<LiveServer['moneyLimits']> {
    const limit = {
      ...({ rule: 'maxdailycredit', mode: 'enforce', accountId, limitMicros: 5_000_000n, cuts: true } as const),
      ...{ setBy: 'anna', setAtMs: this.#startedAtMs },
    };
    return [{ limit, per: 'day', postedMicros: 1_250_000n, heldMicros: 60_000n }];
  }

  heldMicros(): bigint {
    return 60_000n;
  }

  forgetSpending(accountId: number): void {
    this.changed.push(accountId);
  }

  bans(): Iterable<Ban> {
    return this.guard.bans.all();
  }

  bansOf(address: string): readonly Ban[] {
    return this.guard.bans.concerning(address);
  }

  putBan(ban: Ban): void {
    this.guard.put(ban);
  }

  liftBans(subject: string): readonly string[] {
    return this.guard.liftAbout(subject);
  }

  liftAllBans(): number {
    return this.guard.liftAll();
  }

  cutOffBy({ subject }: Parameters<LiveServer['cutOffBy']>[0]): ReturnType<LiveServer['cutOffBy']> {
    const there = this.registered.filter(({ sourceAddress }) => sourceAddress === subject);
    return { bindings: there.map(({ user }) => user), calls: [], peers: [] };
  }

  strangerRefusals(): ReturnType<LiveServer['strangerRefusals']> {
    return [{ source: '192.0.2.66', rule: 'guest refused', minuteMs: 60_000, count: 3 }];
  }

  status(): ReturnType<LiveServer['status']> {
    const { length: calls } = this.inProgress;
    const hops = [{ hop: 'udp:192.0.2.50:5060', state: 'down', lastStatus: 503 }];
    return {
      ...{ startedAtMs: this.#startedAtMs, calls, bindings: this.registered.length, listeners: ['udp 0.0.0.0:5060'] },
      clearListeners: ['udp 0.0.0.0:5060', 'rtp ports 20000 to 40000'],
      certificate: {
        ...{ subject: 'sip.example.com', names: ['sip.example.com'], issuer: 'sip.example.com', fingerprint: 'AB:CD' },
        ...{ validUntilMs: Date.UTC(2027, 0, 31), selfSigned: true },
      },
      registrations: [],
      sipServers: [{ name: 'carrier', state: 'down', sinceMs: this.#startedAtMs, hops }],
    };
  }
}

export interface RunOptions {
  readonly files?: Readonly<Record<string, string>>;
  /** Lines of the standard input. */
  readonly input?: readonly string[];
  readonly terminal?: boolean;
  readonly variables?: Readonly<Record<string, string>>;
  /** Variables that a command which works alone reads settings from. */
  readonly settingVariables?: Readonly<Record<string, string>>;
  readonly interrupted?: AbortSignal;
  readonly onOutput?: (text: string) => void;
  /** The machine that the doctor looks at. */
  readonly machine?: MachineFacts;
}

/** A machine that nothing is wrong with. */
export const quietMachine: MachineFacts = {
  ...{ listeners: [], ownPorts: new Set(), mediaPorts: [0, 0], reversePath: new Map([['eth0', 1]]) },
  ...{ martiansLogged: true, clockSynchronised: true, swapKb: 0, openFilesLimit: 65_536, runsAsRoot: false },
  ...{ extraRoots: [], withoutPassword: [], openToOthers: [] },
};

/** A data folder of its own, on which commands are run as an operator runs them, with or without a server. */
export class CliStage {
  readonly dataFolder: string;
  /** What `serve` was started with. */
  readonly served: ServeOptions[] = [];
  #close: (() => Promise<void>) | undefined;
  #live: FakeLiveServer | undefined;

  constructor(dataFolder: string) {
    this.dataFolder = dataFolder;
  }

  /** A server on the folder, with the real store, operations and socket; only calls and registrations are made up. */
  async startServer(
    clock: Clock = systemClock,
    nextTurn: NextTurn = systemTurn,
  ): Promise<{ readonly live: FakeLiveServer; readonly store: Store; readonly directory: AccountDirectory }> {
    const opened = await openStore(this.dataFolder, { clock, random: seededRandom(1), log: silentLog, realm: '' });
    assert(opened.ok, opened.ok ? '' : opened.error);
    const { store } = opened.value;
    const snapshot = await store.loadSnapshot();
    const settings = loadSettings({ stored: snapshot.settings, environment: {}, commandLine: [], nowMs: 0 });
    assert(settings.ok, 'the stored settings load');
    const live = new FakeLiveServer(clock.wallMs());
    this.#live = live;
    const directory = new AccountDirectory(snapshot.directory);
    const operations = buildOperations({
      version: '9.9.9',
      clock,
      random: seededRandom(2),
      nextTurn,
      directory,
      prices: bookOf(directory, snapshot.decks),
      reader: directReader,
      settings: settings.value,
      store,
      ledger: openLedger(store, snapshot.ledger, settings.value.current, { clock, log: silentLog }),
      ownAddress: '192.0.2.5',
      live,
    });
    const path = join(this.dataFolder, controlSocketName);
    const control = await serveControl(path, operations, { clock, log: silentLog });
    assert(control.ok, control.ok ? '' : control.error);
    this.#close = async () => {
      await control.value.close();
      await store.close();
    };
    return { live, store, directory };
  }

  async stopServer(): Promise<void> {
    this.#live?.blockLists.stop();
    await this.#close?.();
    this.#close = undefined;
  }

  /** Runs one command line; `--data` is added to it. */
  async run(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const stdout = new Captured(options);
    const stderr = new Captured(options);
    const exitCode = await run(argv, this.#environment(stdout, stderr, options));
    return { exitCode, stdout: stdout.text, stderr: stderr.text };
  }

  /** Runs a command with `--json` that must succeed. */
  async json(argv: readonly string[], options: RunOptions = {}): Promise<unknown> {
    const ran = await this.run([...argv, '--json'], options);
    assert(ran.exitCode === 0, `${argv.join(' ')}: ${ran.stderr}`);
    return JSON.parse(ran.stdout);
  }

  #environment(stdout: Output, stderr: Output, options: RunOptions): CliEnvironment {
    const { files = {}, variables, settingVariables = {}, interrupted } = options;
    return {
      version: '9.9.9',
      stdout,
      stderr,
      variables: { RINGFENCE_DATA: this.dataFolder, ...variables },
      workingFolder: this.dataFolder,
      clock: systemClock,
      interrupted: interrupted ?? new AbortController().signal,
      readText: (path) => {
        const text = files[path];
        return text === undefined ? Promise.reject(new Error('no such file')) : Promise.resolve(text);
      },
      readLines: async function* () {
        yield* options.input ?? [];
      },
      openFolder: (dataFolder, mode) => openFolder(dataFolder, mode, settingVariables),
      machineFacts: (_folder, own) => Promise.resolve({ ...(options.machine ?? quietMachine), ...own }),
      serve: (asked) => {
        this.served.push(asked);
        return Promise.resolve(0);
      },
      demo: () => Promise.resolve(0),
    };
  }
}

class Captured implements Output {
  text = '';
  readonly isTerminal: boolean;
  readonly columns = 100;
  readonly #onOutput: ((text: string) => void) | undefined;

  constructor({ terminal = false, onOutput }: RunOptions) {
    this.isTerminal = terminal;
    this.#onOutput = onOutput;
  }

  write(text: string): void {
    this.text += text;
    this.#onOutput?.(text);
  }
}

/** Gives `use` a stage whose data folder does not exist yet, and cleans up behind it. */
export async function onStage(use: (stage: CliStage) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ringfence-cli-'));
  const stage = new CliStage(join(folder, 'data'));
  try {
    await use(stage);
  } finally {
    await stage.stopServer();
    await rm(folder, { recursive: true, force: true });
  }
}
