import { assert } from '../../base/result/assert.ts';
import {
  detached,
  HeaderList,
  parseNameAddr,
  parseNameAddrList,
  parseUri,
  SipRequest,
  type SipResponse,
} from '../message/index.ts';

/** The state of a dialog (RFC 3261 §12), as plain values that a store can keep. */
export interface DialogState {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  readonly localUri: string;
  readonly remoteUri: string;
  readonly localSeq: number;
  readonly remoteTarget: string;
  readonly routeSet: readonly string[];
}

/** How a request with a CSeq fits the dialog (RFC 3261 §12.2.2). */
export type SequenceVerdict = 'in order' | 'out of order';

/** One dialog of ours: numbers its requests, checks the peer's, follows its target. */
export class Dialog {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  #routeSet: readonly string[];
  readonly #localUri: string;
  readonly #remoteUri: string;
  #localSeq: number;
  #remoteSeq: number | undefined;
  #remoteTarget: string;
  /** Asked for by a `sips:` URI. */
  readonly #isSecure: boolean;

  constructor(state: DialogState, remoteSeq: number | undefined, isSecure = false) {
    // A dialog outlives the messages that made it, and must not keep their octets alive.
    this.callId = detached(state.callId);
    this.localTag = state.localTag;
    this.remoteTag = detached(state.remoteTag);
    this.#routeSet = state.routeSet.map(detached);
    this.#localUri = detached(state.localUri);
    this.#remoteUri = detached(state.remoteUri);
    this.#localSeq = state.localSeq;
    this.#remoteSeq = remoteSeq;
    this.#isSecure = isSecure;
    this.#remoteTarget = detached(state.remoteTarget);
  }

  /** The dialog that a response to our INVITE makes (RFC 3261 §12.1.2). */
  static fromResponse(invite: SipRequest, response: SipResponse): Dialog {
    return new Dialog(
      {
        callId: invite.callId,
        localTag: invite.fromTag ?? '',
        remoteTag: response.toTag ?? '',
        localUri: withoutTag(invite.headers.get('from') ?? ''),
        remoteUri: withoutTag(invite.headers.get('to') ?? ''),
        localSeq: invite.cseq.seq,
        remoteTarget: contactUri(response.headers) ?? invite.uri,
        routeSet: recordRoutes(response.headers).reverse(),
      },
      undefined,
      isSips(invite.uri),
    );
  }

  /** The dialog that our answer with `localTag` to an INVITE makes (RFC 3261 §12.1.1). */
  static fromRequest(invite: SipRequest, localTag: string): Dialog {
    return new Dialog(
      {
        callId: invite.callId,
        localTag,
        remoteTag: invite.fromTag ?? '',
        localUri: withoutTag(invite.headers.get('to') ?? ''),
        remoteUri: withoutTag(invite.headers.get('from') ?? ''),
        localSeq: 0,
        remoteTarget: contactUri(invite.headers) ?? invite.from.uri,
        routeSet: recordRoutes(invite.headers),
      },
      invite.cseq.seq,
      isSips(invite.uri),
    );
  }

  get routeSet(): readonly string[] {
    return this.#routeSet;
  }

  get remoteTarget(): string {
    return this.#remoteTarget;
  }

  /** A URI of the scheme that each Contact of ours in the dialog has to have (RFC 3261 §12.1.1, §12.2.1.1). */
  get contactLike(): string {
    return this.#isSecure ? 'sips:' : this.#remoteTarget;
  }

  state(): DialogState {
    return {
      callId: this.callId,
      localTag: this.localTag,
      remoteTag: this.remoteTag,
      localUri: this.#localUri,
      remoteUri: this.#remoteUri,
      localSeq: this.#localSeq,
      remoteTarget: this.#remoteTarget,
      routeSet: this.routeSet,
    };
  }

  /** The 2xx to our INVITE: route set and target are now its own, and the numbers go on (RFC 3261 §13.2.2.4). */
  confirm(response: SipResponse): void {
    this.#routeSet = recordRoutes(response.headers).reverse().map(detached);
    this.refreshTarget(response);
  }

  /** Checks and takes the CSeq of a request of the peer. */
  acceptSequence(request: SipRequest): SequenceVerdict {
    if (this.#remoteSeq !== undefined && request.cseq.seq <= this.#remoteSeq) return 'out of order';
    this.#remoteSeq = request.cseq.seq;
    return 'in order';
  }

  /** Follows the Contact of a target refresh: re-INVITE, UPDATE and their 2xx (RFC 3261 §12.2). */
  refreshTarget(message: SipRequest | SipResponse): void {
    const target = contactUri(message.headers);
    // What is no SIP URI could not be sent to; the old target then still holds.
    if (target !== undefined && /^sips?:/i.test(target) && parseUri(target).ok) this.#remoteTarget = detached(target);
  }

  /** A new request with the next CSeq; the sender adds Via and Contact. */
  createRequest(method: string): SipRequest {
    assert(method !== 'ACK' && method !== 'CANCEL', 'ACK and CANCEL take the CSeq of their INVITE');
    this.#localSeq++;
    return this.#request(method, this.#localSeq);
  }

  /** The ACK of a 2xx to the INVITE with `inviteSeq`: a request of its own with the INVITE's number (RFC 3261 §13.2.2.4). */
  createAck(inviteSeq: number): SipRequest {
    return this.#request('ACK', inviteSeq);
  }

  #request(method: string, seq: number): SipRequest {
    const headers = new HeaderList();
    const [firstRoute] = this.routeSet;
    const strict = firstRoute !== undefined && !isLooseRoute(firstRoute);
    // RFC 3261 §12.2.1.1: a strict router takes the Request-URI's place, and the target goes last in the route.
    const routes = strict ? [...this.routeSet.slice(1), `<${this.#remoteTarget}>`] : this.routeSet;
    for (const route of routes) headers.append('route', route);
    headers.append('max-forwards', '70');
    headers.append('from', `${this.#localUri};tag=${this.localTag}`);
    headers.append('to', this.remoteTag === '' ? this.#remoteUri : `${this.#remoteUri};tag=${this.remoteTag}`);
    headers.append('call-id', this.callId);
    headers.append('cseq', `${seq} ${method}`);
    return new SipRequest(method, strict ? routeUri(firstRoute) : this.#remoteTarget, headers, '');
  }
}

/** The URI of the first Contact, if the message has a usable one. */
export function contactUri(headers: HeaderList): string | undefined {
  const value = headers.get('contact');
  if (value === undefined) return undefined;
  const contact = parseNameAddr(value);
  return contact.ok ? contact.value.uri : undefined;
}

function isSips(uri: string): boolean {
  return /^sips:/i.test(uri);
}

function recordRoutes(headers: HeaderList): string[] {
  const list = parseNameAddrList(headers.getAll('record-route'));
  if (!list.ok) return [];
  return list.value.map((route) => `<${route.uri}>`);
}

function isLooseRoute(route: string): boolean {
  return /;lr(?=[;=>]|$)/i.test(route);
}

function routeUri(route: string): string {
  return route.slice(1, -1);
}

/** A From or To value without its tag: what the other requests of the dialog repeat. */
function withoutTag(value: string): string {
  const parsed = parseNameAddr(value);
  if (!parsed.ok) return value;
  const { displayName, uri } = parsed.value;
  const quoted = displayName === '' ? '' : `"${displayName.replace(/["\\]/g, '\\$&')}" `;
  return `${quoted}<${uri}>`;
}
