import { chmod, rename, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Log } from '../../base/log/log.ts';
import { fail, ok, type Result } from '../../base/result/result.ts';
import type { Clock, Timer } from '../../base/time/clock.ts';
import type { OperationError, Operations } from '../operation.ts';
import { LineSplitter } from './line-splitter.ts';
import { controlLimits, maxRequestBytes, parseRequest, responseLine } from './protocol.ts';

export interface ControlServer {
  /** Hangs up on every client and takes the socket away. */
  close(): Promise<void>;
}

export interface ControlSurroundings {
  readonly clock: Clock;
  readonly log: Log;
}

/** Longer paths do not fit into the address of a Unix socket on Linux. */
const maxPathBytes = 103;

/**
 * Answers the commands of the machine's operators on a Unix socket that only the server's own user can open. A socket
 * file that a dead server left behind is replaced.
 * @returns what closes it, or a sentence that says why the socket cannot be there.
 */
export async function serveControl(
  path: string,
  operations: Operations,
  surroundings: ControlSurroundings,
): Promise<Result<ControlServer, string>> {
  if (Buffer.byteLength(path) > maxPathBytes) {
    return fail(`${path} is longer than ${maxPathBytes} octets, too long for a socket; use a shorter --data folder`);
  }
  if (await isAnswered(path)) return fail(`another server answers at ${path}; stop it, or use another --data folder`);
  const clients = new Set<ControlClient>();
  const server = createServer((socket) => welcome(socket, clients, operations, surroundings));
  const preparedPath = `${path}.new`;
  try {
    await rm(preparedPath, { force: true });
    await listening(server, preparedPath);
    // Clients find the socket only under its final name, which it gets after nobody else can open it any more.
    await chmod(preparedPath, 0o600);
    await rename(preparedPath, path);
  } catch (error) {
    server.close();
    return fail(`the control socket ${path} cannot be made: ${error instanceof Error ? error.message : String(error)}`);
  }
  return ok({
    async close() {
      for (const client of clients) client.hangUp();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rm(path, { force: true });
    },
  });
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}

function welcome(
  socket: Socket,
  clients: Set<ControlClient>,
  operations: Operations,
  surroundings: ControlSurroundings,
): void {
  if (clients.size >= controlLimits.clients) {
    socket.on('error', () => {});
    socket.end(responseLine(null, fail(tooManyClients)));
    socket.destroySoon();
    return;
  }
  const client = new ControlClient(socket, operations, surroundings, () => clients.delete(client));
  clients.add(client);
}

const tooManyClients: OperationError = {
  code: 'busy',
  message: `${controlLimits.clients} commands are talking to the server already; try again when one has ended`,
};

/** One connection: its requests are done one after another, and the next is read when the answer is gone. */
class ControlClient {
  readonly #socket: Socket;
  readonly #operations: Operations;
  readonly #surroundings: ControlSurroundings;
  readonly #splitter = new LineSplitter(maxRequestBytes);
  #waiting: Buffer[] = [];
  #working = false;
  #idle: Timer | undefined;

  constructor(socket: Socket, operations: Operations, surroundings: ControlSurroundings, gone: () => void) {
    this.#socket = socket;
    this.#operations = operations;
    this.#surroundings = surroundings;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('close', () => {
      this.#idle?.cancel();
      this.#waiting = [];
      gone();
    });
    this.#watchIdle();
  }

  hangUp(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    const { lines, tooLong } = this.#splitter.push(chunk);
    this.#waiting.push(...lines);
    if (tooLong) {
      this.#waiting = [];
      this.#socket.pause();
      this.#socket.end(responseLine(null, fail(tooLongLine)));
      this.#socket.destroySoon();
      return;
    }
    if (this.#waiting.length > 0 && !this.#working) void this.#work();
  }

  /** Never rejects: a fault of ours becomes an answer and a line in the log. */
  async #work(): Promise<void> {
    this.#working = true;
    this.#idle?.cancel();
    this.#socket.pause();
    for (let line = this.#waiting.shift(); line !== undefined; line = this.#waiting.shift()) {
      await this.#send(await this.#answer(line));
    }
    this.#working = false;
    if (this.#socket.destroyed) return;
    this.#watchIdle();
    this.#socket.resume();
  }

  async #answer(line: Buffer): Promise<string> {
    const request = parseRequest(line);
    if (!request.ok) return responseLine(null, fail({ code: 'arguments', message: request.error }));
    const { id, operation } = request.value;
    const perform = this.#operations.get(operation);
    if (perform === undefined) return responseLine(id, fail(unknownOperation(operation)));
    try {
      return responseLine(id, await perform(request.value.arguments));
    } catch (error) {
      this.#surroundings.log.error('an operation failed', { operation, error: describe(error) });
      const message = `the server failed to do '${operation}' (${messageOf(error)}); its log says more`;
      return responseLine(id, fail({ code: 'failed', message }));
    }
  }

  /** Waits until the client took the answer; one that stops reading is dropped. */
  #send(text: string): Promise<void> {
    if (this.#socket.destroyed) return Promise.resolve();
    if (this.#socket.write(text)) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        patience.cancel();
        this.#socket.removeListener('drain', done);
        this.#socket.removeListener('close', done);
        resolve();
      };
      const patience = this.#surroundings.clock.after(controlLimits.idleMs, () => this.#socket.destroy());
      this.#socket.once('drain', done);
      this.#socket.once('close', done);
    });
  }

  #watchIdle(): void {
    this.#idle = this.#surroundings.clock.after(controlLimits.idleMs, () => this.#socket.destroy());
  }
}

const tooLongLine: OperationError = {
  code: 'arguments',
  message: `a request is longer than ${controlLimits.requestBytes} octets (an import ${controlLimits.importBytes}); split it`,
};

function unknownOperation(operation: string): OperationError {
  const message = `this server has no operation ${JSON.stringify(operation.slice(0, 60))}; is it older than the command?`;
  return { code: 'unknown operation', message };
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
