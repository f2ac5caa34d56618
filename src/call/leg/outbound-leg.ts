import { Dialog } from '../../sip/dialog/index.ts';
import { HeaderList, reasonPhrase, SipRequest, type SipResponse } from '../../sip/message/index.ts';
import { allowedMethods, type DialogOwner } from '../../sip/stack/index.ts';
import { buildCancel, type InviteClientTransaction } from '../../sip/transaction/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import { retryAfterOf, sdpOf } from './bodies.ts';
import { earlyDialogAnswer } from './early-dialog.ts';
import type { ConnectedLeg, OutboundObserver, PassedRequest, Refused } from './events.ts';
import { dialogFlow } from './next-hop.ts';
import { Session } from './session.ts';
import type { SessionOptions } from './session-options.ts';

/** Everything that the INVITE of a new leg says. */
export interface InviteSpec {
  readonly requestUri: string;
  /** From and To without tags, as header values. */
  readonly from: string;
  readonly to: string;
  readonly routes: readonly string[];
  readonly maxForwards: number;
  readonly sdp: string;
  /** Headers that pass from the caller by the header policy. */
  readonly headers: readonly (readonly [string, string])[];
}

const nobody: OutboundObserver = {
  onProgress: () => {},
  onAnswer: () => {},
  onRefused: () => {},
  onOffer: () => {},
  onPassed: () => {},
  onEnd: () => {},
};

type State = 'calling' | 'proceeding' | 'answered' | 'over';

/**
 * A callee's leg: we are the UAC (RFC 3261 §13.2).
 *
 *     calling --1xx--> proceeding --2xx, ACK--> answered --BYE either way--> over
 *        \---cancel (waits for a 1xx), refusal, timer B----------------------^
 *
 * A 2xx that arrives after the cancel, or from a second device, is acknowledged and ended at once.
 */
export class OutboundLeg implements DialogOwner, ConnectedLeg {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag = undefined;
  readonly flow: Flow;
  readonly #spec: InviteSpec;
  readonly #options: SessionOptions;
  #observer: OutboundObserver;
  #seq = 1;
  #state: State = 'calling';
  #transaction: InviteClientTransaction | undefined;
  #session: Session | undefined;
  #earlySdp: string | undefined;
  #cancelReasons: readonly string[] | undefined;
  /** Sends the ACK of the answer that counts; set once that answer has come, cleared once it was sent. */
  #sendAck: (() => void) | undefined;
  /** ACKs by the To tag that they answer: each repeated 2xx is owed its own again. */
  readonly #acks = new Map<string, { readonly flow: Flow; readonly octets: string }>();

  constructor(flow: Flow, spec: InviteSpec, options: SessionOptions, observer: OutboundObserver) {
    this.flow = flow;
    this.#spec = spec;
    this.#options = options;
    this.#observer = observer;
    this.callId = options.stack.newCallId();
    this.localTag = options.stack.newTag();
  }

  get state(): State {
    return this.#state;
  }

  /** The established dialog; undefined before the answer. */
  get dialog(): Dialog | undefined {
    return this.#session?.dialog;
  }

  /** Where the requests of the established dialog go: the flow dialled, or the next hop that the server named. */
  get dialogFlow(): Flow {
    return this.#session?.flow ?? this.flow;
  }

  dial(): void {
    this.#options.stack.dialogs.add(this.localTag, this);
    this.#sendInvite(undefined);
  }

  /** Gives up a leg that was not answered; an answer that crosses is ended. */
  cancel(reasons: readonly string[]): void {
    if (this.#state === 'answered') return this.end(reasons);
    if (this.#state === 'over' || this.#cancelReasons !== undefined) return;
    this.#cancelReasons = reasons;
    // RFC 3261 §9.1: no CANCEL before a provisional answer; timer B ends what never answers.
    if (this.#state === 'proceeding') this.#sendCancel();
  }

  /**
   * Sends the ACK of the answer: once the answer is written down, so that a callee whom a dying server has forgotten
   * gets none, and ends the call by itself (RFC 3261 §13.3.1.4).
   */
  acknowledge(): void {
    this.#sendAck?.();
    this.#sendAck = undefined;
  }

  offer(sdp: string, done: (outcome: { readonly sdp: string } | { readonly status: number }) => void): void {
    if (this.#session === undefined) done({ status: this.#state === 'over' ? 481 : 491 });
    else this.#session.offer(sdp, done);
  }

  pass(request: PassedRequest): void {
    if (this.#session === undefined) request.respond(481);
    else this.#session.pass(request);
  }

  end(reasons: readonly string[], done: () => void = () => {}): void {
    const session = this.#session;
    if (session === undefined) {
      this.cancel(reasons);
      return done();
    }
    this.#forget();
    this.acknowledge();
    session.end(reasons, done);
  }

  /** Before the answer nothing that the callee sends in the dialog is of use. */
  onRequest(request: SipRequest, flow: Flow): void {
    const { status, headers } = earlyDialogAnswer(request.method);
    this.#options.stack.reply(request, flow, status, headers);
  }

  onAck(): void {}

  #sendInvite(authorization: readonly [string, string] | undefined): void {
    const { stack } = this.#options;
    const request = this.#buildInvite(authorization);
    this.#transaction = stack.sendInvite(request, this.flow, {
      onResponse: (response) => this.#onResponse(request, response),
      onTimeout: () => this.#onTimeout(),
    });
  }

  #buildInvite(authorization: readonly [string, string] | undefined): SipRequest {
    const { stack, contactUser } = this.#options;
    const { requestUri, from, to, routes, maxForwards, headers, sdp } = this.#spec;
    const list = new HeaderList();
    for (const route of routes) list.append('route', route);
    list.append('max-forwards', String(maxForwards));
    list.append('from', `${from};tag=${this.localTag}`);
    list.append('to', to);
    list.append('call-id', this.callId);
    list.append('cseq', `${this.#seq} INVITE`);
    list.append('contact', stack.contact(this.flow, contactUser));
    list.append('allow', allowedMethods);
    for (const [name, value] of headers) list.append(name, value);
    if (authorization !== undefined) list.append(...authorization);
    list.append('content-type', 'application/sdp');
    return new SipRequest('INVITE', requestUri, list, sdp);
  }

  #onResponse(request: SipRequest, response: SipResponse): void {
    if (response.status < 200) this.#onProvisional(response);
    else if (response.status < 300) this.#onSuccess(request, response);
    else this.#onRefusal(request, response);
  }

  #onTimeout(): void {
    const status = this.#cancelReasons === undefined ? 408 : 487;
    this.#refused({ status, reason: reasonPhrase(status), isOurs: true });
  }

  #onProvisional(response: SipResponse): void {
    if (this.#state === 'calling') {
      this.#state = 'proceeding';
      if (this.#cancelReasons !== undefined) this.#sendCancel();
    }
    if (this.#state !== 'proceeding' || this.#cancelReasons !== undefined) return;
    const sdp = sdpOf(response);
    this.#earlySdp = sdp ?? this.#earlySdp;
    this.#observer.onProgress({ status: response.status, reason: response.reason, sdp });
  }

  #onSuccess(request: SipRequest, response: SipResponse): void {
    const tag = response.toTag ?? '';
    const acknowledged = this.#acks.get(tag);
    if (acknowledged !== undefined) return acknowledged.flow.send(acknowledged.octets);
    if (tag === this.#session?.remoteTag) return;
    // A stranger tag after this many is a peer gone mad; its 2xx times out on its own side.
    if (this.#acks.size >= 20) return;
    const { stack, mayFollow } = this.#options;
    const dialog = Dialog.fromResponse(request, response);
    const flow = dialogFlow(stack, dialog, this.flow, mayFollow);
    const acknowledge = (): void => {
      this.#acks.set(tag, { flow, octets: stack.sendAck(dialog.createAck(request.cseq.seq), flow) });
    };
    // A gateway that gave its SDP in a 183 may leave it out of the 200.
    const sdp = sdpOf(response) ?? this.#earlySdp;
    if (
      this.#state === 'answered' ||
      this.#cancelReasons !== undefined ||
      this.#state === 'over' ||
      sdp === undefined
    ) {
      acknowledge();
      return this.#endSurplus(dialog, sdp);
    }
    this.#state = 'answered';
    this.#sendAck = acknowledge;
    const session = new Session(this.#options, dialog, flow, this.#spec.sdp, {
      onOffer: (offer) => this.#observer.onOffer(offer),
      onPassed: (passed) => this.#observer.onPassed(passed),
      onEnd: (end) => this.#forget().onEnd(end),
    });
    this.#session = session;
    stack.dialogs.add(this.localTag, session);
    this.#observer.onAnswer(sdp);
  }

  /** An answer that came too late, twice, or without SDP: ended as soon as it is acknowledged. */
  #endSurplus(dialog: Dialog, sdp: string | undefined): void {
    const observer = { onOffer: () => {}, onPassed: () => {}, onEnd: () => {} };
    new Session(this.#options, dialog, this.flow, '', observer).end(this.#cancelReasons ?? [], () => {});
    if (this.#state === 'answered' && this.#session !== undefined) {
      this.#options.stack.dialogs.add(this.localTag, this.#session);
    }
    if (this.#state !== 'over' && this.#state !== 'answered') {
      const cancelled = this.#cancelReasons !== undefined;
      const status = cancelled || sdp !== undefined ? 487 : 488;
      this.#refused({ status, reason: reasonPhrase(status), isOurs: true });
    }
  }

  #onRefusal(request: SipRequest, response: SipResponse): void {
    const mayAnswer = this.#seq === 1 && this.#cancelReasons === undefined;
    const authorization = mayAnswer ? this.#options.credentials?.answer(request, response) : undefined;
    if (authorization !== undefined) {
      this.#seq++;
      this.#state = 'calling';
      return this.#sendInvite(authorization);
    }
    const { status, reason } = response;
    const retryAfterS = retryAfterOf(response);
    this.#refused(retryAfterS === undefined ? { status, reason } : { status, reason, retryAfterS });
  }

  #refused(refused: Refused): void {
    if (this.#state === 'over' || this.#state === 'answered') return;
    this.#options.stack.dialogs.remove(this.localTag);
    this.#forget().onRefused(refused);
  }

  /**
   * The leg is over. Its transaction waits for repeated answers for half a minute and has it for that; the call and its
   * media are not to stay in memory for so long.
   * @returns whoever watched until now.
   */
  #forget(): OutboundObserver {
    const observer = this.#observer;
    this.#state = 'over';
    this.#session = undefined;
    this.#observer = nobody;
    return observer;
  }

  #sendCancel(): void {
    const { stack } = this.#options;
    const transaction = this.#transaction;
    if (transaction === undefined) return;
    const [reason] = this.#cancelReasons ?? [];
    stack.sendCancel(buildCancel(transaction.request, reason), this.flow, {
      onResponse: () => {},
      onTimeout: () => {},
    });
    transaction.expire();
  }
}
