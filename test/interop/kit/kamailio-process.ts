import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Skipped } from './skipped.ts';
import { isBound } from './sockets.ts';
import { until } from './until.ts';

const program = '/usr/sbin/kamailio';
const modules = process.env['KAMAILIO_MODULES'] ?? '/usr/lib/x86_64-linux-gnu/kamailio/modules/';

export interface KamailioOptions {
  readonly address: string;
  readonly port: number;
  /** `refuse` answers every INVITE with 503, `pass` sends it on, to the address and port given. */
  readonly mode: 'refuse' | { readonly passTo: string };
}

/** A Kamailio as a carrier's edge: it records its route and passes calls on, or refuses them all. */
export class KamailioProcess {
  readonly #folder: string;
  readonly #options: KamailioOptions;
  #child: ChildProcess | undefined;

  constructor(folder: string, options: KamailioOptions) {
    if (!existsSync(program)) throw new Skipped('kamailio is not installed');
    this.#folder = folder;
    this.#options = options;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'kamailio.cfg'), configuration(options));
  }

  /** Resolves when it listens. */
  async start(): Promise<void> {
    const { address, port } = this.#options;
    const output = openSync(join(this.#folder, 'log'), 'a');
    const words = ['-DD', '-E', '-m', '32', '-M', '4', '-f', join(this.#folder, 'kamailio.cfg'), '-Y', this.#folder];
    const child = spawn(program, [...words, '-P', join(this.#folder, 'pid')], { stdio: ['ignore', output, output] });
    this.#child = child;
    await until('kamailio listens', 30_000, () => {
      if (child.exitCode !== null) throw new Error(`kamailio ended: ${this.log().slice(-1500)}`);
      return isBound('udp', address, port);
    });
  }

  log(): string {
    return readFileSync(join(this.#folder, 'log'), 'latin1');
  }

  /** Lines that it wrote of INVITEs that came. */
  get invites(): number {
    return this.log().split('ringfence-test INVITE').length - 1;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    // Its main process ends its children.
    child.kill('SIGTERM');
    await gone;
  }
}

function configuration({ address, port, mode }: KamailioOptions): string {
  const onInvite = mode === 'refuse' ? 'sl_send_reply("503", "Out of Service"); exit;' : '';
  const passTo = mode === 'refuse' ? '' : `$du = "sip:${mode.passTo}";`;
  return `#!KAMAILIO
debug=1
log_stderror=yes
children=1
disable_tcp=yes
auto_aliases=no
listen=udp:${address}:${port}
mpath="${modules}"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK")) { if (t_check_trans()) { t_relay(); } exit; }
    sl_send_reply("404", "Not here");
    exit;
  }
  if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
  if (is_method("CANCEL")) { if (t_check_trans()) { t_relay(); } exit; }
  if (is_method("INVITE")) {
    xlog("L_ERR", "ringfence-test INVITE $ru\\n");
    ${onInvite}
    record_route();
  }
  ${passTo}
  t_relay();
}
`;
}
