import type { Result } from '../base/result/result.ts';

/**
 * Why an operation did not do its work. `message` is a whole sentence for an operator: what, which value, what to do.
 * `refused` is a rule's no, `not found` a name that nothing has, `arguments` a request that we cannot read, `failed` a
 * disk or a store that did not do its part, and `busy` a server with too many such requests at once.
 */
export interface OperationError {
  readonly code:
    | 'refused'
    | 'not found'
    | 'arguments'
    | 'unknown operation'
    | 'failed'
    | 'busy'
    | 'server is not running'
    | 'connection lost';
  readonly message: string;
}

/** What the sender of a request gave, unread. */
export type Arguments = Readonly<Record<string, unknown>>;

/** One operation of the server: reads its arguments itself, and never rejects for what they hold. */
export type Operation = (given: Arguments) => Promise<Result<unknown, OperationError>>;

export type Operations = ReadonlyMap<string, Operation>;
