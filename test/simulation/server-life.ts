import type { Endpoint } from '../../src/base/net/endpoint.ts';
import { parsePrefix } from '../../src/base/net/prefix.ts';
import type { Log } from '../../src/base/log/log.ts';
import { assert } from '../../src/base/result/assert.ts';
import type { Random } from '../../src/base/random/random.ts';
import type { Clock } from '../../src/base/time/clock.ts';
import type { Heartbeat } from '../../src/call/record.ts';
import { SipServer } from '../../src/main/sip-server.ts';
import { writeRtp } from '../../src/media/index.ts';
import { profileValues, type Settings } from '../../src/settings/index.ts';
import type { Network } from '../../src/sip/transport/ports.ts';
import { memoryLedger } from '../kit/memory-ledger.ts';
import { ScriptedDns } from '../kit/scripted-dns.ts';
import { SimulatedMediaPlane, type SimulatedMediaSession } from '../kit/simulated-media.ts';
import { realm, simulatedDirectory } from './directory.ts';
import { peakHours, peakPriceLists, priceLists, timeZone } from './money.ts';
import type { Ledger } from '../../src/billing/ledger/ledger.ts';
import type { PostingRequest } from '../../src/billing/ledger/posting-request.ts';
import { type Asked, type Disk, MemoryStore } from './memory-store.ts';
import { MortalClock } from './mortal-clock.ts';
import { ServerNetwork } from './server-network.ts';
import type { WallClock } from './wall-clock.ts';
import type { Wire } from './wire.ts';

export interface LifeOptions {
  readonly life: number;
  readonly clock: Clock;
  readonly wall: WallClock;
  readonly random: Random;
  readonly network: Network;
  readonly local: Endpoint;
  readonly wire: Wire;
  readonly disk: Disk;
  readonly asked: Asked;
  readonly parties: ReadonlySet<string>;
  readonly stranger: string;
  readonly hasPeaks: boolean;
  readonly storeDelayMs: number;
  readonly storeFailurePerMille: number;
  readonly lastHeartbeat: Heartbeat | undefined;
  readonly onProblem: (text: string) => void;
  /** Accounts that an operator has disabled. */
  readonly disabled: ReadonlySet<number>;
  /** Asked before and after each write: the process may die there. */
  readonly onWrite: () => boolean;
}

/** All calls end within this, whatever is lost: the longest setting and a transaction's end. */
export const longestCallMs = 600_000;

/** One life of the server, from its start to its stop or crash. */
export class ServerLife {
  readonly life: number;
  readonly server: SipServer;
  readonly plane: SimulatedMediaPlane;
  readonly ledger: Ledger;
  /** How it ended; undefined while it runs. */
  end: 'crashed' | 'stopped' | undefined;
  drainedSinceMs: number | undefined;
  crashedAtMs: number | undefined;
  /** True once everything that the life before left is ended. */
  tookOver = false;
  readonly #options: LifeOptions;
  readonly #clock: MortalClock;
  readonly #bornMs: number;
  #settings: Settings;
  readonly #store: MemoryStore;
  readonly #network: ServerNetwork;
  readonly #mute = new WeakMap<SimulatedMediaSession, boolean>();
  #sequence = 0;

  constructor(options: LifeOptions) {
    this.#options = options;
    this.life = options.life;
    this.#bornMs = options.clock.monotonicMs();
    this.#clock = new MortalClock(options.clock, options.wall);
    const { network, wire, life, parties, stranger, random, local } = options;
    this.#network = new ServerNetwork({ network, wire, life, parties, stranger });
    this.plane = new SimulatedMediaPlane(this.#clock);
    this.#store = new MemoryStore({
      ...{ disk: options.disk, asked: options.asked, clock: this.#clock, random, life, wall: options.wall },
      maxDelayMs: options.storeDelayMs,
      failurePerMille: options.storeFailurePerMille,
      onWrite: options.onWrite,
    });
    this.#settings = {
      ...simulatedSettings(local, random.below(2) === 0, [0, 90, 150][random.below(3)] ?? 90),
      ...{ timezone: timeZone, peak_hours: peakHours },
    };
    this.ledger = memoryLedger(this.#clock, options.disk.postings, timeZone);
    this.server = new SipServer({
      ...{ network: this.#network, clock: this.#clock, random, realm, plane: this.plane },
      log: problemLog(options.onProblem),
      settings: () => this.#settings,
      directory: simulatedDirectory(options.disabled),
      priceLists: options.hasPeaks ? peakPriceLists : priceLists,
      calls: this.#store.calls,
      epoch: options.life,
      bindings: this.#store.bindings,
      decisions: this.#store.decisions,
      bans: { put: () => {}, remove: () => {} },
      ledger: this.ledger,
      dns: new ScriptedDns(),
      ownAddresses: () => [{ address: local.address, network: networkOf(local.address), internal: false }],
    });
  }

  /** Milliseconds that it has run. */
  get lived(): number {
    return this.#clock.monotonicMs() - this.#bornMs;
  }

  /** Binds, and begins to end what the last life left. */
  async start(): Promise<void> {
    const { disk, lastHeartbeat } = this.#options;
    this.server.remember([...disk.bindings.values()]);
    await this.server.listen();
    // It may have died of a write of its own start.
    if (this.end !== undefined) return;
    const left = { unfinishedCalls: disk.unfinished(), lastHeartbeat };
    void this.server.endDeadCalls(left).then(() => {
      this.tookOver = true;
    });
    this.#watchSilence();
  }

  /** What phones and carriers say, in a few packets of each side of each call; one call in eight is silent for ever. */
  talk(): void {
    for (const session of this.plane.sessions) {
      const isMute = this.#mute.get(session) ?? this.#options.random.below(8) === 0;
      this.#mute.set(session, isMute);
      if (isMute) continue;
      for (const side of ['a', 'b'] as const) this.#say(session, side);
    }
  }

  /** An operator says that the server stands elsewhere: prices have other hours for calls that begin from now on. */
  moveTo(timezone: string): void {
    this.#settings = { ...this.#settings, timezone };
    this.server.settingsChanged();
  }

  /** Money moves by an operator's hand. */
  async move(request: PostingRequest): Promise<void> {
    const posted = await this.ledger.post(request, (postings) => this.#store.post(postings));
    if (!posted.ok) return;
    for (const { accountId } of posted.value.postings) this.server.accountChanged(accountId);
  }

  /** The process dies: no more timers, packets or commits. */
  crash(): void {
    this.end = 'crashed';
    this.crashedAtMs = this.#options.clock.wallMs();
    this.#clock.kill();
    this.#network.kill();
  }

  /** What an orderly stop does after the last call. @returns timers that it forgot. */
  stop(): number {
    this.end = 'stopped';
    this.server.close();
    this.#store.close();
    this.#silence?.cancel();
    const left = this.#clock.pendingCount;
    this.#clock.kill();
    this.#network.kill();
    return left;
  }

  #silence: { cancel(): void } | undefined;

  #watchSilence(): void {
    this.#silence = this.#clock.after(1000, () => {
      this.plane.checkSilence();
      this.#watchSilence();
    });
  }

  #say(session: SimulatedMediaSession, side: 'a' | 'b'): void {
    const from = session.configOf(0, side)?.target;
    if (from === undefined || this.#options.wire.unplugged.has(from.address)) return;
    const { address, rtp } = session.ports(0, side);
    for (let count = 0; count < 3; count++) {
      this.#sequence = (this.#sequence + 1) & 0xffff;
      const fields = { payloadType: 0, marker: false, sequenceNumber: this.#sequence, timestamp: 0, ssrc: 1 };
      this.plane.deliver(writeRtp(fields, new Uint8Array(160)), from, { address, port: rtp });
    }
  }
}

function simulatedSettings({ address, port }: Endpoint, forcerport: boolean, sessionTimerS: number): Settings {
  return {
    ...profileValues('default'),
    listen: [address],
    udp_port: port,
    tcp_port: port,
    forcerport,
    ring_timeout: 40,
    early_timeout: 30,
    call_timeout: 300,
    absolute_timeout: longestCallMs / 1000,
    media_timeout: 60,
    media_timeout_hold: 120,
    call_init_timeout: 8,
    session_timer_timeout: sessionTimerS,
  };
}

function networkOf(address: string): ReturnType<typeof parsePrefixOrThrow> {
  return parsePrefixOrThrow(`${address}/24`);
}

function parsePrefixOrThrow(text: string): Extract<ReturnType<typeof parsePrefix>, { ok: true }>['value'] {
  const prefix = parsePrefix(text);
  assert(prefix.ok, 'a range of our own');
  return prefix.value;
}

/** In a simulation nothing is an error that is not a fault of ours. */
function problemLog(onProblem: (text: string) => void): Log {
  const log: Log = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (message, fields) => onProblem(`logged: ${message} ${JSON.stringify(fields ?? {})}`),
    child: () => log,
  };
  return log;
}
