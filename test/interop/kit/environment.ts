import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ServerProcess } from './server-process.ts';
import { isBound } from './sockets.ts';
import { SippProcess, type SippOptions } from './sipp-process.ts';

const sharedScenarios = fileURLToPath(new URL('../sipp/shared/', import.meta.url));

/** Where in a case's network everybody lives: phones never share an address with a SIP server. */
export const hosts = {
  server: 1,
  alice: 11,
  bob: 12,
  bobsOther: 13,
  carrier: 21,
  reserve: 22,
  third: 23,
  sender: 31,
  stranger: 66,
} as const;
export type HostName = keyof typeof hosts;

export type PeerOptions = Partial<Omit<SippOptions, 'scenario' | 'folder' | 'local' | 'mediaPort'>>;

/** What a case is given: a network of its own on loopback, a folder, and ways to start processes that end with it. */
export class Environment {
  readonly folder: string;
  readonly #caseFolder: string;
  readonly #network: string;
  readonly #servers: ServerProcess[] = [];
  readonly #peers: SippProcess[] = [];
  readonly #undo: (() => Promise<void>)[] = [];
  #count = 0;

  constructor(caseFolder: string, folder: string, network: string) {
    this.#caseFolder = caseFolder;
    this.#network = network;
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  address(host: HostName): string {
    return `${this.#network}.${hosts[host]}`;
  }

  get serverAddress(): string {
    return this.address('server');
  }

  /** A server on its own address, with the accounts of `document`. */
  async startServer(document: object, settings: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
    const server = new ServerProcess(join(this.folder, 'server'), this.serverAddress, {
      listen: this.serverAddress,
      media_address: this.serverAddress,
      media_networks: '127.0.0.0/8',
      metrics_port: '0',
      start_rtp_port: '20000',
      end_rtp_port: '24000',
      log_level: 'debug',
      ...settings,
    });
    this.#servers.push(server);
    await server.start();
    await server.import(document);
    return server;
  }

  /** Starts sipp with a scenario of this case, or a shared one. */
  sipp(scenario: string, host: HostName, options: PeerOptions = {}): SippProcess {
    return this.sippAt(scenario, this.address(host), options);
  }

  sippAt(scenario: string, local: string, options: PeerOptions = {}): SippProcess {
    const own = join(this.#caseFolder, scenario);
    this.#count++;
    const { variables = {}, ...others } = options;
    const process = new SippProcess({
      scenario: existsSync(own) ? own : join(sharedScenarios, scenario),
      folder: join(this.folder, `${String(this.#count).padStart(2, '0')}-${scenario.replace('.xml', '')}`),
      local,
      localPort: 5060,
      remote: this.serverAddress,
      mediaPort: freeMediaPort(local, 30_000 + 10 * this.#count),
      ...others,
      variables: { server: this.serverAddress, ...variables },
    });
    this.#peers.push(process);
    return process;
  }

  /** Has `step` done when the case is over, however it ended. */
  atEnd(step: () => Promise<void>): void {
    this.#undo.push(step);
  }

  /** Lines of the servers' logs that tell of a fault of theirs: broken invariants, lost records, dead threads. */
  faults(): readonly string[] {
    const isFault = (line: string): boolean => line.startsWith('{"level":50') || line.includes('InvariantError');
    return this.#servers.flatMap((server) => server.log().split('\n').filter(isFault));
  }

  async close(): Promise<void> {
    for (const peer of this.#peers) await peer.stop();
    for (const step of this.#undo.toReversed()) await step();
    for (const server of this.#servers) await server.kill();
  }
}

/** sipp binds four ports from here on and gives up when one is taken, be it by a wildcard of somebody else. */
function freeMediaPort(address: string, first: number): number {
  const isFree = (port: number): boolean => [0, 1, 2, 3].every((offset) => !isBound('udp', address, port + offset));
  for (let port = first; port < 65_000; port += 4) if (isFree(port)) return port;
  throw new Error(`no free media port on ${address}`);
}
