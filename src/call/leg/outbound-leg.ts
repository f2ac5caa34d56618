import { isChallenge } from './trunk-credentials.ts';
import { Dialog } from '../../sip/dialog/index.ts';
import { HeaderList, reasonPhrase, SipRequest, type SipResponse } from '../../sip/message/index.ts';
import { allowedMethods, type DialogOwner } from '../../sip/stack/index.ts';
import { buildCancel, type InviteClientTransaction } from '../../sip/transaction/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import type { InviteRecord } from '../record.ts';
import { rejectedOffer, retryAfterOf, sdpOf } from './bodies.ts';
import { EarlyCallee, reliableNumber } from './early-callee.ts';
import { earlyDialogAnswer } from './early-dialog.ts';
import {
  type ConnectedLeg,
  notWithdrawn,
  type OfferMethod,
  type OfferOutcome,
  type OutboundObserver,
  type PassedRequest,
  type Refused,
  type SessionObserver,
  type SolicitOutcome,
  type Withdraw,
} from './events.ts';
import { flowRecord } from './flow-record.ts';
import { LegTimer } from './leg-timer.ts';
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
  /** The offer; undefined asks the callee for one (RFC 3261 §13.2.1). */
  readonly sdp: string | undefined;
  /** Whether provisional responses may be reliable: not where an offer could come in one, and nobody could answer it. */
  readonly reliable: boolean;
  /** Headers that pass from the caller by the header policy. */
  readonly headers: readonly (readonly [string, string])[];
}

const nobody: OutboundObserver = {
  onProgress: () => {},
  onAnswer: () => {},
  onRefused: () => {},
  onOffer: () => {},
  onOfferWanted: () => {},
  onPassed: () => {},
  onEnd: () => {},
  onLateAnswer: () => {},
  onGone: () => {},
};

/** Early dialogs and 2xx of one INVITE: a stranger tag after this many is a peer gone mad. */
const maxForks = 20;

/** An INVITE as it was sent, with what its answers are owed. Its transaction has it, for as long as answers are repeated. */
interface SentInvite {
  readonly request: SipRequest;
  /** ACKs by the To tag that they answer: each repeated 2xx is owed its own again. */
  readonly acks: Map<string, { readonly flow: Flow; readonly octets: string }>;
}

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
  /** Each try of the INVITE adds its CSeq to it, so that a later server can name them all. */
  readonly #branch: string;
  #seq = 1;
  /** Credentials were sent, or a 422 was obeyed: neither happens twice. */
  #authorization: readonly [string, string] | undefined;
  #mayRaise = true;
  #state: State = 'calling';
  #transaction: InviteClientTransaction | undefined;
  #session: Session | undefined;
  /** What our INVITE asks for; each dialog that answers it then has a timer of its own. */
  readonly #asking: LegTimer;
  #earlySdp: { readonly tag: string; readonly sdp: string } | undefined;
  #isAsShown = false;
  #bringsOffer = false;
  /** Early dialogs with reliable responses, by the To tag. */
  readonly #early = new Map<string, EarlyCallee>();
  /** The early dialog whose description the other side was shown last. */
  #shown: EarlyCallee | undefined;
  #cancelReasons: readonly string[] | undefined;
  /** Sends the ACK of the answer that counts; set once that answer has come, cleared once it was sent. */
  #sendAck: ((answer: string | undefined) => void) | undefined;
  /** Told of what comes when the call has let go of the leg. */
  #afterwards: Pick<OutboundObserver, 'onLateAnswer' | 'onGone'>;

  constructor(flow: Flow, spec: InviteSpec, options: SessionOptions, observer: OutboundObserver) {
    this.flow = flow;
    this.#spec = spec;
    this.#options = options;
    this.#observer = observer;
    this.#afterwards = observer;
    this.#asking = new LegTimer(
      options,
      () => {},
      () => {},
    );
    this.#branch = options.stack.newBranch();
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

  /** Whether the dialog that answered is the early one whose description the other side was shown last. */
  get isAsShown(): boolean {
    return this.#isAsShown;
  }

  /** Whether the 2xx brought an offer, which the ACK answers. */
  get bringsOffer(): boolean {
    return this.#bringsOffer;
  }

  /** Where the requests of the established dialog go: the flow dialled, or the next hop that the server named. */
  get dialogFlow(): Flow {
    return this.#session?.flow ?? this.flow;
  }

  /** The INVITE as the store keeps it, before it is sent and after. */
  get inviteRecord(): InviteRecord {
    const { stack, credentials } = this.#options;
    const { requestUri, routes, from, to, sdp } = this.#spec;
    // A challenge is foreseen; whoever answers 422 besides, which no phone does, is not.
    const tries = credentials === undefined ? 1 : 2;
    return {
      ...flowRecord(this.flow),
      ...{ requestUri, routes, from: `${from};tag=${this.localTag}`, to, callId: this.callId },
      vias: Array.from({ length: tries }, (_, index) => stack.via(this.flow, this.#branchOf(index + 1))),
      hasOffer: sdp !== undefined,
    };
  }

  dial(): void {
    this.#options.stack.dialogs.add(this.localTag, this);
    this.#sendInvite();
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
   * gets none, and ends the call by itself (RFC 3261 §13.3.1.4). `answer` answers the offer of the 2xx.
   */
  acknowledge(answer?: string): void {
    const send = this.#sendAck;
    this.#sendAck = undefined;
    send?.(answer);
  }

  offer(sdp: string, method: OfferMethod, done: (outcome: OfferOutcome) => void): Withdraw {
    const session = this.#session ?? this.#shown?.session;
    if (session !== undefined && this.#state !== 'over') return session.offer(sdp, method, done);
    done({ status: this.#state === 'over' ? 481 : 500 });
    return notWithdrawn;
  }

  solicit(done: (outcome: SolicitOutcome) => void): Withdraw {
    if (this.#session !== undefined) return this.#session.solicit(done);
    done({ status: this.#state === 'over' ? 481 : 500 });
    return notWithdrawn;
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

  /** Before the answer: UPDATE in a dialog that a reliable response began, and a BYE that has overtaken its 2xx. */
  onRequest(request: SipRequest, flow: Flow): void {
    const { stack, checkSource } = this.#options;
    const early = this.#early.get(request.fromTag ?? '');
    if (early !== undefined && request.method === 'UPDATE') return early.session.onRequest(request, flow);
    if (request.method !== 'BYE') {
      const { status, headers } = earlyDialogAnswer(request.method);
      return stack.reply(request, flow, status, headers);
    }
    const verdict = checkSource(request, flow, this.flow);
    if (verdict !== 'ok') return stack.reply(request, flow, verdict.status, verdict.headers);
    stack.openRequest(request, flow).respond(stack.response(request, 200, this.localTag));
    // RFC 5407 §3.1.2: the callee has answered and hung up; its 2xx, when it comes, is acknowledged and ended.
    this.cancel([]);
    this.#refused({ status: 480, reason: reasonPhrase(480) });
  }

  onAck(): void {}

  #sendInvite(): void {
    const { stack } = this.#options;
    const request = this.#buildInvite();
    const sent: SentInvite = { request, acks: new Map() };
    const user = {
      onResponse: (response: SipResponse) => this.#onResponse(sent, response),
      onTimeout: () => this.#onTimeout(),
    };
    this.#transaction = stack.sendInvite(request, this.flow, user, this.#branchOf(this.#seq));
  }

  #branchOf(seq: number): string {
    return `${this.#branch}.${seq}`;
  }

  #buildInvite(): SipRequest {
    const { stack, contactUser } = this.#options;
    const { requestUri, from, to, routes, maxForwards, headers, sdp, reliable } = this.#spec;
    const list = new HeaderList();
    for (const route of routes) list.append('route', route);
    list.append('max-forwards', String(maxForwards));
    list.append('from', `${from};tag=${this.localTag}`);
    list.append('to', to);
    list.append('call-id', this.callId);
    list.append('cseq', `${this.#seq} INVITE`);
    list.append('contact', stack.contact(this.flow, contactUser, requestUri));
    list.append('allow', allowedMethods);
    if (reliable && this.#options.use100rel) list.append('supported', '100rel');
    this.#asking.ask(list);
    for (const [name, value] of headers) list.append(name, value);
    if (this.#authorization !== undefined) list.append(...this.#authorization);
    if (sdp !== undefined) list.append('content-type', 'application/sdp');
    return new SipRequest('INVITE', requestUri, list, sdp ?? '');
  }

  #onResponse(sent: SentInvite, response: SipResponse): void {
    if (response.status < 200) this.#onProvisional(sent.request, response);
    else if (response.status < 300) this.#onSuccess(sent, response);
    else this.#onRefusal(sent.request, response);
  }

  #onTimeout(): void {
    const status = this.#cancelReasons === undefined ? 408 : 487;
    this.#refused({ status, reason: reasonPhrase(status), isOurs: true });
    this.#gone();
  }

  #onProvisional(request: SipRequest, response: SipResponse): void {
    if (this.#state === 'calling') {
      this.#state = 'proceeding';
      if (this.#cancelReasons !== undefined) this.#sendCancel();
    }
    if (this.#state !== 'proceeding' || this.#cancelReasons !== undefined) return;
    const { status, reason } = response;
    if (this.#options.use100rel && reliableNumber(response) !== undefined) {
      const early = this.#earlyOf(request, response);
      const taken = early?.take(response);
      if (taken === undefined) return;
      if (taken.sdp !== undefined) this.#shown = early;
      return this.#observer.onProgress({ status, reason, ...taken });
    }
    // Without an offer of ours, SDP that is not reliable means nothing yet (RFC 3261 §13.2.1).
    const sdp = this.#spec.sdp === undefined ? undefined : sdpOf(response);
    if (sdp !== undefined) this.#earlySdp = { tag: response.toTag ?? '', sdp };
    this.#observer.onProgress({ status, reason, sdp });
  }

  #earlyOf(request: SipRequest, response: SipResponse): EarlyCallee | undefined {
    const tag = response.toTag ?? '';
    const known = this.#early.get(tag);
    if (known !== undefined || this.#early.size >= maxForks) return known;
    const early = new EarlyCallee(this.#options, this.flow, request, response, this.#spec.sdp, this.#sessionObserver());
    this.#early.set(tag, early);
    return early;
  }

  #onSuccess({ request, acks }: SentInvite, response: SipResponse): void {
    const tag = response.toTag ?? '';
    const acknowledged = acks.get(tag);
    if (acknowledged !== undefined) return acknowledged.flow.send(acknowledged.octets);
    if (tag === this.#session?.remoteTag || acks.size >= maxForks) return;
    const { stack } = this.#options;
    const early = this.#early.get(tag);
    const dialog = early?.session.dialog ?? Dialog.fromResponse(request, response);
    if (early !== undefined) dialog.confirm(response);
    const flow = dialogFlow(this.#options, dialog, this.flow);
    const isOffer = this.#spec.sdp === undefined && early?.settledSdp === undefined;
    // A gateway that gave its SDP in a 183 may leave it out of the 200: that of the same device counts, be it without tag.
    const earlySdp = this.#earlySdp?.tag === tag || this.#earlySdp?.tag === '' ? this.#earlySdp.sdp : undefined;
    const sdp = early?.settledSdp ?? sdpOf(response) ?? earlySdp;
    const acknowledge = (answer: string | undefined): void => {
      const ack = dialog.createAck(request.cseq.seq);
      // RFC 3261 §13.2.2.4: an offer in the 2xx has its answer in the ACK, be it that nothing of it is wanted.
      const body = isOffer && sdp !== undefined ? (answer ?? rejectedOffer(sdp, flow.local.address)) : '';
      if (body !== '') ack.headers.append('content-type', 'application/sdp');
      const octets = stack.sendAck(new SipRequest('ACK', ack.uri, ack.headers, body), flow);
      acks.set(tag, { flow, octets });
    };
    const isLate = this.#state === 'answered' || this.#cancelReasons !== undefined || this.#state === 'over';
    if (isLate || sdp === undefined) {
      acknowledge(undefined);
      return this.#endSurplus(dialog, early, sdp);
    }
    this.#state = 'answered';
    // Nothing is left to cancel, and the transaction is not to live as long as the call.
    this.#transaction = undefined;
    this.#sendAck = acknowledge;
    this.#isAsShown = early !== undefined && early === this.#shown;
    this.#bringsOffer = isOffer;
    const offerBy = isOffer ? 'peer' : 'nobody';
    const start = { ownsCallId: true, offerBy, lastSent: this.#spec.sdp ?? '', lastReceived: sdp } as const;
    const session = early?.session ?? new Session(this.#options, dialog, flow, start, this.#sessionObserver());
    session.learn(response);
    session.confirm();
    session.timer.raisedLike(this.#asking);
    session.timer.accepted(response);
    this.#session = session;
    for (const other of this.#early.values()) if (other !== early) other.session.leave();
    stack.dialogs.add(this.localTag, session);
    this.#observer.onAnswer(sdp);
  }

  #sessionObserver(): SessionObserver {
    return {
      onOffer: (offer) => this.#observer.onOffer(offer),
      onOfferWanted: (wanted) => this.#observer.onOfferWanted(wanted),
      onPassed: (passed) => this.#observer.onPassed(passed),
      onEnd: (end) => {
        // An early dialog has failed, and the callee may ring on.
        if (this.#state === 'proceeding') this.cancel([]);
        this.#forget().onEnd(end);
      },
    };
  }

  /** For the call: the late offer of the 2xx is answered. */
  settle(answer: string): void {
    this.#session?.settle('nobody', { sent: answer });
  }

  /** An answer that came too late, twice, or without SDP: ended as soon as it is acknowledged. */
  #endSurplus(dialog: Dialog, early: EarlyCallee | undefined, sdp: string | undefined): void {
    const observer = { onOffer: () => {}, onOfferWanted: () => {}, onPassed: () => {}, onEnd: () => {} };
    const start = { ownsCallId: true, offerBy: 'nobody', lastSent: '', lastReceived: '' } as const;
    early?.session.leave();
    new Session(this.#options, dialog, this.flow, start, observer).end(this.#cancelReasons ?? [], () => {});
    if (this.#state === 'answered' && this.#session !== undefined) {
      // Another phone behind a fork: its carrier may charge for both.
      this.#afterwards.onLateAnswer();
      this.#options.stack.dialogs.add(this.localTag, this.#session);
      return;
    }
    this.#afterwards.onLateAnswer();
    const cancelled = this.#cancelReasons !== undefined;
    const status = cancelled || sdp !== undefined ? 487 : 488;
    this.#refused({ status, reason: reasonPhrase(status), isOurs: true });
    this.#gone();
  }

  #onRefusal(request: SipRequest, response: SipResponse): void {
    if (this.#cancelReasons === undefined && this.#mayTryAgain(request, response)) {
      this.#seq++;
      this.#state = 'calling';
      return this.#sendInvite();
    }
    const { status, reason } = response;
    const retryAfterS = retryAfterOf(response);
    this.#refused(retryAfterS === undefined ? { status, reason } : { status, reason, retryAfterS });
    this.#gone();
  }

  /** A challenge is answered once, and a 422 obeyed once (RFC 4028 §7.3). */
  #mayTryAgain(request: SipRequest, response: SipResponse): boolean {
    if (this.#authorization === undefined) {
      this.#authorization = this.#options.credentials?.answer(request, response);
      if (this.#authorization !== undefined) return true;
      if (isChallenge(response)) this.#options.onUnwantedChallenge();
    }
    if (!this.#mayRaise || !this.#asking.raise(response)) return false;
    this.#mayRaise = false;
    return true;
  }

  #refused(refused: Refused): void {
    if (this.#state === 'over' || this.#state === 'answered') return;
    this.#options.stack.dialogs.remove(this.localTag);
    this.#forget().onRefused(refused);
  }

  /** The INVITE has its final answer: nothing more is waited for. */
  #gone(): void {
    const { onGone } = this.#afterwards;
    this.#afterwards = nobody;
    onGone();
  }

  /**
   * The leg is over. Its transaction waits for repeated answers for half a minute and has it for that; the call and its
   * media are not to stay in memory for so long.
   * @returns whoever watched until now.
   */
  #forget(): OutboundObserver {
    const observer = this.#observer;
    if (this.#state === 'answered') this.#gone();
    for (const early of this.#early.values()) if (early.session !== this.#session) early.session.leave();
    this.#state = 'over';
    this.#session = undefined;
    this.#shown = undefined;
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
