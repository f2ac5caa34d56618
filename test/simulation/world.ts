import type { Heartbeat } from '../../src/call/record.ts';
import { Secret } from '../../src/base/log/secret.ts';
import type { Random } from '../../src/base/random/random.ts';
import { Phone } from '../../src/phone/phone.ts';
import type { PhoneCall } from '../../src/phone/phone-call.ts';
import { seededRandom } from '../kit/seeded-random.ts';
import { SimulatedClock } from '../kit/simulated-clock.ts';
import { type NetworkFaults, noFaults, SimulatedNetwork } from '../kit/simulated-network.ts';
import { carriers, password, realm, userNames } from './directory.ts';
import { Asked, Disk } from './memory-store.ts';
import { ScriptedTrunk } from './scripted-trunk.ts';
import { openingMovements } from './money.ts';
import { ServerLife } from './server-life.ts';
import { LateCaller } from './late-caller.ts';
import { Stranger } from './stranger.ts';
import { WallClock } from './wall-clock.ts';
import { Wire } from './wire.ts';

const server = { address: '192.0.2.1', port: 5060 };
const strangerAt = { address: '203.0.113.66', port: 5071 };
const victim = { address: '203.0.113.99', port: 5060 };
const parties = new Set([1, 2, 3, 4, 5].map((host) => `198.51.100.${host}`).concat(carriers.map((one) => one.address)));
const faultProfiles: readonly NetworkFaults[] = [
  noFaults,
  { lossPerMille: 20, duplicatePerMille: 10, minDelayMs: 1, maxDelayMs: 80 },
  { lossPerMille: 150, duplicatePerMille: 50, minDelayMs: 1, maxDelayMs: 400 },
];

/** When the world begins: any day, before a midnight, a month's and a year's end, and before and on days with other hours. */
const beginnings = [
  ...[Date.UTC(2026, 0, 1), Date.UTC(2026, 5, 9, 21, 57), Date.UTC(2026, 10, 30, 22, 56)],
  ...[Date.UTC(2026, 11, 31, 22, 58), Date.UTC(2027, 2, 27, 22, 56), Date.UTC(2027, 2, 28, 0, 56)],
  ...[Date.UTC(2026, 9, 24, 21, 57), Date.UTC(2026, 9, 25, 0, 55), Date.UTC(2026, 9, 25, 22, 55)],
];

/** Before the beginning and the end of the peak, also on a day with other hours. */
const peakEdges = [
  ...[Date.UTC(2026, 5, 9, 5, 57), Date.UTC(2026, 5, 9, 17, 57), Date.UTC(2026, 10, 16, 6, 57)],
  ...[Date.UTC(2026, 10, 16, 18, 56), Date.UTC(2027, 2, 28, 5, 57), Date.UTC(2026, 9, 25, 18, 57)],
];

/** A call as one phone has it. */
export interface PhoneView {
  readonly phone: Phone;
  readonly call: PhoneCall;
  readonly name: string;
}

/** Everything that one seed makes: a server in one or more lives, phones, carriers, a stranger, and the network between them. */
export class World {
  readonly clock: SimulatedClock;
  readonly random: Random;
  readonly wall: WallClock;
  /** Seeds are of three kinds: clocks are set and zones changed, prices have hours, or neither. */
  readonly kind: 'set clocks' | 'peak hours' | 'plain';
  readonly wire: Wire;
  readonly disk = new Disk();
  readonly asked = new Asked();
  readonly network: SimulatedNetwork;
  readonly phones: Phone[] = [];
  readonly trunks: ScriptedTrunk[] = [];
  readonly views: PhoneView[] = [];
  readonly lives: ServerLife[] = [];
  readonly problems: string[] = [];
  wasUnplugged = false;
  /** An orderly stop is under way: it is not crashed. */
  isDraining = false;
  readonly disabled = new Set<number>();
  /** When somebody was disabled, from when until when. */
  readonly disabledTimes: { readonly fromMs: number; readonly untilMs: number }[] = [];
  #writesLeft: number;
  /** On the monotonic clock; when the faults ended. */
  settlingSinceMs = Number.POSITIVE_INFINITY;
  readonly lateCaller: LateCaller;
  readonly stranger: Stranger;
  readonly #seed: number;
  readonly #faults: NetworkFaults;
  /** As the phones of a seed are, so are its disk's delays. */
  readonly #storeDelayMs: number;

  constructor(seed: number) {
    this.#seed = seed;
    this.random = this.#chance(1);
    this.kind = (['set clocks', 'peak hours', 'plain'] as const)[seed % 3] ?? 'plain';
    const begins = this.kind === 'peak hours' ? [...peakEdges, ...beginnings] : beginnings;
    this.clock = new SimulatedClock(begins[Math.floor(seed / 3) % begins.length]);
    this.wall = new WallClock(this.clock);
    this.wire = new Wire(this.clock);
    void this.disk.postings.post(openingMovements(this.#chance(5)));
    this.#writesLeft = this.#writesToCrash();
    this.#faults = faultProfiles[this.random.below(faultProfiles.length)] ?? noFaults;
    this.#storeDelayMs = [0, 5, 400][this.random.below(3)] ?? 5;
    this.network = new SimulatedNetwork(this.clock, this.#chance(2), this.#faults);
    const gatewayAt = { address: carriers[1].address, port: 5090 };
    this.lateCaller = new LateCaller(this.network, this.clock, this.#chance(4), gatewayAt, server);
    this.stranger = new Stranger(strangerAt, server, victim, this.#chance(3), this.wire);
  }

  /**
   * How far a phone's time in a call may be from the CDR's: a commit and a way each, or what is repeated for 32 s. A
   * phone without its cable may have any time.
   */
  get durationToleranceMs(): number {
    if (this.wasUnplugged) return Number.POSITIVE_INFINITY;
    return this.#faults === noFaults ? this.#storeDelayMs + 100 : 35_000;
  }

  /** The server that runs now, if one does. */
  get life(): ServerLife | undefined {
    const last = this.lives.at(-1);
    return last?.end === undefined ? last : undefined;
  }

  get strangerAddress(): string {
    return strangerAt.address;
  }

  async start(): Promise<void> {
    await this.startServer();
    // Anna has two phones, one of them on TCP; the last phone is a carrier's switch that calls in without a password.
    const devices = [...userNames, 'anna', '43199999'];
    for (const [index, user] of devices.entries()) await this.#addPhone(user, index, devices.length);
    for (const [index, carrier] of carriers.entries()) {
      const local = { address: carrier.address, port: 5060 };
      const trunk = new ScriptedTrunk(this.network, this.clock, this.#chance(20 + index), local, carrier.realm);
      await trunk.start();
      this.trunks.push(trunk);
      this.wire.names.set(carrier.address, carrier.name);
    }
    await this.lateCaller.start();
    await this.stranger.start(this.network);
    this.wire.names.set(strangerAt.address, 'stranger');
  }

  async startServer(): Promise<void> {
    const last = this.lives.at(-1);
    const life = new ServerLife({
      life: this.lives.length + 1,
      clock: this.clock,
      ...{ wall: this.wall, hasPeaks: this.kind === 'peak hours' },
      random: this.#chance(100 + this.lives.length),
      network: this.network.host(server.address),
      local: server,
      wire: this.wire,
      disk: this.disk,
      asked: this.asked,
      parties,
      stranger: strangerAt.address,
      storeDelayMs: this.#storeDelayMs,
      storeFailurePerMille: this.#seed % 4 === 0 ? 30 : 0,
      lastHeartbeat: last === undefined ? undefined : this.#heartbeat,
      onProblem: (text) => this.problems.push(text),
      disabled: this.disabled,
      onWrite: () => this.#onWrite(),
    });
    this.lives.push(life);
    await life.start();
    this.wire.note(`---- server ${life.life} starts`);
  }

  #heartbeat: Heartbeat = { wallMs: 0, monotonicMs: 0, epoch: 0 };

  /** Every second seed has crashes in the middle of its writes. */
  #writesToCrash(): number {
    return this.#seed % 2 === 0 ? 1 + this.random.below(400) : Number.POSITIVE_INFINITY;
  }

  #onWrite(): boolean {
    if (this.isDraining || --this.#writesLeft > 0 || this.settlingSinceMs < Number.POSITIVE_INFINITY) return false;
    this.#writesLeft = this.#writesToCrash();
    if (this.life === undefined) return true;
    this.crash();
    this.clock.after(this.random.below(5000), () => void this.startServer());
    return true;
  }

  crash(): void {
    // A server has a heartbeat once the calls of the one before it are ended.
    if (this.life?.tookOver === true) {
      const { life, lived } = this.life;
      const agoMs = this.clock.monotonicMs() % 1000;
      // One that dies sooner leaves the heartbeat of the server before it.
      if (lived > agoMs) this.#heartbeat = this.#beat(life, agoMs);
    }
    this.life?.crash();
    this.wire.note('---- server crashes');
  }

  #beat(epoch: number, agoMs: number): Heartbeat {
    return { wallMs: this.wall.wallMs() - agoMs, monotonicMs: this.clock.monotonicMs() - agoMs, epoch };
  }

  /** An orderly stop, after which the next life finds nothing to do. */
  stopServer(): void {
    this.#heartbeat = this.#beat(this.life?.life ?? 0, 0);
    const left = this.life?.stop() ?? 0;
    if (left > 0) this.problems.push(`the server left ${left} timers when it stopped`);
    this.wire.note('---- server stops');
  }

  calmDown(): void {
    this.network.faults = noFaults;
    this.settlingSinceMs = this.clock.monotonicMs();
    this.wire.unplugged.clear();
    this.wire.note('---- faults end');
  }

  /** Lets time pass; promises settle between events, as they do in a process. */
  async pass(durationMs: number): Promise<void> {
    const untilMs = this.clock.monotonicMs() + durationMs;
    for (let due = this.clock.nextDueMs; due !== undefined && due <= untilMs; due = this.clock.nextDueMs) {
      this.clock.advance(due - this.clock.monotonicMs());
      await settle();
    }
    this.clock.advance(untilMs - this.clock.monotonicMs());
    await settle();
  }

  close(): void {
    for (const phone of this.phones) phone.close();
    for (const trunk of this.trunks) trunk.close();
    this.lateCaller.close();
    this.stranger.close();
  }

  async #addPhone(user: string, index: number, count: number): Promise<void> {
    const isCarrier = index === count - 1;
    const address = isCarrier ? carriers[0].address : `198.51.100.${index + 1}`;
    const phone = new Phone({
      network: this.network,
      clock: this.clock,
      random: this.#chance(10 + index),
      local: { address, port: isCarrier ? 5080 : 5060 },
      server,
      transport: index === count - 2 ? 'tcp' : 'udp',
      user,
      password: new Secret(password),
      domain: server.address,
      realm,
      lines: 3,
      voice: undefined,
    });
    await phone.start();
    const name = `${user}${index + 1}`;
    this.wire.names.set(address, name);
    phone.onIncoming = (call) => {
      this.views.push({ phone, call, name });
      // Some answer only to hang up at once.
      if (this.random.below(6) > 0) return;
      this.clock.after(phone.policy.ringMs + this.random.below(1500), () => call.hangUp());
    };
    this.phones.push(phone);
  }

  #chance(stream: number): Random {
    return seededRandom(this.#seed * 1000 + stream);
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await Promise.resolve();
}
