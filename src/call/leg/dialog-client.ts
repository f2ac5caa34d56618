import type { Dialog } from '../../sip/dialog/index.ts';
import { HeaderList, SipRequest, type SipResponse } from '../../sip/message/index.ts';
import { allowedMethods } from '../../sip/stack/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import { dialogFlow } from './next-hop.ts';
import type { SessionOptions } from './session-options.ts';

/** What a request of ours inside a dialog carries: SDP, or another body, or nothing. */
export interface DialogRequest {
  readonly method: string;
  readonly sdp?: string | undefined;
  readonly contentType?: string;
  readonly body?: string;
  /** Adds its headers; asked again for each try. */
  readonly headers: (headers: HeaderList) => void;
}

/** Its final response; undefined when nobody answered. */
export type OnFinal = (response: SipResponse | undefined) => void;

/** The same for a re-INVITE; a 2xx is owed its ACK, with the answer where the 2xx brought an offer. */
export type OnInviteFinal = (response: SipResponse | undefined, acknowledge: (sdp: string | undefined) => void) => void;

/** Requests that carry our Contact and so refresh the target (RFC 3261 §12.2, RFC 3311 §5.1). */
const targetRefreshes = new Set(['INVITE', 'UPDATE']);

/**
 * Sends the requests of an established dialog to where the peer is now. A challenge of a SIP server is answered once,
 * with the next CSeq, as far as its credentials go.
 */
export class DialogClient {
  /** Whether our side made the Call-ID (RFC 3261 §14.1). */
  readonly ownsCallId: boolean;
  readonly #options: SessionOptions;
  readonly #dialog: Dialog;
  #flow: Flow;
  /** The ACK of our last INVITE: each repeated 2xx is owed it again. Empty until the answer for it is known. */
  #lastAck = { seq: -1, octets: '' };

  constructor(options: SessionOptions, dialog: Dialog, flow: Flow, ownsCallId: boolean) {
    this.#options = options;
    this.#dialog = dialog;
    this.#flow = flow;
    this.ownsCallId = ownsCallId;
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

  /** Sends a re-INVITE. @returns what gives it up. */
  invite(sdp: string | undefined, headers: DialogRequest['headers'], onFinal: OnInviteFinal): () => void {
    let expire = (): void => {};
    let isGivenUp = false;
    const begin = (authorization: readonly [string, string] | undefined): void => {
      // First where it goes, for the Contact names our address there.
      const flow = this.#liveFlow();
      const request = this.#build({ method: 'INVITE', sdp, headers }, authorization);
      const transaction = this.#options.stack.sendInvite(request, flow, {
        onResponse: (response) => {
          if (response.status < 200) return;
          if (response.status < 300) return this.#onSuccess(request.cseq.seq, flow, response, onFinal, sdp);
          const mayAnswer = authorization === undefined && !isGivenUp;
          const answer = mayAnswer ? this.#answerTo(request, response) : undefined;
          if (answer === undefined) onFinal(response, () => {});
          else begin(answer);
        },
        onTimeout: () => onFinal(undefined, () => {}),
      });
      expire = () => transaction.expire();
    };
    begin(undefined);
    return () => {
      isGivenUp = true;
      expire();
    };
  }

  #onSuccess(
    seq: number,
    flow: Flow,
    response: SipResponse,
    onFinal: OnInviteFinal,
    offered: string | undefined,
  ): void {
    // A repeated 2xx only gets its ACK again, once there is one.
    if (this.#lastAck.seq === seq) {
      if (this.#lastAck.octets !== '') flow.send(this.#lastAck.octets);
      return;
    }
    this.#lastAck = { seq, octets: '' };
    onFinal(response, (sdp) => {
      if (this.#lastAck.seq !== seq || this.#lastAck.octets !== '') return;
      const ack = this.#dialog.createAck(seq);
      const body = offered === undefined ? (sdp ?? '') : '';
      if (body !== '') ack.headers.append('content-type', 'application/sdp');
      const octets = this.#options.stack.sendAck(new SipRequest('ACK', ack.uri, ack.headers, body), flow);
      this.#lastAck = { seq, octets };
    });
  }

  #send(wanted: DialogRequest, onFinal: OnFinal, authorization: readonly [string, string] | undefined): void {
    const flow = this.#liveFlow();
    const request = this.#build(wanted, authorization);
    this.#options.stack.sendRequest(request, flow, {
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

  #build(wanted: DialogRequest, authorization: readonly [string, string] | undefined): SipRequest {
    const { stack, contactUser } = this.#options;
    const { method, sdp, body = sdp ?? '', contentType = 'application/sdp' } = wanted;
    const bare = this.#dialog.createRequest(method);
    const headers = new HeaderList();
    if (targetRefreshes.has(method)) {
      headers.append('contact', stack.contact(this.#flow, contactUser, bare.uri)).append('allow', allowedMethods);
    }
    wanted.headers(headers);
    if (authorization !== undefined) headers.append(...authorization);
    if (body !== '') headers.append('content-type', contentType);
    for (const [name, value] of headers.entries()) bare.headers.append(name, value);
    return new SipRequest(method, bare.uri, bare.headers, body);
  }

  #liveFlow(): Flow {
    this.#flow = dialogFlow(this.#options, this.#dialog, this.#flow);
    return this.#flow;
  }
}
