import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { writeRtp } from '../../src/media/index.ts';

export interface ProbeResult {
  readonly packets: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

/** One call beside the load, 50 packets a second each way; the delay through the relay is read from one of them. */
export class Probe {
  readonly #sender: Socket;
  readonly #receiver: Socket;
  readonly #relayA: number;
  readonly #relayB: number;
  readonly #delaysMs: number[] = [];

  private constructor(sender: Socket, receiver: Socket, relayA: number, relayB: number) {
    this.#sender = sender;
    this.#receiver = receiver;
    this.#relayA = relayA;
    this.#relayB = relayB;
    receiver.on('message', (packet: Buffer) => {
      this.#delaysMs.push(performance.now() - packet.readDoubleBE(12));
    });
  }

  /** `quad` is a line of rtpload's file: port of A, relay's port for A, port of B, relay's port for B. */
  static async start(quad: string): Promise<Probe> {
    const [a, relayA, b, relayB] = quad.split(' ').map(Number);
    return new Probe(await bound(a ?? 0), await bound(b ?? 0), relayA ?? 0, relayB ?? 0);
  }

  async run(seconds: number): Promise<ProbeResult> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let sequence = 0;
    const timer = setInterval(() => {
      sequence++;
      const payload = Buffer.alloc(160);
      payload.writeDoubleBE(performance.now());
      const fields = { payloadType: 0, marker: false, sequenceNumber: sequence & 65_535, timestamp: sequence * 160 };
      this.#sender.send(writeRtp({ ...fields, ssrc: 7 }, payload), this.#relayA, '127.0.0.1');
      this.#receiver.send(writeRtp({ ...fields, ssrc: 8 }, payload), this.#relayB, '127.0.0.1');
      if (sequence >= seconds * 50) resolve();
    }, 20);
    await promise;
    clearInterval(timer);
    this.#sender.close();
    this.#receiver.close();
    const sorted = this.#delaysMs.toSorted((one, other) => one - other);
    const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
    return { packets: sorted.length, medianMs: at(0.5), p99Ms: at(0.99) };
  }
}

async function bound(port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}
