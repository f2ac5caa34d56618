import { silentLog } from '../../src/base/log/log.ts';
import type { Ban } from '../../src/guard/bans/ban.ts';
import type { Evidence, FindingKind } from '../../src/guard/findings.ts';
import { Guard, type GuardParts } from '../../src/guard/guard.ts';
import { ListedSources } from '../../src/guard/lists/listed-sources.ts';
import { StrangerLog } from '../../src/guard/stranger-log.ts';
import { profileValues, type Settings } from '../../src/settings/index.ts';
import type { Admission, TransportName } from '../../src/sip/transport/index.ts';
import { seededRandom } from './seeded-random.ts';
import { SimulatedClock } from './simulated-clock.ts';

/** A guard in virtual time, whose server knows one user, `alice`, and one SIP server, 192.0.2.50. */
export class GuardBench {
  readonly clock = new SimulatedClock(Date.parse('2026-11-23T12:00:00Z'));
  readonly stored = new Map<string, Ban>();
  readonly guard: Guard;
  /** What counts as our own nonce, tag or branch. */
  readonly marks = new Set<string>();
  /** Live bindings: `alice 203.0.113.9:5060`. */
  readonly bound = new Set<string>();
  settings: Settings;
  load = 0;
  /** Live registrations of each user. */
  bindings = 1;
  /** Addresses of block lists. */
  sources = ListedSources.none;

  constructor(
    settings: Partial<Settings> = {},
    profile: Parameters<typeof profileValues>[0] = 'default',
    parts: Partial<Pick<GuardParts, 'firewall' | 'trustOf' | 'store'>> = {},
  ) {
    this.settings = { ...profileValues(profile), ...settings };
    this.guard = new Guard({
      clock: this.clock,
      random: seededRandom(7),
      settings: () => this.settings,
      strangerLog: new StrangerLog(this.clock, silentLog),
      log: silentLog,
      store: {
        put: (ban) => this.stored.set(ban.key, ban),
        remove: (keys) => {
          for (const key of keys) this.stored.delete(key);
        },
      },
      marks: {
        isOwnNonce: (nonce) => this.marks.has(nonce),
        isOwnTag: (tag) => this.marks.has(tag),
        isOwnBranch: (branch) => this.marks.has(branch),
      },
      isUser: (name) => name === 'alice',
      bindingsOf: () => this.bindings,
      sparesFailure: () => false,
      holdsTrusted: (network) => network === '2001:db8:50::/64',
      trustOf: (address) => (address === '192.0.2.50' ? 'an address of a SIP server' : undefined),
      isBoundAt: (user, { address, port }) => this.bound.has(`${user} ${address}:${port}`),
      isListed: (address) => address === '192.0.2.50',
      load: () => this.load,
      listed: () => this.sources,
      onBan: () => {},
      ...parts,
    });
    this.guard.start();
  }

  /** Tells the guard of `times` findings, one after another. */
  see(
    kind: FindingKind,
    given: {
      readonly address?: string;
      readonly port?: number;
      readonly user?: string;
      readonly evidence?: Evidence;
      readonly times?: number;
      readonly transport?: TransportName;
      readonly userAgent?: string;
      readonly isRegister?: boolean;
    } = {},
  ): void {
    const { address = '203.0.113.9', port = 5060, user = 'alice', times = 1, userAgent = '' } = given;
    const { transport = 'udp', isRegister = false } = given;
    const evidence = given.evidence ?? (transport === 'udp' ? 'nonce' : 'connection');
    for (let time = 0; time < times; time++) {
      this.guard.observe({ kind, address, port, transport, evidence, user, userAgent, isRegister });
    }
  }

  /** A packet arrives. */
  packet(address = '203.0.113.9', port = 5060, text = '', transport: TransportName = 'udp'): Admission {
    const octets = Buffer.from(text.padEnd(300));
    const source = { transport, localPort: 5060, remote: { address, port }, octets: octets.length, connectionId: 0 };
    return this.guard.admit(source, transport === 'udp' ? octets : undefined);
  }

  /** How many of `count` packets are served. */
  served(count: number, address?: string, port?: number, text?: string): number {
    let served = 0;
    for (let packet = 0; packet < count; packet++) if (this.packet(address, port, text) === 'serve') served++;
    return served;
  }

  /** What is listed, each as `action subject [rule]`. */
  listed(): readonly string[] {
    return [...this.guard.bans.all()].map(({ action, subject, rule }) => `${action} ${subject} [${rule}]`);
  }
}
