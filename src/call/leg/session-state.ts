import type { Dialog } from '../../sip/dialog/index.ts';
import { HeaderList, namesToken, type SipMessage } from '../../sip/message/index.ts';
import { allowedMethods } from '../../sip/stack/index.ts';
import type { DialogClient } from './dialog-client.ts';
import type { LegEnd, SessionObserver } from './events.ts';
import type { LegTimer } from './leg-timer.ts';
import type { SessionOptions } from './session-options.ts';

/** What the machines of one dialog share: its state of offer and answer, and what its peer can do. */
export interface SessionState {
  readonly options: SessionOptions;
  readonly dialog: Dialog;
  readonly client: DialogClient;
  readonly observer: SessionObserver;
  readonly timer: LegTimer;
  /** Whose offer is under way, whatever carries it: a second one is glare (RFC 3264 §4, RFC 3261 §14.1, RFC 3311 §5). */
  offerBy: 'nobody' | 'us' | 'peer';
  /** The descriptions that hold, as they were last sent and received. */
  lastSent: string;
  lastReceived: string;
  /** False from the end on: nothing of the dialog concerns the call any more. */
  isOpen: boolean;
  /** False before the 2xx: then only UPDATE may carry an offer. */
  isConfirmed: boolean;
  peerAllowsUpdate: boolean;
  /** True while a 2xx of ours waits for its ACK. */
  waitsForAck(): boolean;
  fail(cause: LegEnd['cause']): void;
}

/** Takes from a message of the peer what it allows us. */
export function learnFrom(state: SessionState, message: SipMessage): void {
  if (message.headers.has('allow')) state.peerAllowsUpdate = namesToken(message.headers, 'allow', 'UPDATE');
}

/** Contact, Allow and Supported of a 2xx to INVITE and UPDATE, and what the session timer adds. */
export function successHeaders({ options, client, dialog }: SessionState): HeaderList {
  const headers = new HeaderList()
    .append('contact', options.stack.contact(client.flow, options.contactUser, dialog.contactLike))
    .append('allow', allowedMethods);
  return options.sessionTimer === 'off' ? headers : headers.append('supported', 'timer');
}

/** Headers of a refusal: 500 asks the peer to come again after a time of chance (RFC 3261 §14.2, RFC 3311 §5.2). */
export function refusalHeaders(options: SessionOptions, status: number): HeaderList {
  const headers = new HeaderList();
  if (status === 500) headers.append('retry-after', String(options.random.below(11)));
  return headers;
}

/** Why a peer's offer cannot be taken now: 491 crosses ours, 500 comes before its last one is settled. */
export function offerProblem(state: SessionState): 491 | 500 | undefined {
  if (state.offerBy === 'us') return 491;
  return state.offerBy === 'peer' || state.waitsForAck() ? 500 : undefined;
}
