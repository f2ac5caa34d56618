import { fail, ok, type Result } from '../../base/result/result.ts';
import type { OperationName, ValueOf } from '../operation-table.ts';
import type { Arguments, OperationError } from '../operation.ts';

export type Outcome<T> = Result<T, OperationError>;

/** Operations of one topic, each by its name in the table. */
export type OperationsOf<Name extends OperationName> = {
  readonly [N in Name]: (given: Arguments) => Promise<Outcome<ValueOf<N>>>;
};

export function done<T>(value: T): Promise<Outcome<T>> {
  return Promise.resolve(ok(value));
}

export function refused(message: string): Outcome<never> {
  return fail({ code: 'refused', message });
}

export function notFound(message: string): Outcome<never> {
  return fail({ code: 'not found', message });
}

/** Foreign text for a message: short, on one line, in quotation marks. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}

/** Who the audit names for a command of the machine's operator. */
export const commandLine = 'command line';
