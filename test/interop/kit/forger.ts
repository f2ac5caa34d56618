import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Skipped } from './skipped.ts';

/** A datagram that names somebody else as its sender. `{n}` in it stands for a number that is new each time. */
export interface ForgedDatagram {
  readonly from: { readonly address: string; readonly port: number };
  readonly to: { readonly address: string; readonly port: number };
  readonly text: string;
  readonly times?: number;
  /** Datagrams a second; as fast as it goes when left out. */
  readonly rate?: number;
}

/** Reads one order a line, and says how many datagrams it sent. A UDP checksum of 0 means none (RFC 768). */
const program = `
import json, socket, struct, sys, time
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
print('ready', flush=True)
for line in sys.stdin:
    order = json.loads(line)
    source, target = socket.inet_aton(order['from']['address']), socket.inet_aton(order['to']['address'])
    began = time.monotonic()
    for number in range(order['times']):
        data = order['text'].replace('{n}', str(number)).encode('latin-1')
        udp = struct.pack('!HHHH', order['from']['port'], order['to']['port'], 8 + len(data), 0) + data
        head = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, source, target)
        raw.sendto(head + udp, (order['to']['address'], 0))
        if order['rate'] > 0:
            early = began + number / order['rate'] - time.monotonic()
            if early > 0:
                time.sleep(early)
    print('sent', flush=True)
`;

/** Sends datagrams in the name of others, from a raw socket; what is answered goes to whom they name. */
export class Forger {
  readonly #child: ChildProcessWithoutNullStreams;
  #said = '';
  #onSaid: () => void = () => {};

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    child.stdout.on('data', (chunk: Buffer) => {
      this.#said += chunk.toString();
      this.#onSaid();
    });
    child.on('close', () => this.#onSaid());
    child.stdin.on('error', () => {});
  }

  /** @throws Skipped where raw sockets are not allowed */
  static async start(): Promise<Forger> {
    const isRoot = process.getuid?.() === 0;
    const words = [...(isRoot ? [] : ['-n', 'python3']), '-c', program];
    const forger = new Forger(spawn(isRoot ? 'python3' : 'sudo', words, { stdio: ['pipe', 'pipe', 'pipe'] }));
    forger.#child.on('error', () => {});
    if (!(await forger.#heard('ready'))) throw new Skipped('raw sockets are not allowed here');
    return forger;
  }

  /** Resolves when all of them have been sent. */
  async send({ times = 1, rate = 0, ...datagram }: ForgedDatagram): Promise<void> {
    this.#child.stdin.write(`${JSON.stringify({ ...datagram, times, rate })}\n`);
    if (!(await this.#heard('sent'))) throw new Error('the forger has ended');
  }

  async close(): Promise<void> {
    this.#child.stdin.end();
    this.#child.kill('SIGKILL');
  }

  /** Waits for the next such line; false where the program ended. */
  async #heard(word: string): Promise<boolean> {
    for (;;) {
      const at = this.#said.indexOf(`${word}\n`);
      if (at >= 0) {
        this.#said = this.#said.slice(at + word.length + 1);
        return true;
      }
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) return false;
      await new Promise<void>((resolve) => {
        this.#onSaid = resolve;
      });
    }
  }
}
