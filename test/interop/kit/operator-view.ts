import assert from 'node:assert/strict';
import type { BanView } from '../../../src/api/views.ts';
import { office } from './office.ts';
import type { Environment } from './environment.ts';
import { portsOnLoopback } from './ports.ts';
import type { ServerProcess } from './server-process.ts';

/** A server with the accounts of the office, and what its operator can read of it. */
export class OperatorView {
  readonly server: ServerProcess;
  readonly #metricsPort: number;

  private constructor(server: ServerProcess, metricsPort: number) {
    this.server = server;
    this.#metricsPort = metricsPort;
  }

  static async start(env: Environment, settings: Readonly<Record<string, string>> = {}): Promise<OperatorView> {
    const port = portsOnLoopback();
    const server = await env.startServer(office(env), { metrics_port: String(port), log_level: 'info', ...settings });
    return new OperatorView(server, port);
  }

  /** A number of `/metrics`: `findings_total{kind="challenged"}`. */
  async metric(name: string): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.#metricsPort}/metrics`);
    const line = (await response.text()).split('\n').find((each) => each.startsWith(`ringfence_${name} `));
    if (line === undefined) throw new Error(`there is no ringfence_${name}`);
    return Number(line.slice(line.lastIndexOf(' ')));
  }

  findings(kind: string): Promise<number> {
    return this.metric(`findings_total{kind="${kind}"}`);
  }

  async bans(): Promise<readonly BanView[]> {
    return (await this.server.ask('ban list', {})).bans;
  }

  /** Who is stopped, as `ban 127.0.0.1 maxfailedauthenabledipport`. */
  async stopped(): Promise<readonly string[]> {
    const bans = await this.bans();
    return bans.filter(({ action }) => action !== 'allow').map((ban) => `${ban.action} ${ban.subject} ${ban.rule}`);
  }

  /** No entry stops anybody at this address as a whole, or at one of its ports. */
  async assertNotStopped(address: string): Promise<void> {
    const isOf = (subject: string): boolean => subject === address || subject.startsWith(`${address}:`);
    const stops = (await this.stopped()).filter((stop) => !stop.startsWith('report') && isOf(stop.split(' ')[1] ?? ''));
    assert.deepEqual(stops, [], `${address} is stopped`);
  }

  /** The list as it is printed tells who, why, on what evidence and until when. */
  async assertTold(subject: string, reason: RegExp, evidence: string): Promise<void> {
    const entry = (await this.bans()).find((ban) => ban.subject === subject);
    assert.ok(entry !== undefined, `${subject} is not listed, but ${(await this.stopped()).join(', ')}`);
    assert.match(entry.reason, reason);
    assert.equal(entry.evidence, evidence);
    assert.ok(entry.untilMs !== null && entry.untilMs > Date.now(), 'it ends');
    const printed = await this.server.command('bans', 'list');
    assert.ok(printed.includes(subject), printed);
    assert.match(printed, reason);
  }
}
