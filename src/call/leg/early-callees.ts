import type { SipRequest, SipResponse } from '../../sip/message/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import { sdpOf } from './bodies.ts';
import { EarlyCallee, reliableNumber } from './early-callee.ts';
import type { Progress, SessionObserver } from './events.ts';
import type { Session } from './session.ts';
import type { SessionOptions } from './session-options.ts';

/** To tags of one INVITE that begin early dialogs or answer it: a stranger tag after this many is a peer gone mad. */
export const maxForks = 20;

/**
 * Everybody who has told of an INVITE of ours before it is answered: behind a proxy each callee has a To tag, and so an
 * early dialog, of its own (RFC 3261 §12.1, §13.2.2.4). Only reliable responses are kept a dialog for.
 */
export class EarlyCallees {
  readonly #options: SessionOptions;
  readonly #flow: Flow;
  readonly #offered: string | undefined;
  readonly #observer: SessionObserver;
  readonly #byTag = new Map<string, EarlyCallee>();
  #shown: EarlyCallee | undefined;
  /** What came last without being reliable. */
  #unreliable: { readonly tag: string; readonly sdp: string } | undefined;

  /** `offered` is the offer of the INVITE, `flow` where it went; `observer` gets the events of every early dialog. */
  constructor(options: SessionOptions, flow: Flow, offered: string | undefined, observer: SessionObserver) {
    this.#options = options;
    this.#flow = flow;
    this.#offered = offered;
    this.#observer = observer;
  }

  /** The early dialog whose description the other side was shown last. */
  get shown(): EarlyCallee | undefined {
    return this.#shown;
  }

  of(tag: string): EarlyCallee | undefined {
    return this.#byTag.get(tag);
  }

  /** What a provisional response brings; undefined for a reliable one that is repeated or comes out of its order. */
  take(invite: SipRequest, response: SipResponse): Progress | undefined {
    const { status, reason } = response;
    if (!this.#options.use100rel || reliableNumber(response) === undefined) {
      return { status, reason, sdp: this.#takeUnreliable(response) };
    }
    const callee = this.#calleeOf(invite, response);
    const taken = callee?.take(response);
    if (taken?.sdp !== undefined) this.#shown = callee;
    return taken === undefined ? undefined : { status, reason, ...taken };
  }

  /** A gateway that gave its SDP in a 183 may leave it out of the 200: that of the same device counts, be it without tag. */
  unreliableSdp(tag: string): string | undefined {
    return this.#unreliable?.tag === tag || this.#unreliable?.tag === '' ? this.#unreliable.sdp : undefined;
  }

  /** All early dialogs are left, but for this one. */
  leaveAllBut(kept: Session | undefined): void {
    for (const { session } of this.#byTag.values()) if (session !== kept) session.leave();
  }

  #takeUnreliable(response: SipResponse): string | undefined {
    // Without an offer of ours, SDP that is not reliable means nothing yet (RFC 3261 §13.2.1).
    const sdp = this.#offered === undefined ? undefined : sdpOf(response);
    if (sdp !== undefined) this.#unreliable = { tag: response.toTag ?? '', sdp };
    return sdp;
  }

  #calleeOf(invite: SipRequest, response: SipResponse): EarlyCallee | undefined {
    const tag = response.toTag ?? '';
    const known = this.#byTag.get(tag);
    if (known !== undefined || this.#byTag.size >= maxForks) return known;
    const callee = new EarlyCallee(this.#options, this.#flow, invite, response, this.#offered, this.#observer);
    this.#byTag.set(tag, callee);
    return callee;
  }
}
