import { Dialog } from '../../sip/dialog/index.ts';
import { HeaderList, type SipRequest } from '../../sip/message/index.ts';
import type { DialogOwner } from '../../sip/stack/index.ts';
import type { InviteServerTransaction } from '../../sip/transaction/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import { withSdp } from './bodies.ts';
import { earlyDialogAnswer } from './early-dialog.ts';
import type { ConnectedLeg, SessionObserver, PassedRequest, Progress } from './events.ts';
import { Session } from './session.ts';
import type { SessionOptions } from './session-options.ts';

type State = 'early' | 'answered' | 'over';

/**
 * The caller's leg: we are the UAS (RFC 3261 §13.3).
 *
 *     early --answer--> answered --BYE either way--> over
 *       \--refuse, CANCEL, early BYE------------------^
 */
export class InboundLeg implements DialogOwner, ConnectedLeg {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly localTag: string;
  readonly #transaction: InviteServerTransaction;
  readonly #options: SessionOptions;
  readonly #observer: SessionObserver;
  #state: State = 'early';
  #session: Session | undefined;

  constructor(transaction: InviteServerTransaction, flow: Flow, options: SessionOptions, observer: SessionObserver) {
    this.#transaction = transaction;
    this.request = transaction.request;
    this.flow = flow;
    this.#options = options;
    this.#observer = observer;
    this.localTag = options.stack.newTag();
    options.stack.dialogs.add(this.localTag, this, flow.remote.address);
    transaction.attach({ onCancel: (cancel) => this.#onCancel(cancel), onAckTimeout: () => {} });
    transaction.respond(options.stack.response(this.request, 100, this.localTag));
  }

  get callId(): string {
    return this.request.callId;
  }

  get remoteTag(): string | undefined {
    return this.request.fromTag;
  }

  get state(): State {
    return this.#state;
  }

  /** The dialog that our answer makes; the same before and after it was sent. */
  get dialog(): Dialog {
    return this.#session?.dialog ?? Dialog.fromRequest(this.request, this.localTag);
  }

  progress({ status, reason, sdp }: Progress): void {
    if (this.#state !== 'early') return;
    const { stack, contactUser } = this.#options;
    const headers = new HeaderList().append('contact', stack.contact(this.flow, contactUser));
    const response = stack.response(this.request, status, this.localTag, headers, reason);
    this.#transaction.respond(sdp === undefined ? response : withSdp(response, sdp));
  }

  answer(sdp: string): void {
    if (this.#state !== 'early') return;
    this.#state = 'answered';
    const { stack } = this.#options;
    const dialog = Dialog.fromRequest(this.request, this.localTag);
    const session = new Session(this.#options, dialog, this.flow, sdp, this.#observer);
    this.#session = session;
    stack.dialogs.add(this.localTag, session);
    const response = stack.response(this.request, 200, this.localTag, session.successHeaders());
    session.sendSuccess(this.#transaction, withSdp(response, sdp));
  }

  /** Refuses the call; the transaction repeats the answer until its ACK. */
  refuse(status: number, headers?: HeaderList, reason?: string): void {
    if (this.#state !== 'early') return;
    this.#finish();
    const { stack } = this.#options;
    this.#transaction.respond(stack.response(this.request, status, this.localTag, headers, reason));
  }

  offer(sdp: string, done: (outcome: { readonly sdp: string } | { readonly status: number }) => void): void {
    if (this.#session === undefined) done({ status: 491 });
    else this.#session.offer(sdp, done);
  }

  pass(request: PassedRequest): void {
    if (this.#session === undefined) request.respond(481);
    else this.#session.pass(request);
  }

  end(reasons: readonly string[], done: () => void = () => {}): void {
    this.#state = 'over';
    if (this.#session === undefined) done();
    else this.#session.end(reasons, done);
  }

  /** Before the answer only the caller's BYE is of use (RFC 3261 §15: a caller may end an early dialog). */
  onRequest(request: SipRequest, flow: Flow): void {
    const { stack, checkSource } = this.#options;
    const verdict = checkSource(request, flow, this.flow);
    if (verdict !== 'ok') return stack.reply(request, flow, verdict.status, verdict.headers);
    if (request.method !== 'BYE') {
      const { status, headers } = earlyDialogAnswer(request.method);
      return stack.reply(request, flow, status, headers);
    }
    stack.openRequest(request, flow).respond(stack.response(request, 200, this.localTag));
    this.#onCancel(request);
  }

  onAck(): void {}

  #onCancel(cancel: SipRequest): void {
    if (this.#state !== 'early') return;
    this.refuse(487);
    this.#observer.onEnd({ cause: 'cancel', reasons: cancel.headers.getAll('reason') });
  }

  #finish(): void {
    this.#state = 'over';
    this.#options.stack.dialogs.remove(this.localTag);
  }
}
