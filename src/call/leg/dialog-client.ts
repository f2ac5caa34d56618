import { isChallenge } from './trunk-credentials.ts';
import type { Dialog } from '../../sip/dialog/index.ts';
import { HeaderList, SipRequest, type SipResponse } from '../../sip/message/index.ts';
import { allowedMethods } from '../../sip/stack/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import { ackWith } from './bodies.ts';
import { dialogFlow, nextDialogFlow } from './next-hop.ts';
import { Reinvite } from './reinvite.ts';
import type { SessionOptions } from './session-options.ts';

/** What a request of ours inside a dialog carries: SDP, or another body, or nothing. */
export interface DialogRequest {
  readonly method: string;
  readonly sdp?: string | undefined;
  readonly contentType?: string;
  readonly body?: string;
  /** Adds its headers; asked again for each try. */
  readonly headers: (headers: HeaderList) => void;
  /** Told when the first place that it was sent to has been silent for 64 T1; another one may be tried still. */
  readonly onSilence?: () => void;
}

/** Its final response; undefined when nobody answered. */
export type OnFinal = (response: SipResponse | undefined) => void;

/** The same for a re-INVITE; a 2xx is owed its ACK, with the answer where the 2xx brought an offer. */
export type OnInviteFinal = (response: SipResponse | undefined, acknowledge: (sdp: string | undefined) => void) => void;

/** Requests that carry our Contact and so refresh the target (RFC 3261 §12.2, RFC 3311 §5.1). */
const targetRefreshes = new Set(['INVITE', 'UPDATE']);

/**
 * Sends the requests of an established dialog to where the peer is now: where the next hop is a name for several places,
 * to the next of them when one gives no sign of life or 503 (RFC 3263 §4.3). A challenge of a SIP server is answered
 * once, with the next CSeq, as far as its credentials go.
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

  /**
   * What a request counts as that got no response (RFC 3261 §8.1.3.1): 408, or 503 while the peer's connection is gone.
   * Only the first says that the peer has left: a phone comes back over a new connection.
   */
  get statusOfNoResponse(): 408 | 503 {
    return this.#options.stack.isLive(this.#flow) ? 408 : 503;
  }

  /** The peer was heard from elsewhere, and is proven. */
  moveTo(flow: Flow): void {
    this.#flow = flow;
  }

  send(wanted: DialogRequest, onFinal: OnFinal): void {
    this.#send(wanted, onFinal, undefined);
  }

  /** Sends a re-INVITE. @returns what gives it up. */
  invite(sdp: string | undefined, headers: DialogRequest['headers'], onFinal: OnInviteFinal): Reinvite {
    const reinvite = new Reinvite(this.#options);
    const begin = (authorization: readonly [string, string] | undefined): void => {
      // First where it goes, for the Contact names our address there.
      const flow = this.#liveFlow();
      const request = this.#build({ method: 'INVITE', sdp, headers }, authorization);
      this.#inviteAt(reinvite, request, [flow], onFinal, (response) => {
        const mayAnswer = authorization === undefined && !reinvite.isGivenUp;
        const answer = mayAnswer ? this.#answerTo(request, response) : undefined;
        if (answer === undefined) reinvite.over(() => onFinal(response, () => {}));
        else begin(answer);
      });
    };
    begin(undefined);
    return reinvite;
  }

  /** `flows` are the places that were tried, and last the one to be tried now. */
  #inviteAt(
    reinvite: Reinvite,
    request: SipRequest,
    flows: readonly Flow[],
    onFinal: OnInviteFinal,
    onRefused: (response: SipResponse) => void,
  ): void {
    const [flow] = flows.slice(-1);
    if (flow === undefined) return;
    const { seq } = request.cseq;
    const next = (): Flow | undefined => (reinvite.isGivenUp ? undefined : this.#nextFlow(flows));
    const goOn = (to: Flow): void => this.#inviteAt(reinvite, request, [...flows, to], onFinal, onRefused);
    reinvite.send(copyOf(request), flow, {
      onResponse: (response) => {
        if (response.status < 200) return;
        if (response.status < 300) {
          return this.#onSuccess(seq, flow, request.body !== '', (acknowledge) =>
            reinvite.over(() => onFinal(response, acknowledge)),
          );
        }
        const another = response.status === 503 ? next() : undefined;
        if (another === undefined) onRefused(response);
        else goOn(another);
      },
      onTimeout: () => {
        // Who has said a word of it has the request: nobody else gets it.
        const another = reinvite.isHeard ? undefined : next();
        if (another === undefined) reinvite.over(() => onFinal(undefined, () => {}));
        else goOn(another);
      },
    });
  }

  #onSuccess(
    seq: number,
    flow: Flow,
    hasOffer: boolean,
    onFirst: (acknowledge: (sdp: string | undefined) => void) => void,
  ): void {
    // A repeated 2xx only gets its ACK again, once there is one.
    if (this.#lastAck.seq === seq) {
      if (this.#lastAck.octets !== '') flow.send(this.#lastAck.octets);
      return;
    }
    this.#lastAck = { seq, octets: '' };
    onFirst((sdp) => {
      if (this.#lastAck.seq !== seq || this.#lastAck.octets !== '') return;
      const ack = this.#dialog.createAck(seq);
      const octets = this.#options.stack.sendAck(ackWith(ack, hasOffer ? '' : (sdp ?? '')), flow);
      this.#lastAck = { seq, octets };
    });
  }

  #send(wanted: DialogRequest, onFinal: OnFinal, authorization: readonly [string, string] | undefined): void {
    const flow = this.#liveFlow();
    const request = this.#build(wanted, authorization);
    const sendTo = (flows: readonly Flow[], to: Flow): void => {
      const tried = [...flows, to];
      this.#options.stack.sendRequest(copyOf(request), to, {
        onResponse: (response) => {
          if (response.status < 200) return;
          const another = response.status === 503 ? this.#nextFlow(tried) : undefined;
          if (another !== undefined) return sendTo(tried, another);
          const answer = authorization === undefined ? this.#answerTo(request, response) : undefined;
          if (answer === undefined) onFinal(response);
          else this.#send(wanted, onFinal, answer);
        },
        onTimeout: () => {
          if (flows.length === 0) wanted.onSilence?.();
          const another = this.#nextFlow(tried);
          if (another === undefined) onFinal(undefined);
          else sendTo(tried, another);
        },
      });
    };
    sendTo([], flow);
  }

  /** Where the dialog goes on after these places. */
  #nextFlow(tried: readonly Flow[]): Flow | undefined {
    const next = nextDialogFlow(this.#options, this.#dialog, tried);
    if (next !== undefined) this.#flow = next;
    return next;
  }

  #answerTo(request: SipRequest, response: SipResponse): readonly [string, string] | undefined {
    const { credentials, onUnwantedChallenge } = this.#options;
    const answer = credentials?.answer(request, response);
    if (answer === undefined && isChallenge(response)) onUnwantedChallenge();
    return answer;
  }

  #build(wanted: DialogRequest, authorization: readonly [string, string] | undefined): SipRequest {
    const { stack, contactUser } = this.#options;
    const { method, sdp, body = sdp ?? '', contentType = 'application/sdp' } = wanted;
    const bare = this.#dialog.createRequest(method);
    const headers = new HeaderList();
    if (targetRefreshes.has(method)) {
      const contact = stack.contact(this.#flow, contactUser, this.#dialog.contactLike);
      headers.append('contact', contact).append('allow', allowedMethods);
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

/** The same request to be sent once more: each sending gets a Via of its own, with another branch (RFC 3263 §4.3). */
function copyOf({ method, uri, headers, body }: SipRequest): SipRequest {
  return new SipRequest(method, uri, headers.clone(), body);
}
