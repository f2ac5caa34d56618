import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { password } from './office.ts';
import { portsOnLoopback } from './ports.ts';
import { readWav, type Sound } from './tone.ts';
import { until } from './until.ts';

const program = 'baresip';
const modules = process.env['BARESIP_MODULES'] ?? '/usr/lib/baresip/modules';

/**
 * A baresip that sends a tone in place of a voice and writes down what it hears. It can only be bound to 127.0.0.1,
 * because its RTP sockets take the kernel's choice of address.
 */
export class BaresipProcess {
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #controlPort: number;

  constructor(
    folder: string,
    options: { user: string; server: string; toneHz: number; transport?: 'udp' | 'tcp' | 'tls' },
  ) {
    this.#folder = folder;
    const { user, server, toneHz, transport = 'udp' } = options;
    const port = portsOnLoopback();
    const mediaPort = portsOnLoopback();
    this.#controlPort = port + 4;
    mkdirSync(folder, { recursive: true });
    const answer = user === 'alice' ? '' : ';answermode=auto';
    writeFileSync(
      join(folder, 'accounts'),
      `<sip:${user}@${server};transport=${transport}>;auth_user=${user};auth_pass=${password};regint=600;audio_codecs=pcma${answer}\n`,
    );
    writeFileSync(join(folder, 'contacts'), '');
    writeFileSync(
      join(folder, 'config'),
      [
        'poll_method epoll',
        'net_interface 127.0.0.1',
        `sip_listen 127.0.0.1:${port}`,
        `ctrl_tcp_listen 127.0.0.1:${this.#controlPort}`,
        `rtp_ports ${mediaPort}-${mediaPort + 9}`,
        'rtcp_enable yes',
        `audio_source ausine,${toneHz}`,
        'ausrc_srate 48000',
        'ausrc_channels 2',
        `module_path ${modules}`,
        ...['g711', 'ausine', 'aufile', 'sndfile', 'ctrl_tcp'].map((name) => `module ${name}.so`),
        ...['uuid', 'account'].map((name) => `module_tmp ${name}.so`),
        'module_app menu.so',
        `snd_path ${folder}`,
        '',
      ].join('\n'),
    );
    const output = openSync(join(folder, 'log'), 'w');
    // Its standard input stays open: at the end of it, baresip quits.
    this.#child = spawn(program, ['-4', '-f', folder], { stdio: ['pipe', output, output] });
    this.#child.on('error', () => {});
  }

  log(): string {
    return readFileSync(join(this.#folder, 'log'), 'latin1');
  }

  /** Waits for a text in what it says. */
  says(text: string, timeoutMs = 10_000): Promise<void> {
    return until(`baresip says ${text}\n${this.log().slice(-1500)}`, timeoutMs, () => {
      if (this.#child.exitCode !== null) throw new Error(`baresip ended: ${this.log().slice(-1500)}`);
      return this.log().includes(text);
    });
  }

  /** Has it carry out a command of its menu, such as `dial sip:bob@server`. */
  command(command: string, params = ''): Promise<void> {
    const text = JSON.stringify({ command, params });
    return new Promise((resolve, reject) => {
      const socket = connect(this.#controlPort, '127.0.0.1', () => {
        socket.write(`${Buffer.byteLength(text)}:${text},`);
      });
      socket.on('data', (chunk: Buffer) => {
        if (!chunk.toString().includes('"response":true')) return;
        socket.destroy();
        resolve();
      });
      socket.on('error', reject);
    });
  }

  /** What it heard of the other side. */
  heard(): Sound {
    const file = readdirSync(this.#folder).find((name) => name.endsWith('-dec.wav'));
    if (file === undefined) throw new Error('baresip has decoded nothing');
    return readWav(readFileSync(join(this.#folder, file)));
  }

  /** Bits a second of sound that it receives and sends, as it last told. */
  bitRates(): readonly [number, number] {
    const told = [...this.log().matchAll(/audio=(\d+)\/(\d+)/g)].at(-1);
    return [Number(told?.[1] ?? 0), Number(told?.[2] ?? 0)];
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await gone;
  }
}
