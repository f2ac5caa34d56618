import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, type Packet, TRUNCATED_RESPONSE } from 'dns-packet';
import type { Endpoint } from '../../src/base/net/endpoint.ts';

/** What the server does with one question; `zone` is the honest answer. */
export type Reply =
  | 'zone'
  | 'silent'
  | { readonly rcode: number }
  /** Octets of our own making, such as a forged answer; the honest one may follow. */
  | { readonly octets: readonly Buffer[]; readonly thenZone: boolean };

export interface SeenQuestion {
  readonly type: string;
  /** With the letter case in which it was asked. */
  readonly name: string;
  readonly id: number;
  readonly over: 'udp' | 'tcp';
  readonly port: number;
  readonly hasEdns: boolean;
  readonly packet: Packet;
}

/**
 * A small DNS server on real sockets that answers from a zone of records, and can lie, be silent or cut its answers.
 * A name without records of the type is answered with its CNAME where it has one, else with no and an SOA.
 */
export class DnsServer {
  readonly endpoint: Endpoint;
  zone: readonly Answer[];
  negativeTtlS = 60;
  /** Answers longer than this are cut over UDP. */
  maxUdpOctets = 1232;
  script: (question: SeenQuestion) => Reply = () => 'zone';
  readonly questions: SeenQuestion[] = [];
  readonly #udp: Socket;
  readonly #tcp: Server;
  readonly #waiting: (() => void)[] = [];

  private constructor(udp: Socket, tcp: Server, endpoint: Endpoint, zone: readonly Answer[]) {
    this.#udp = udp;
    this.#tcp = tcp;
    this.endpoint = endpoint;
    this.zone = zone;
  }

  /** @throws when the port is taken; for port 0 a port is sought that is free for UDP and for TCP. */
  static async start(zone: readonly Answer[], address = '127.0.0.1', port = 0): Promise<DnsServer> {
    for (let tries = 1; ; tries++) {
      const udp = createSocket('udp4').bind(port, address);
      const tcp = createServer();
      try {
        await once(udp, 'listening');
        const endpoint = { address, port: udp.address().port };
        tcp.listen(endpoint.port, address);
        await once(tcp, 'listening');
        const server = new DnsServer(udp, tcp, endpoint, zone);
        server.#serve();
        return server;
      } catch (error) {
        udp.close();
        tcp.close();
        if (port !== 0 || tries === 10) throw error;
      }
    }
  }

  /** Resolves once this many questions have come in all. */
  async asked(count: number): Promise<void> {
    while (this.questions.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** The types and names that were asked for, in lower case. */
  log(): readonly string[] {
    return this.questions.map(({ type, name }) => `${type} ${name.toLowerCase()}`);
  }

  close(): void {
    this.#udp.close();
    this.#tcp.close();
  }

  #serve(): void {
    this.#udp.on('message', (octets, { address, port }) => {
      for (const answer of this.#answers(octets, 'udp', port)) this.#udp.send(answer, port, address);
    });
    this.#tcp.on('connection', (stream) => {
      stream.on('error', () => {});
      stream.on('data', (octets: Buffer) => {
        for (const answer of this.#answers(octets.subarray(2), 'tcp', stream.remotePort ?? 0)) {
          const length = Buffer.alloc(2);
          length.writeUInt16BE(answer.length);
          stream.write(Buffer.concat([length, answer]));
        }
      });
    });
  }

  #answers(octets: Buffer, over: 'udp' | 'tcp', port: number): readonly Buffer[] {
    const packet = decode(octets);
    const [question] = packet.questions ?? [];
    if (question === undefined) return [];
    const hasEdns = (packet.additionals ?? []).some(({ type }) => type === 'OPT');
    const seen = { type: question.type, name: question.name, id: packet.id ?? 0, over, port, hasEdns, packet };
    this.questions.push(seen);
    for (const wake of this.#waiting.splice(0)) wake();
    const reply = this.script(seen);
    if (reply === 'silent') return [];
    if (reply === 'zone') return [this.honest(seen)];
    if ('octets' in reply) return reply.thenZone ? [...reply.octets, this.honest(seen)] : reply.octets;
    return [encode({ ...head(seen, reply.rcode), answers: [] })];
  }

  /** The answer of the zone, as octets. */
  honest(seen: SeenQuestion): Buffer {
    const owner = seen.name.toLowerCase();
    const own = this.zone.filter((record) => record.name === owner);
    const found = own.filter(({ type }) => type === seen.type);
    const answers = found.length > 0 ? found : own.filter(({ type }) => type === 'CNAME');
    const soa: Answer = {
      ...{ type: 'SOA', name: 'test', ttl: this.negativeTtlS },
      data: { mname: 'ns.test', rname: 'hostmaster.test', minimum: this.negativeTtlS },
    };
    const isKnown = this.zone.some(({ name }) => name === owner || name.endsWith(`.${owner}`));
    const packet = { ...head(seen, isKnown ? 0 : 3), answers, authorities: answers.length > 0 ? [] : [soa] };
    const octets = encode(packet);
    if (seen.over === 'tcp' || octets.length <= this.maxUdpOctets) return octets;
    return encode({ ...head(seen, 0), flags: AUTHORITATIVE_ANSWER | TRUNCATED_RESPONSE, answers: [] });
  }
}

function head({ id, packet }: SeenQuestion, rcode: number): Packet {
  return { type: 'response', id, flags: AUTHORITATIVE_ANSWER | rcode, questions: packet.questions ?? [] };
}
