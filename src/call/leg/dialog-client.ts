import type { Dialog } from '../../sip/dialog/index.ts';
import { HeaderList, SipRequest, type SipResponse } from '../../sip/message/index.ts';
import { allowedMethods } from '../../sip/stack/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import { dialogFlow } from './next-hop.ts';
import type { SessionOptions } from './session-options.ts';

/** What a request of ours inside a dialog carries. */
export interface DialogRequest {
  readonly method: string;
  readonly contentType: string;
  readonly body: string;
  readonly headers: readonly (readonly [string, string])[];
}

/** Its final response; undefined when nobody answered. */
export type OnFinal = (response: SipResponse | undefined) => void;

/**
 * Sends the requests of an established dialog to where the peer is now. A challenge of a SIP server is answered once,
 * with the next CSeq, as far as its credentials go.
 */
export class DialogClient {
  readonly #options: SessionOptions;
  readonly #dialog: Dialog;
  #flow: Flow;
  /** The ACK of our last INVITE: each repeated 2xx is owed it again. */
  #lastAck = { seq: -1, octets: '' };

  constructor(options: SessionOptions, dialog: Dialog, flow: Flow) {
    this.#options = options;
    this.#dialog = dialog;
    this.#flow = flow;
  }

  get flow(): Flow {
    return this.#flow;
  }

  /** The peer was heard from elsewhere, and is proven. */
  moveTo(flow: Flow): void {
    this.#flow = flow;
  }

  send(wanted: DialogRequest, onFinal: OnFinal): void {
    this.#send(wanted, onFinal, undefined);
  }

  /** Sends a re-INVITE; its 2xx has been acknowledged when `onFinal` gets it. @returns what gives it up. */
  invite(sdp: string, onFinal: OnFinal): () => void {
    let expire = (): void => {};
    const begin = (authorization: readonly [string, string] | undefined): void => {
      const wanted = { method: 'INVITE', contentType: 'application/sdp', body: sdp, headers: [] };
      const request = this.#build(wanted, authorization);
      const flow = this.#liveFlow();
      const transaction = this.#options.stack.sendInvite(request, flow, {
        onResponse: (response) => {
          if (response.status < 200) return;
          if (response.status < 300) {
            if (this.#acknowledge(request.cseq.seq, flow)) onFinal(response);
            return;
          }
          const answer = authorization === undefined ? this.#answerTo(request, response) : undefined;
          if (answer === undefined) onFinal(response);
          else begin(answer);
        },
        onTimeout: () => onFinal(undefined),
      });
      expire = () => transaction.expire();
    };
    begin(undefined);
    return () => expire();
  }

  #send(wanted: DialogRequest, onFinal: OnFinal, authorization: readonly [string, string] | undefined): void {
    const request = this.#build(wanted, authorization);
    this.#options.stack.sendRequest(request, this.#liveFlow(), {
      onResponse: (response) => {
        if (response.status < 200) return;
        const answer = authorization === undefined ? this.#answerTo(request, response) : undefined;
        if (answer === undefined) onFinal(response);
        else this.#send(wanted, onFinal, answer);
      },
      onTimeout: () => onFinal(undefined),
    });
  }

  #answerTo(request: SipRequest, response: SipResponse): readonly [string, string] | undefined {
    return this.#options.credentials?.answer(request, response);
  }

  /** @returns false for a repeated 2xx, which only gets its ACK again. */
  #acknowledge(seq: number, flow: Flow): boolean {
    if (this.#lastAck.seq === seq) {
      flow.send(this.#lastAck.octets);
      return false;
    }
    this.#lastAck = { seq, octets: this.#options.stack.sendAck(this.#dialog.createAck(seq), flow) };
    return true;
  }

  #build(wanted: DialogRequest, authorization: readonly [string, string] | undefined): SipRequest {
    const { stack, contactUser } = this.#options;
    const bare = this.#dialog.createRequest(wanted.method);
    const headers = new HeaderList();
    if (wanted.method === 'INVITE') {
      headers.append('contact', stack.contact(this.#flow, contactUser)).append('allow', allowedMethods);
    }
    for (const [name, value] of wanted.headers) headers.append(name, value);
    if (authorization !== undefined) headers.append(...authorization);
    if (wanted.body !== '') headers.append('content-type', wanted.contentType);
    for (const [name, value] of headers.entries()) bare.headers.append(name, value);
    return new SipRequest(wanted.method, bare.uri, bare.headers, wanted.body);
  }

  #liveFlow(): Flow {
    const { stack, mayFollow } = this.#options;
    this.#flow = dialogFlow(stack, this.#dialog, this.#flow, mayFollow);
    return this.#flow;
  }
}
