import type { Log } from '../base/log/log.ts';
import type { RuleMode } from '../settings/index.ts';
import type { Flow } from '../sip/transport/flow.ts';

const maxInARow = 5;

/**
 * Counts wrong answers to challenges on each connection, in a row [session.session-auth-failure-close]. UDP has no
 * connection that could be closed: the guard counts there, by source.
 */
export class ConnectionFailures {
  /** By the number of a connection that lives: bounded as those are. */
  readonly #inARow = new Map<number, number>();
  readonly #mode: () => RuleMode;
  readonly #log: Log;
  readonly #close: (flow: Flow) => void;

  constructor(mode: () => RuleMode, log: Log, close: (flow: Flow) => void) {
    this.#mode = mode;
    this.#log = log;
    this.#close = close;
  }

  failed(flow: Flow): void {
    if (flow.connectionId === 0) return;
    const inARow = (this.#inARow.get(flow.connectionId) ?? 0) + 1;
    this.#inARow.set(flow.connectionId, inARow);
    const mode = this.#mode();
    if (inARow !== maxInARow || mode === 'off') return;
    const fields = { rule: 'session_auth_failure_close', source: flow.remote.address, failures: inARow };
    this.#log.warn(mode === 'enforce' ? 'connection closed' : 'connection would be closed', fields);
    if (mode === 'enforce') this.#close(flow);
  }

  succeeded(flow: Flow): void {
    this.#inARow.delete(flow.connectionId);
  }

  closed(flow: Flow): void {
    this.#inARow.delete(flow.connectionId);
  }
}
