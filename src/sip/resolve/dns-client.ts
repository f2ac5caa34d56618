import { type Endpoint, sameEndpoint } from '../../base/net/endpoint.ts';
import type { Random } from '../../base/random/random.ts';
import type { Clock } from '../../base/time/clock.ts';
import type { Network } from '../transport/ports.ts';
import { type Question, type Reading, readAnswer, writeQuery } from './dns-message.ts';
import { type DnsAnswer, type DnsSource, foldName, isAskable, type RecordType } from './records.ts';

/** How long each server is waited for, in the first round over all of them and in the second. */
const roundTimeoutsMs = [800, 1600] as const;
const tcpTimeoutMs = 2000;
/** How long one question may take in all. */
const maxQuestionMs = 5000;
const maxServers = 3;
const maxUnderWay = 256;
const maxAliasSteps = 8;
/** Packets from the server's address that are not the answer: after so many somebody is guessing, and TCP decides. */
const maxStrangePackets = 16;

export interface DnsClientOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  /** Recursive servers to ask, in order; may change while we run. */
  readonly servers: () => readonly Endpoint[];
}

/**
 * A stub resolver (RFC 1034 §5.3.1) that tells TTLs. Each question has a socket, and so a port, of its own, a random id
 * and random letter case, so that an answer cannot be made up from afar (RFC 5452). Nothing is cached here.
 */
export class DnsClient implements DnsSource {
  readonly #options: DnsClientOptions;
  #underWay = 0;
  /** Place of the server that answered last: a dead first one costs its time-out once. */
  #preferred = 0;

  constructor(options: DnsClientOptions) {
    this.#options = options;
  }

  async ask(type: RecordType, name: string): Promise<DnsAnswer> {
    if (!isAskable(foldName(name))) return { kind: 'failed', reason: 'bad name' };
    if (this.#underWay >= maxUnderWay) return { kind: 'failed', reason: 'too many questions under way' };
    this.#underWay++;
    try {
      return await this.#followed(type, foldName(name));
    } finally {
      this.#underWay--;
    }
  }

  /** Goes after aliases whose end the server did not tell. */
  async #followed(type: RecordType, name: string): Promise<DnsAnswer> {
    const untilMs = this.#options.clock.monotonicMs() + maxQuestionMs;
    let ttlS = Number.POSITIVE_INFINITY;
    let next = name;
    for (let step = 0; step <= maxAliasSteps; step++) {
      const reading = await this.#asked(type, next, untilMs);
      if (reading.kind === 'failed') return reading;
      ttlS = Math.min(ttlS, reading.ttlS);
      if (reading.kind !== 'alias') return { ...reading, ttlS };
      next = reading.name;
    }
    return { kind: 'failed', reason: 'too many aliases' };
  }

  /** Asks one server after the other, twice round; the second time in the plainest form. */
  async #asked(type: RecordType, name: string, untilMs: number): Promise<Settled> {
    const { clock } = this.#options;
    let reason = 'no DNS server is configured';
    for (const [round, roundTimeoutMs] of roundTimeoutsMs.entries()) {
      const servers = this.#options.servers().slice(0, maxServers);
      for (let turn = 0; turn < servers.length; turn++) {
        const at = (this.#preferred + turn) % servers.length;
        const server = servers[at];
        const timeoutMs = Math.min(roundTimeoutMs, untilMs - clock.monotonicMs());
        if (server === undefined) continue;
        if (timeoutMs <= 0) return { kind: 'failed', reason };
        const reading = await this.#askServer(this.#question(type, name, round === 0), server, timeoutMs);
        if (reading.kind !== 'failed') {
          this.#preferred = at;
          return reading;
        }
        reason = reading.reason;
      }
    }
    return { kind: 'failed', reason };
  }

  /** Middle boxes that know neither EDNS nor mixed case get the plain form in the second round. */
  #question(type: RecordType, name: string, first: boolean): Question {
    const { random } = this.#options;
    const mixed = Array.from(name)
      .map((letter) => (random.below(2) === 0 ? letter : letter.toUpperCase()))
      .join('');
    return { id: random.below(65_536), type, name: first ? mixed : name, edns: first };
  }

  async #askServer(question: Question, server: Endpoint, timeoutMs: number): Promise<Settled> {
    const reading = await this.#overUdp(question, server, timeoutMs);
    if (reading.kind !== 'truncated') return reading;
    return settled(await this.#overTcp(question, server), 'truncated over TCP');
  }

  #overUdp(question: Question, server: Endpoint, timeoutMs: number): Promise<Settled | { readonly kind: 'truncated' }> {
    const { network, clock } = this.#options;
    return new Promise((resolve) => {
      let strange = 0;
      let isOver = false;
      let close = (): void => {};
      const finish = (reading: Settled | { readonly kind: 'truncated' }): void => {
        if (isOver) return;
        isOver = true;
        timer.cancel();
        close();
        resolve(reading);
      };
      const timer = clock.after(timeoutMs, () => finish({ kind: 'failed', reason: 'no answer' }));
      const onDatagram = (octets: Buffer, remote: Endpoint): void => {
        if (!sameEndpoint(remote, server)) return;
        const reading = readAnswer(octets, question);
        if (reading.kind !== 'not ours') return finish(reading);
        strange++;
        if (strange >= maxStrangePackets) finish({ kind: 'truncated' });
      };
      const wildcard = server.address.includes(':') ? '::' : '0.0.0.0';
      network.bindUdp({ address: wildcard, port: 0 }, onDatagram).then(
        (socket) => {
          close = () => socket.close();
          if (isOver) close();
          else socket.send(writeQuery(question), server);
        },
        (error: unknown) => finish({ kind: 'failed', reason: String(error) }),
      );
    });
  }

  /** Two octets of length, then the message (RFC 1035 §4.2.2). */
  #overTcp(question: Question, server: Endpoint): Promise<Reading> {
    const { network, clock } = this.#options;
    return new Promise((resolve) => {
      const stream = network.connectTcp(server, '');
      const finish = (reading: Reading): void => {
        timer.cancel();
        stream.onClose = () => {};
        stream.destroy();
        resolve(reading);
      };
      const timer = clock.after(tcpTimeoutMs, () => finish({ kind: 'failed', reason: 'no answer over TCP' }));
      let received = Buffer.alloc(0);
      stream.onClose = () => finish({ kind: 'failed', reason: 'TCP connection closed' });
      stream.onData = (octets) => {
        received = Buffer.concat([received, octets]);
        if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
        finish(readAnswer(received.subarray(2, 2 + received.readUInt16BE(0)), question));
      };
      const query = writeQuery(question);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(query.length);
      stream.write(Buffer.concat([length, query]));
    });
  }
}

type Settled = Exclude<Reading, { readonly kind: 'not ours' | 'truncated' }>;

function settled(reading: Reading, otherwise: string): Settled {
  return reading.kind === 'not ours' || reading.kind === 'truncated' ? { kind: 'failed', reason: otherwise } : reading;
}
