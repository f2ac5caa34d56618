import { assert } from '../../base/result/assert.ts';
import { Dialog, readRAck, ReliableSender } from '../../sip/dialog/index.ts';
import { detached, HeaderList, namesToken, type SipRequest, type SipResponse } from '../../sip/message/index.ts';
import { allowedMethods, type DialogOwner } from '../../sip/stack/index.ts';
import type { InviteServerTransaction } from '../../sip/transaction/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import { sdpOf, withSdp } from './bodies.ts';
import { earlyDialogAnswer } from './early-dialog.ts';
import {
  type ConnectedLeg,
  type LateAnswer,
  type LegEnd,
  notWithdrawn,
  type OfferMethod,
  type OfferOutcome,
  type PassedRequest,
  type Progress,
  type SessionObserver,
  type SolicitOutcome,
  type Withdraw,
} from './events.ts';
import { Session } from './session.ts';
import type { SessionOptions } from './session-options.ts';

/** Early dialogs that other callees' answers may begin, one after another. */
const maxForks = 20;

type State = 'early' | 'answered' | 'over';

/**
 * The caller's leg: we are the UAS (RFC 3261 §13.3).
 *
 *     early --answer (after the PRACK of what carried SDP)--> answered --BYE either way--> over
 *       \--refuse, CANCEL, early BYE, no PRACK----------------------------------------------^
 *
 * Provisional responses with SDP are reliable where the caller can do so, all where it insists (RFC 3262 §3). An answer
 * other than the one that was sent reliably is that of another callee, and so begins a dialog of its own, as a fork does
 * (RFC 3261 §13.2.2.4): nobody may answer one offer twice in a dialog (RFC 6337 §3.1.1).
 */
export class InboundLeg implements DialogOwner, ConnectedLeg {
  readonly callId: string;
  readonly remoteTag: string | undefined;
  readonly flow: Flow;
  /** Until the final answer: what came with it is not to stay in memory for as long as the call. */
  #transaction: InviteServerTransaction | undefined;
  readonly #options: SessionOptions;
  readonly #observer: SessionObserver;
  readonly #reliability: 'none' | 'supported' | 'required';
  #localTag: string;
  #state: State = 'early';
  /** The dialog of the newest answer; none before something of it is to be remembered. */
  #session: Session | undefined;
  #reliable: ReliableSender | undefined;
  /** The SDP that was sent reliably in this dialog. */
  #settledSdp: string | undefined;
  /** Gets the answer in the PRACK, or in the ACK, of an offer of ours. */
  #onLateAnswer: LateAnswer | undefined;
  /** Tags of dialogs that were begun and left for another. */
  readonly #formerTags: string[] = [];

  constructor(transaction: InviteServerTransaction, flow: Flow, options: SessionOptions, observer: SessionObserver) {
    const { request } = transaction;
    this.#transaction = transaction;
    this.callId = detached(request.callId);
    this.remoteTag = request.fromTag === undefined ? undefined : detached(request.fromTag);
    this.flow = flow;
    this.#options = options;
    this.#observer = observer;
    this.#reliability = options.use100rel ? reliabilityOf(request) : 'none';
    this.#localTag = options.stack.newTag();
    options.stack.dialogs.add(this.#localTag, this, flow.remote.address);
    transaction.attach({ onCancel: (cancel) => this.#onCancel(cancel), onAckTimeout: () => {} });
    transaction.respond(options.stack.response(request, 100, this.#localTag));
  }

  get state(): State {
    return this.#state;
  }

  /** Whether an offer of ours may go into a provisional response. */
  get canBeReliable(): boolean {
    return this.#reliability !== 'none';
  }

  /** The dialog that our answer makes; the same before and after it was sent. */
  get dialog(): Dialog {
    return this.#ensureSession(this.#transaction?.request).dialog;
  }

  progress({ status, reason, sdp, onAnswer }: Progress): void {
    const transaction = this.#transaction;
    if (this.#state !== 'early' || transaction === undefined) return;
    const { request } = transaction;
    if (sdp !== undefined && this.#settledSdp !== undefined && sdp !== this.#settledSdp) {
      if (this.#formerTags.length === maxForks) return;
      this.#leaveDialog();
    }
    const { stack, contactUser } = this.#options;
    const headers = new HeaderList().append('contact', stack.contact(this.flow, contactUser, request.uri));
    const isNew = sdp !== undefined && sdp !== this.#settledSdp;
    const reliably = this.#reliability === 'required' || (this.#reliability === 'supported' && isNew);
    if (reliably) headers.append('allow', allowedMethods);
    const plain = stack.response(request, status, this.#localTag, headers, reason);
    const response = isNew ? withSdp(plain, sdp) : plain;
    if (!reliably) return transaction.respond(response);
    // Its PRACK is a request of the dialog, whether there was SDP to answer or not.
    const session = this.#ensureSession(request);
    if (isNew) {
      this.#settledSdp = sdp;
      this.#onLateAnswer = onAnswer;
      session.settle(onAnswer === undefined ? 'nobody' : 'us', { sent: sdp });
    }
    this.#ensureSender(transaction).send(response, isNew);
  }

  /** Says which answer will be sent, so that the dialog is known before it is. */
  settle(sdp: string): void {
    if (this.#settledSdp !== undefined && this.#settledSdp !== sdp) this.#leaveDialog();
  }

  /** Answers the call; with `onAnswer` the SDP is an offer, whose answer is in the ACK (RFC 3261 §13.2.1). */
  answer(sdp: string, onAnswer?: LateAnswer): void {
    if (this.#state !== 'early') return;
    this.settle(sdp);
    if (this.#reliable === undefined) return this.#sendAnswer(sdp, onAnswer);
    // RFC 3262 §3: no 2xx while a description waits for its PRACK.
    this.#reliable.whenClear(() => this.#sendAnswer(sdp, onAnswer));
  }

  /** Refuses the call; the transaction repeats the answer until its ACK. */
  refuse(status: number, headers?: HeaderList, reason?: string): void {
    const transaction = this.#transaction;
    if (this.#state !== 'early' || transaction === undefined) return;
    this.#finish();
    const { stack } = this.#options;
    transaction.respond(stack.response(transaction.request, status, this.#localTag, headers, reason));
  }

  offer(sdp: string, method: OfferMethod, done: (outcome: OfferOutcome) => void): Withdraw {
    // Before the PRACK of our answer the caller may not have it (RFC 3311 §5.1).
    const isTooEarly = this.#state === 'early' && this.#reliable?.isClear === false;
    if (this.#session !== undefined && !isTooEarly) return this.#session.offer(sdp, method, done);
    done({ status: 500 });
    return notWithdrawn;
  }

  solicit(done: (outcome: SolicitOutcome) => void): Withdraw {
    if (this.#session !== undefined) return this.#session.solicit(done);
    done({ status: 500 });
    return notWithdrawn;
  }

  pass(request: PassedRequest): void {
    if (this.#session === undefined || this.#state === 'early') request.respond(481);
    else this.#session.pass(request);
  }

  end(reasons: readonly string[], done: () => void = () => {}): void {
    this.#state = 'over';
    if (this.#session === undefined) done();
    else this.#session.end(reasons, done);
  }

  /** Before the answer: PRACK, UPDATE, and the BYE by which a caller may end an early dialog (RFC 3261 §15). */
  onRequest(request: SipRequest, flow: Flow): void {
    const { stack, checkSource } = this.#options;
    const isCurrent = request.toTag === this.#localTag;
    const session = this.#session;
    const { method } = request;
    if (isCurrent && session !== undefined && (method === 'PRACK' || method === 'UPDATE')) {
      if (!session.admits(request, flow)) return;
      return method === 'PRACK' ? this.#onPrack(session, request, flow) : session.onAdmitted(request, flow);
    }
    const verdict = checkSource(request, flow, this.flow);
    if (verdict !== 'ok') return stack.reply(request, flow, verdict.status, verdict.headers);
    // It acknowledges a response of a dialog that another callee's answer has replaced meanwhile.
    if (method === 'PRACK' && !isCurrent) {
      return stack.openRequest(request, flow).respond(stack.response(request, 200, this.#localTag));
    }
    if (method !== 'BYE') {
      const { status, headers } = earlyDialogAnswer(method);
      return stack.reply(request, flow, status, headers);
    }
    stack.openRequest(request, flow).respond(stack.response(request, 200, this.#localTag));
    // The BYE of one early dialog ends that one; the caller goes on with another.
    if (isCurrent) this.#onCancel(request);
  }

  onAck(): void {}

  #onPrack(session: Session, request: SipRequest, flow: Flow): void {
    const { stack } = this.#options;
    const rack = readRAck(request.headers);
    const answer = sdpOf(request);
    const sent = rack === undefined ? undefined : this.#reliable?.sentFor(rack);
    if (sent === undefined) return stack.reply(request, flow, 481);
    // The offer may wait behind a response without one, whose PRACK then owes no answer.
    const onAnswer = sent.hasSdp ? this.#onLateAnswer : undefined;
    if (onAnswer !== undefined && answer === undefined) return stack.reply(request, flow, 400, undefined, 'No Answer');
    this.#reliable?.acknowledge();
    if (onAnswer === undefined) return session.onPrack(request, flow);
    this.#onLateAnswer = undefined;
    session.settle('nobody', { received: answer ?? '' });
    stack.openRequest(request, flow).respond(stack.response(request, 200, this.#localTag));
    onAnswer(answer);
  }

  #sendAnswer(sdp: string, onAnswer: LateAnswer | undefined): void {
    const transaction = this.#transaction;
    if (this.#state !== 'early' || transaction === undefined) return;
    const { stack } = this.#options;
    const { request } = transaction;
    const session = this.#ensureSession(request);
    const headers = session.successHeaders();
    const timer = session.timer.judge(request, headers);
    this.#state = 'answered';
    this.#transaction = undefined;
    stack.dialogs.add(this.#localTag, session);
    this.#forgetFormer();
    session.confirm();
    session.expectPrack(this.#reliable?.unacknowledged);
    const isSettled = this.#settledSdp === sdp;
    if (!isSettled) session.settle(onAnswer === undefined ? 'nobody' : 'us', { sent: sdp });
    if ('hold' in timer) timer.hold();
    const response = stack.response(request, 200, this.#localTag, headers);
    session.sendSuccess(transaction, isSettled ? response : withSdp(response, sdp), (answer) => {
      if (onAnswer === undefined) return;
      session.settle('nobody', answer === undefined ? {} : { received: answer });
      onAnswer(answer);
    });
  }

  #ensureSession(request: SipRequest | undefined): Session {
    if (this.#session !== undefined) return this.#session;
    assert(request !== undefined, 'a caller’s leg without a dialog has its INVITE');
    const start = {
      ownsCallId: false,
      offerBy: 'peer',
      lastSent: '',
      lastReceived: sdpOf(request) ?? '',
    } as const;
    const dialog = Dialog.fromRequest(request, this.#localTag);
    const session = new Session(this.#options, dialog, this.flow, start, this.#observer);
    session.learn(request);
    this.#session = session;
    return session;
  }

  #ensureSender(transaction: InviteServerTransaction): ReliableSender {
    const { clock, timers, random } = this.#options;
    this.#reliable ??= new ReliableSender({
      ...{ clock, timers, inviteSeq: transaction.request.cseq.seq, firstRSeq: 1 + random.below(2 ** 31 - 1) },
      send: (response: SipResponse) => {
        if (transaction.open) transaction.respond(response);
      },
      onTimeout: () => this.#fail('no prack', 504),
    });
    return this.#reliable;
  }

  /** Another callee's answer: the dialog with the one before is left, and a new one begun. */
  #leaveDialog(): void {
    const { stack } = this.#options;
    this.#session?.leave();
    this.#reliable?.stop();
    this.#session = undefined;
    this.#reliable = undefined;
    this.#settledSdp = undefined;
    this.#formerTags.push(this.#localTag);
    this.#localTag = stack.newTag();
    stack.dialogs.add(this.#localTag, this, this.flow.remote.address);
  }

  #onCancel(cancel: SipRequest): void {
    if (this.#state !== 'early') return;
    this.refuse(487);
    this.#observer.onEnd({ cause: 'cancel', reasons: cancel.headers.getAll('reason') });
  }

  #fail(cause: LegEnd['cause'], status: number): void {
    if (this.#state !== 'early') return;
    this.refuse(status);
    this.#observer.onEnd({ cause, reasons: [] });
  }

  #finish(): void {
    this.#state = 'over';
    this.#transaction = undefined;
    this.#reliable?.stop();
    this.#session?.discard();
    this.#session = undefined;
    this.#options.stack.dialogs.remove(this.#localTag);
    this.#forgetFormer();
  }

  #forgetFormer(): void {
    for (const tag of this.#formerTags) this.#options.stack.dialogs.remove(tag);
  }
}

function reliabilityOf({ headers }: SipRequest): 'none' | 'supported' | 'required' {
  if (namesToken(headers, 'require', '100rel')) return 'required';
  return namesToken(headers, 'supported', '100rel') ? 'supported' : 'none';
}
