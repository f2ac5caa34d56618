import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { Skipped } from './skipped.ts';
import { until } from './until.ts';

const programs = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'] as const;

interface Reply {
  readonly id?: number;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

interface Evaluated {
  readonly result?: { readonly value?: unknown };
  readonly exceptionDetails?: { readonly text: string; readonly exception?: { readonly description?: string } };
}

/** A browser without a screen that shows one page, driven over the DevTools protocol. */
export class ChromiumProcess {
  readonly #folder: string;
  readonly #child: ChildProcess;
  #socket: WebSocket | undefined;
  #session = '';
  #lastId = 0;
  readonly #waiting = new Map<number, (reply: Reply) => void>();

  /** This browser alone accepts `certificate` (PEM), and no other that nobody has signed. */
  constructor(folder: string, certificate: string) {
    const program = programs.find((path) => existsSync(path));
    if (program === undefined) throw new Skipped('chromium is not installed');
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    const publicKey = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
    const accepted = createHash('sha256').update(publicKey).digest('base64');
    const output = openSync(join(folder, 'chromium.txt'), 'w');
    const options = [
      ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-proxy-server'],
      ...['--remote-debugging-port=0', `--user-data-dir=${join(folder, 'profile')}`],
      `--ignore-certificate-errors-spki-list=${accepted}`,
      'about:blank',
    ];
    this.#child = spawn(program, options, {
      stdio: ['ignore', output, output],
      env: { ...process.env, HOME: folder },
      // Its helpers end with it.
      detached: true,
    });
    this.#child.on('error', () => {});
  }

  /** Shows the page; its scripts have run when this resolves. */
  async open(url: string): Promise<void> {
    const portFile = join(this.#folder, 'profile', 'DevToolsActivePort');
    let endpoint: readonly string[] = [];
    await until('the browser takes commands', 60_000, () => {
      if (this.#child.exitCode !== null) throw new Error('the browser ended at its start');
      if (existsSync(portFile)) endpoint = readFileSync(portFile, 'utf8').split('\n');
      return endpoint.length > 1;
    });
    const [port = '', path = ''] = endpoint;
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
    this.#socket = socket;
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    socket.on('message', (octets) => {
      const reply = JSON.parse(Buffer.isBuffer(octets) ? octets.toString() : '{}') as Reply;
      if (reply.id === undefined) return;
      this.#waiting.get(reply.id)?.(reply);
      this.#waiting.delete(reply.id);
    });
    const { targetId } = await this.#ask('Target.createTarget', { url });
    const { sessionId } = await this.#ask('Target.attachToTarget', { targetId, flatten: true });
    this.#session = String(sessionId);
    const here = `document.readyState === 'complete' && location.href === ${JSON.stringify(url)}`;
    await until('the page is there', 30_000, async () => (await this.evaluate(here)) === true);
  }

  /** The value of a JavaScript expression in the page; a promise is waited for, an exception is an error here. */
  async evaluate(expression: string): Promise<unknown> {
    const given = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = (await this.#ask('Runtime.evaluate', given)) as Evaluated;
    if (exceptionDetails === undefined) return result?.value;
    throw new Error(`in the page: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
  }

  async stop(): Promise<void> {
    this.#socket?.terminate();
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    process.kill(-pid, 'SIGKILL');
    await gone;
  }

  #ask(method: string, params: object): Promise<Readonly<Record<string, unknown>>> {
    this.#lastId += 1;
    const id = this.#lastId;
    const session = this.#session === '' ? {} : { sessionId: this.#session };
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => {
        if (error === undefined) resolve(result ?? {});
        else reject(new Error(`${method}: ${error.message}`));
      });
      this.#socket?.send(JSON.stringify({ id, method, params, ...session }));
    });
  }
}
