import { HeaderList, SipRequest, type SipResponse } from '../../sip/message/index.ts';
import { allowedMethods } from '../../sip/stack/index.ts';
import { buildCancel, type InviteClientTransaction } from '../../sip/transaction/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import type { InviteRecord } from '../record.ts';
import { flowRecord } from './flow-record.ts';
import { LegTimer } from './leg-timer.ts';
import type { SessionOptions } from './session-options.ts';
import { isChallenge } from './trunk-credentials.ts';

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

/** What an INVITE is answered with. A challenge that was answered and a 422 that was obeyed are not told. */
export interface InviteUser {
  /** Not once the INVITE is cancelled. */
  onProvisional(request: SipRequest, response: SipResponse): void;
  /** For each 2xx, repeated ones too, until 64 T1 after the first. */
  onSuccess(request: SipRequest, response: SipResponse): void;
  onRefusal(response: SipResponse): void;
  /** No final response came: timer B, or 64 T1 after the CANCEL. */
  onTimeout(): void;
}

/**
 * The INVITE that begins a leg, over all its tries (RFC 3261 §13.2.1), and its CANCEL (§9.1).
 *
 *     calling --1xx--> proceeding --final--> told
 *        ^--challenge, 422--/
 *
 * A challenge is answered once (§22.2) and a 422 obeyed once (RFC 4028 §7.3), each by another try with the next CSeq.
 */
export class Invite {
  readonly callId: string;
  readonly localTag: string;
  /** What is asked of a session timer; each dialog that answers then has one of its own. */
  readonly sessionTimer: LegTimer;
  readonly #flow: Flow;
  readonly #spec: InviteSpec;
  readonly #options: SessionOptions;
  readonly #user: InviteUser;
  /** Each try adds its CSeq to it, so that a later server can name them all. */
  readonly #branch: string;
  #seq = 1;
  #authorization: readonly [string, string] | undefined;
  #mayRaise = true;
  #transaction: InviteClientTransaction | undefined;
  #isProceeding = false;
  #cancelReasons: readonly string[] | undefined;

  constructor(flow: Flow, spec: InviteSpec, options: SessionOptions, user: InviteUser) {
    this.#flow = flow;
    this.#spec = spec;
    this.#options = options;
    this.#user = user;
    this.sessionTimer = new LegTimer(
      options,
      () => {},
      () => {},
    );
    this.#branch = options.stack.newBranch();
    this.callId = options.stack.newCallId();
    this.localTag = options.stack.newTag();
  }

  /** Whether the try that runs has had a 1xx. */
  get isProceeding(): boolean {
    return this.#isProceeding;
  }

  /** Why it was cancelled; undefined where it was not. */
  get cancelReasons(): readonly string[] | undefined {
    return this.#cancelReasons;
  }

  /** As the store keeps it, before it is sent and after. */
  get record(): InviteRecord {
    const { stack, credentials } = this.#options;
    const { requestUri, routes, from, to, sdp } = this.#spec;
    // A challenge is foreseen; whoever answers 422 besides, which no phone does, is not.
    const tries = credentials === undefined ? 1 : 2;
    return {
      ...flowRecord(this.#flow),
      ...{ requestUri, routes, from: `${from};tag=${this.localTag}`, to, callId: this.callId },
      vias: Array.from({ length: tries }, (_, index) => stack.via(this.#flow, this.#branchOf(index + 1))),
      hasOffer: sdp !== undefined,
    };
  }

  send(): void {
    const request = this.#build();
    const user = {
      onResponse: (response: SipResponse) => this.#onResponse(request, response),
      onTimeout: () => this.#user.onTimeout(),
    };
    this.#transaction = this.#options.stack.sendInvite(request, this.#flow, user, this.#branchOf(this.#seq));
  }

  /** RFC 3261 §9.1: no CANCEL before a provisional response; timer B ends what never answers. The first reasons stand. */
  cancel(reasons: readonly string[]): void {
    if (this.#cancelReasons !== undefined) return;
    this.#cancelReasons = reasons;
    if (this.#isProceeding) this.#sendCancel();
  }

  #branchOf(seq: number): string {
    return `${this.#branch}.${seq}`;
  }

  #build(): SipRequest {
    const { stack, contactUser, use100rel } = this.#options;
    const { requestUri, from, to, routes, maxForwards, headers, sdp, reliable } = this.#spec;
    const list = new HeaderList();
    for (const route of routes) list.append('route', route);
    list.append('max-forwards', String(maxForwards));
    list.append('from', `${from};tag=${this.localTag}`);
    list.append('to', to);
    list.append('call-id', this.callId);
    list.append('cseq', `${this.#seq} INVITE`);
    list.append('contact', stack.contact(this.#flow, contactUser, requestUri));
    list.append('allow', allowedMethods);
    if (reliable && use100rel) list.append('supported', '100rel');
    this.sessionTimer.ask(list);
    for (const [name, value] of headers) list.append(name, value);
    if (this.#authorization !== undefined) list.append(...this.#authorization);
    if (sdp !== undefined) list.append('content-type', 'application/sdp');
    return new SipRequest('INVITE', requestUri, list, sdp ?? '');
  }

  #onResponse(request: SipRequest, response: SipResponse): void {
    if (response.status < 200) return this.#onProvisional(request, response);
    if (response.status < 300) return this.#user.onSuccess(request, response);
    if (this.#cancelReasons !== undefined || !this.#mayTryAgain(request, response)) {
      return this.#user.onRefusal(response);
    }
    this.#seq++;
    this.#isProceeding = false;
    this.send();
  }

  #onProvisional(request: SipRequest, response: SipResponse): void {
    const isFirst = !this.#isProceeding;
    this.#isProceeding = true;
    if (this.#cancelReasons === undefined) this.#user.onProvisional(request, response);
    else if (isFirst) this.#sendCancel();
  }

  #mayTryAgain(request: SipRequest, response: SipResponse): boolean {
    if (this.#authorization === undefined) {
      this.#authorization = this.#options.credentials?.answer(request, response);
      if (this.#authorization !== undefined) return true;
      if (isChallenge(response)) this.#options.onUnwantedChallenge();
    }
    if (!this.#mayRaise || !this.sessionTimer.raise(response)) return false;
    this.#mayRaise = false;
    return true;
  }

  #sendCancel(): void {
    const transaction = this.#transaction;
    if (transaction === undefined) return;
    const [reason] = this.#cancelReasons ?? [];
    const ignored = { onResponse: () => {}, onTimeout: () => {} };
    this.#options.stack.sendCancel(buildCancel(transaction.request, reason), this.#flow, ignored);
    transaction.expire();
  }
}
