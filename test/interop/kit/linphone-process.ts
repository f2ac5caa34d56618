import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { password } from './office.ts';
import { portsOnLoopback } from './ports.ts';
import { until } from './until.ts';

const program = 'linphonec';

type Transport = 'udp' | 'tcp' | 'tls';

/** Linphone's command line phone, without a sound card: it speaks from a file and listens to nothing. */
export class LinphoneProcess {
  readonly #folder: string;
  readonly #child: ChildProcess;

  constructor(
    folder: string,
    options: { readonly user: string; readonly server: string; readonly transport?: Transport },
  ) {
    this.#folder = folder;
    const { user, server, transport = 'udp' } = options;
    // 0 switches a transport off; -1 lets the system choose the port.
    const portOf = (one: Transport): number => (one !== transport ? 0 : one === 'udp' ? port : -1);
    const port = portsOnLoopback();
    mkdirSync(join(folder, '.local/share/linphone'), { recursive: true });
    writeFileSync(
      join(folder, 'linphonerc'),
      [
        '[sip]',
        `sip_port=${portOf('udp')}`,
        `sip_tcp_port=${portOf('tcp')}`,
        `sip_tls_port=${portOf('tls')}`,
        // The server's certificate is its own.
        'verify_server_certs=0',
        'verify_server_cn=0',
        'bind_address=127.0.0.1',
        'use_ipv6=0',
        'register_only_when_network_is_up=0',
        'default_proxy=0',
        '[rtp]',
        `audio_rtp_port=${port + 2}`,
        '[proxy_0]',
        `reg_proxy=<sip:${server};transport=${transport}>`,
        `reg_identity=<sip:${user}@${server}>`,
        'reg_expires=600',
        'reg_sendregister=1',
        'publish=0',
        '[auth_info_0]',
        `username=${user}`,
        `passwd=${password}`,
        `domain=${server}`,
        '',
      ].join('\n'),
    );
    const output = openSync(join(folder, 'screen.txt'), 'w');
    const words = ['-c', join(folder, 'linphonerc'), '-d', '5', '-l', join(folder, 'log.txt')];
    this.#child = spawn(program, words, {
      stdio: ['pipe', output, output],
      env: { ...process.env, HOME: folder },
    });
    this.#child.on('error', () => {});
    this.#child.stdin?.on('error', () => {});
  }

  command(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  screen(): string {
    return readFileSync(join(this.#folder, 'screen.txt'), 'latin1');
  }

  says(pattern: RegExp, timeoutMs = 10_000): Promise<void> {
    return until(`linphonec says ${pattern}`, timeoutMs, () => pattern.test(this.screen()));
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await gone;
  }
}
