import { join } from 'node:path';
import { callControl } from '../api/control/call-control.ts';
import type { OperationError } from '../api/operation.ts';
import type { ArgumentsOf, OperationName, ValueOf } from '../api/operation-table.ts';
import { fail, ok, type Result } from '../base/result/result.ts';
import type { CliEnvironment, OpenedFolder } from './environment.ts';

/** Name of the control socket in a data folder. */
export const controlSocketName = 'control.sock';

/** Operations on what only a running server has in memory. */
const liveOnly: ReadonlySet<OperationName> = new Set<OperationName>(['calls list', 'bindings list', 'end']);

/** Operations that may make a data folder: the first things that are done on a new machine. */
const creating: ReadonlySet<OperationName> = new Set<OperationName>(['user add', 'import', 'settings set']);

/**
 * The server for one command: the running one through its socket, or else the data folder opened by ourselves. The
 * same operations do the work in both cases.
 */
export class ServerSession {
  readonly #environment: CliEnvironment;
  readonly #dataFolder: string;
  #opened: OpenedFolder | undefined;

  constructor(environment: CliEnvironment, dataFolder: string) {
    this.#environment = environment;
    this.#dataFolder = dataFolder;
  }

  async call<Name extends OperationName>(
    name: Name,
    given: ArgumentsOf<Name>,
  ): Promise<Result<ValueOf<Name>, OperationError>> {
    const outcome = await this.#perform(name, { ...given });
    // Command and server are of one version and share the table, so the answer has the shape that it promises.
    return outcome.ok ? ok(outcome.value as ValueOf<Name>) : outcome;
  }

  async close(): Promise<void> {
    await this.#opened?.close();
    this.#opened = undefined;
  }

  async #perform(
    name: OperationName,
    given: Readonly<Record<string, unknown>>,
  ): Promise<Result<unknown, OperationError>> {
    if (this.#opened === undefined) {
      const answered = await callControl(join(this.#dataFolder, controlSocketName), name, given);
      if (answered.ok || answered.error.code !== 'server is not running') return answered;
      if (liveOnly.has(name)) return answered;
      const mode = creating.has(name) && given['dryRun'] !== true ? 'create' : 'existing';
      const opened = await this.#environment.openFolder(this.#dataFolder, mode);
      // Whoever has the folder may be a server that was about to listen for us.
      if (!opened.ok) {
        const later = await callControl(join(this.#dataFolder, controlSocketName), name, given);
        const isThere = later.ok || later.error.code !== 'server is not running';
        return isThere ? later : fail({ code: 'failed', message: opened.error });
      }
      this.#opened = opened.value;
      this.#announce(opened.value);
    }
    const operation = this.#opened.operations.get(name);
    if (operation === undefined) return fail({ code: 'unknown operation', message: `there is no operation '${name}'` });
    return operation(given);
  }

  #announce({ firstStart }: OpenedFolder): void {
    if (firstStart === undefined) return;
    const { adminName, adminPassword } = firstStart;
    this.#environment.stderr.write(
      `The data folder ${this.#dataFolder} is new. Administrator: ${adminName}, password: ${adminPassword.reveal()}` +
        ' (not shown again)\n',
    );
  }
}
