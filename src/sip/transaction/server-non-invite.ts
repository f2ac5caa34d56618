import { assert } from '../../base/result/assert.ts';
import { type SipResponse, serialise } from '../message/index.ts';
import type { Flow } from '../transport/flow.ts';
import type { TransactionEnvironment } from './environment.ts';

type State = 'trying' | 'proceeding' | 'completed';

/**
 * Non-INVITE server transaction: RFC 3261 §17.2.2 (Figure 8).
 *
 *     Trying --1xx--> Proceeding --200-699--> Completed --J--> Terminated
 *
 * Completed lasts half a minute and there are many in it, so they live on as octets alone (`AnsweredRequests`).
 */
export class NonInviteServerTransaction {
  /** What merged copies of the request share with it; undefined where they do no harm. */
  readonly merge: string | undefined;
  readonly flow: Flow;
  readonly #key: string;
  readonly #environment: TransactionEnvironment;
  #state: State = 'trying';
  #lastOctets = '';

  constructor(key: string, merge: string | undefined, flow: Flow, environment: TransactionEnvironment) {
    this.#key = key;
    this.merge = merge;
    this.flow = flow;
    this.#environment = environment;
  }

  get state(): State {
    return this.#state;
  }

  /** True while a final response may still be sent. */
  get open(): boolean {
    return this.#state !== 'completed';
  }

  respond(response: SipResponse): void {
    assert(this.open, 'request answered after its final response');
    const octets = serialise(response);
    this.flow.send(octets);
    if (response.status < 200) {
      this.#lastOctets = octets;
      this.#state = 'proceeding';
      return;
    }
    this.#state = 'completed';
    this.#environment.forget(this.#key);
    if (!this.flow.reliable) this.#environment.keepAnswer(this.#key, this.flow, octets); // timer J
  }

  /** A retransmission of the request before its final response: answered from memory, never looked at again. */
  receiveRetransmission(): void {
    if (this.#lastOctets !== '') this.flow.send(this.#lastOctets);
  }
}
