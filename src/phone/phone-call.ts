import { fail, ok, type Result } from '../base/result/result.ts';
import type { Timer } from '../base/time/clock.ts';
import { Dialog } from '../sip/dialog/index.ts';
import { HeaderList, reasonPhrase, type SipResponse } from '../sip/message/index.ts';
import type { InviteServerTransaction } from '../sip/transaction/index.ts';
import { CallAudio } from './call-audio.ts';
import type { CallMedia } from './call-media.ts';
import { failureOf } from './client-request.ts';
import { DialogSession, type SessionUser } from './dialog-session.ts';
import { dtmfRelayType, isDigit, relayBody, relayedDigit } from './dtmf.ts';
import type { Line } from './line.ts';
import { sdpOf } from './message-body.ts';
import { OutgoingInvite } from './outgoing-invite.ts';
import type { PhoneContext, PhoneFailure } from './phone-context.ts';

export type CallState = 'trying' | 'ringing' | 'up' | 'ended';

/** How a call ended. */
export interface CallOutcome {
  /** 200 for a call that was answered, else the status that ended it. */
  readonly status: number;
  readonly cause: 'bye' | 'refused' | 'cancelled' | 'lost' | 'closed';
  readonly by: 'us' | 'peer' | 'nobody';
  /** Reason phrase of a refusal; values of Reason of a BYE or CANCEL (RFC 3326). */
  readonly reasons: readonly string[];
}

/** What a phone does with an incoming call: rings for so long, and then answers, refuses, or (false) rings on. */
export interface AnswerPolicy {
  readonly ringMs: number;
  readonly answer: boolean | number;
}

const maxDigits = 64;

/** One call as its phone sees it. Times are of the monotonic clock, undefined until they come. */
export class PhoneCall {
  readonly direction: 'outgoing' | 'incoming';
  readonly sipCallId: string;
  /** URI of the other side, as dialled or as the INVITE said. */
  readonly peer: string;
  readonly startedAtMs: number;
  readonly ended: Promise<CallOutcome>;
  ringingAtMs: number | undefined;
  answeredAtMs: number | undefined;
  endedAtMs: number | undefined;
  gotBye = false;
  sentBye = false;
  outcome: CallOutcome | undefined;
  /** Digits that the peer has sent, by either way. */
  digits = '';
  readonly #context: PhoneContext;
  readonly #audio: CallAudio;
  readonly #onEnded: () => void;
  readonly #invite: OutgoingInvite | undefined;
  readonly #transaction: InviteServerTransaction | undefined;
  readonly #localTag: string;
  #resolve: (outcome: CallOutcome) => void = () => {};
  #state: CallState = 'trying';
  #isCancelled = false;
  #session: DialogSession | undefined;
  #ringTimer: Timer | undefined;

  /** @param start the URI to call, or the INVITE to answer. */
  constructor(context: PhoneContext, line: Line, start: string | InviteServerTransaction, onEnded: () => void) {
    this.#context = context;
    this.#onEnded = onEnded;
    this.#audio = new CallAudio(line, context.random.below(2 ** 31), (digit) => this.#onDigit(digit));
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.startedAtMs = context.clock.monotonicMs();
    this.#localTag = context.stack.newTag();
    if (typeof start === 'string') {
      this.direction = 'outgoing';
      this.peer = start;
      this.#invite = this.#outgoing(start);
      this.sipCallId = this.#invite.callId;
    } else {
      this.direction = 'incoming';
      this.peer = start.request.from.uri;
      this.#transaction = start;
      this.sipCallId = start.request.callId;
    }
  }

  get state(): CallState {
    return this.#state;
  }

  get held(): boolean {
    return this.#audio.held;
  }

  get heldByPeer(): boolean {
    return this.#audio.heldByPeer;
  }

  /** What is said and heard; undefined for a phone without audio. */
  get media(): CallMedia | undefined {
    return this.#audio.media;
  }

  /** Sends the INVITE of an outgoing call. */
  dial(): void {
    this.#invite?.send();
  }

  /** Takes an incoming call as the policy says. */
  receive({ ringMs, answer }: AnswerPolicy): void {
    const transaction = this.#transaction;
    if (transaction === undefined) return;
    transaction.attach({
      onCancel: (cancel) => this.#refuse(487, 'cancelled', 'peer', cancel.headers.getAll('reason')),
      onAckTimeout: () => {},
    });
    const offer = sdpOf(transaction.request);
    if (offer !== undefined && !this.#audio.listen(offer)) return this.reject(488);
    if (ringMs > 0 || answer === false) this.#ring(transaction);
    if (answer === false) return;
    const act = (): void => (answer === true ? this.answer() : this.reject(answer));
    if (ringMs > 0) this.#ringTimer = this.#context.clock.after(ringMs, act);
    else act();
  }

  /** Answers an incoming call that has not been answered or refused yet. */
  answer(): void {
    const transaction = this.#transaction;
    if (transaction === undefined || !transaction.open) return;
    this.#ringTimer?.cancel();
    const dialog = Dialog.fromRequest(transaction.request, this.#localTag);
    const session = this.#up(dialog);
    const offer = sdpOf(transaction.request);
    if (offer !== undefined) this.#audio.talk(offer, false);
    session.succeed(transaction, this.#audio.answer() ?? this.#audio.offer(false));
  }

  /** Refuses an incoming call that has not been answered or refused yet. */
  reject(status: number): void {
    this.#refuse(status, 'refused', 'us', [reasonPhrase(status)]);
  }

  /** Ends the call in the way that its state asks for: BYE, CANCEL or a refusal. */
  hangUp(): void {
    if (this.#session === undefined) return this.#transaction === undefined ? this.cancel() : this.reject(603);
    this.#session.bye(() => {
      this.sentBye = true;
      this.#end({ status: 200, cause: 'bye', by: 'us', reasons: [] });
    });
  }

  /** Gives up an outgoing call that is not answered; it ends when the callee's answer to that has come. */
  cancel(): void {
    if (this.#state === 'up') return;
    this.#isCancelled = true;
    this.#invite?.cancel();
  }

  /** Holds the peer: it is told, and hears silence. */
  hold(): Promise<Result<undefined, PhoneFailure>> {
    return this.#offer(true);
  }

  resume(): Promise<Result<undefined, PhoneFailure>> {
    return this.#offer(false);
  }

  /** Sends digits as INFO requests one after another, or as telephone events in the audio (RFC 4733). */
  async sendDtmf(digits: string, way: 'info' | 'event'): Promise<Result<undefined, PhoneFailure>> {
    const known = Array.from(digits).filter(isDigit);
    if (way === 'event') {
      const isTaken = this.media?.sendDigits(known.join('')) ?? false;
      return isTaken ? ok(undefined) : fail({ status: 488, reason: 'Peer takes no telephone events' });
    }
    for (const digit of known) {
      const response = await this.#sendInfo(digit);
      if (response === undefined || response.status >= 300) return fail(failureOf(response));
    }
    return ok(undefined);
  }

  /** Forgets the call without a word to anybody: the phone is switched off. */
  abandon(): void {
    this.#end({ status: 0, cause: 'closed', by: 'us', reasons: [] });
  }

  #outgoing(target: string): OutgoingInvite {
    return new OutgoingInvite(this.#context, target, this.#audio.offer(false), {
      onProgress: (response) => this.#onProgress(response),
      onAnswered: (dialog, response) => {
        const session = this.#up(dialog);
        if (this.#audio.talk(sdpOf(response) ?? '', false)) return;
        session.bye(() => {
          this.sentBye = true;
          this.#end({ status: 488, cause: 'refused', by: 'us', reasons: ['Answer without PCMU'] });
        });
      },
      onRefused: ({ status, reason }) => {
        const cancelled = status === 487 && this.#isCancelled;
        this.#end({
          status,
          cause: cancelled ? 'cancelled' : 'refused',
          by: cancelled ? 'us' : 'peer',
          reasons: [reason],
        });
      },
      onSurplusBye: () => {
        if (this.#state !== 'up') this.sentBye = true;
      },
    });
  }

  #onProgress(response: SipResponse): void {
    if (response.status === 100 || this.#state === 'up' || this.#state === 'ended') return;
    this.#state = 'ringing';
    this.ringingAtMs ??= this.#context.clock.monotonicMs();
    const sdp = sdpOf(response);
    if (sdp !== undefined) this.#audio.listen(sdp);
  }

  #ring(transaction: InviteServerTransaction): void {
    this.#state = 'ringing';
    this.ringingAtMs = this.#context.clock.monotonicMs();
    const { stack, user } = this.#context;
    const headers = new HeaderList().append('contact', stack.contact(transaction.flow, user));
    transaction.respond(stack.response(transaction.request, 180, this.#localTag, headers));
  }

  #refuse(status: number, cause: 'refused' | 'cancelled', by: 'us' | 'peer', reasons: readonly string[]): void {
    const transaction = this.#transaction;
    if (transaction === undefined || !transaction.open) return;
    transaction.respond(this.#context.stack.response(transaction.request, status, this.#localTag));
    this.#end({ status, cause, by, reasons });
  }

  #up(dialog: Dialog): DialogSession {
    this.#state = 'up';
    this.answeredAtMs = this.#context.clock.monotonicMs();
    const session = new DialogSession(this.#context, dialog, this.#sessionUser());
    this.#session = session;
    return session;
  }

  #sessionUser(): SessionUser {
    return {
      onBye: (bye) => {
        this.gotBye = true;
        this.#end({ status: 200, cause: 'bye', by: 'peer', reasons: bye.headers.getAll('reason') });
      },
      onOffer: (sdp) => (this.#audio.talk(sdp, this.held) ? this.#audio.answer() : undefined),
      ownOffer: () => this.#audio.offer(this.held),
      onLateAnswer: (sdp) => {
        this.#audio.talk(sdp, this.held);
      },
      onInfo: (contentType, body) => {
        const digit = relayedDigit(contentType, body);
        if (digit !== undefined) this.#onDigit(digit);
      },
      onLost: () => {
        this.sentBye = true;
        this.#end({ status: 408, cause: 'lost', by: 'nobody', reasons: [] });
      },
    };
  }

  #offer(held: boolean): Promise<Result<undefined, PhoneFailure>> {
    const session = this.#session;
    if (session === undefined) return Promise.resolve(fail({ status: 481, reason: 'Not connected' }));
    return new Promise((resolve) => {
      session.offer(this.#audio.offer(held), (outcome) => {
        if (!outcome.ok) return resolve(outcome);
        const isUnderstood = this.#audio.talk(outcome.value, held);
        resolve(isUnderstood ? ok(undefined) : fail({ status: 488, reason: 'Answer without PCMU' }));
      });
    });
  }

  #sendInfo(digit: string): Promise<SipResponse | undefined> {
    return new Promise((resolve) => {
      if (this.#session === undefined) resolve(undefined);
      else this.#session.info(dtmfRelayType, relayBody(digit), resolve);
    });
  }

  #onDigit(digit: string): void {
    if (this.digits.length < maxDigits) this.digits += digit;
  }

  #end(outcome: CallOutcome): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.endedAtMs = this.#context.clock.monotonicMs();
    this.outcome = outcome;
    this.#ringTimer?.cancel();
    this.#audio.close();
    this.#session?.close();
    this.#onEnded();
    this.#resolve(outcome);
  }
}
