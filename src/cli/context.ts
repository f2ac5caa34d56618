import { styleText } from 'node:util';
import type { OperationError } from '../api/operation.ts';
import type { ArgumentsOf, OperationName, ValueOf } from '../api/operation-table.ts';
import type { Result } from '../base/result/result.ts';
import { type CliEnvironment, exitCodes } from './environment.ts';
import { printable, printableJson } from './output/escape.ts';
import { withProgress } from './output/progress.ts';
import { type Column, table } from './output/table.ts';
import { ServerSession } from './session.ts';

/** One command at work: what it was told, the server, and the ways to answer. */
export class CommandContext {
  readonly environment: CliEnvironment;
  readonly json: boolean;
  readonly dataFolder: string;
  readonly #session: ServerSession;

  constructor(environment: CliEnvironment, dataFolder: string, json: boolean) {
    this.environment = environment;
    this.dataFolder = dataFolder;
    this.json = json;
    this.#session = new ServerSession(environment, dataFolder);
  }

  call<Name extends OperationName>(
    name: Name,
    given: ArgumentsOf<Name>,
  ): Promise<Result<ValueOf<Name>, OperationError>> {
    return this.#session.call(name, given);
  }

  /** Asks the server and prints its answer. @returns the exit code */
  async answer<Name extends OperationName>(
    name: Name,
    given: ArgumentsOf<Name>,
    show: (value: ValueOf<Name>) => string,
  ): Promise<number> {
    return this.print(await this.call(name, given), show);
  }

  /** As `answer`, for work that a person waits for; `ask` tells how many of a hundred parts of it are done. */
  async answerLater<Name extends OperationName>(
    what: string,
    name: Name,
    given: ArgumentsOf<Name>,
    show: (value: ValueOf<Name>) => string,
    ask?: () => Promise<number | undefined>,
  ): Promise<number> {
    const { stderr, clock } = this.environment;
    return this.print(await withProgress(what, { output: stderr, clock }, () => this.call(name, given), ask), show);
  }

  print<Value>(outcome: Result<Value, OperationError>, show: (value: Value) => string): number {
    if (!outcome.ok) return this.fail(outcome.error);
    this.environment.stdout.write(this.json ? `${printableJson(outcome.value)}\n` : show(outcome.value));
    return exitCodes.done;
  }

  fail(error: OperationError): number {
    const { stderr } = this.environment;
    if (this.json) stderr.write(`${printableJson({ error: { code: error.code, message: error.message } })}\n`);
    else stderr.write(`${this.#colour('red', stderr.isTerminal, 'error:')} ${lines(error.message)}\n`);
    return error.code === 'server is not running' ? exitCodes.notRunning : exitCodes.failed;
  }

  /** The command line cannot be meant so. */
  usage(message: string): number {
    this.fail({ code: 'arguments', message });
    return exitCodes.usage;
  }

  /** Rows in columns, or a sentence when there are none. */
  table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], none: string): string {
    if (rows.length === 0) return `${none}\n`;
    const { isTerminal } = this.environment.stdout;
    const heading = (text: string): string => this.#colour('bold', isTerminal, text);
    return table(columns, rows, { cut: isTerminal, heading });
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  #colour(style: 'bold' | 'red', isTerminal: boolean, text: string): string {
    const unwanted = (this.environment.variables['NO_COLOR'] ?? '') !== '';
    return isTerminal && !unwanted ? styleText(style, text, { validateStream: false }) : text;
  }
}

/** A text of several lines, each printable. */
export function lines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
