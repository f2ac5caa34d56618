import type { SipRequest } from '../message/index.ts';
import type { Flow } from '../transport/flow.ts';

/** Whoever owns a dialog. The registry has compared Call-ID and tags already. */
export interface DialogOwner {
  readonly callId: string;
  /** Undefined while the peer has not answered and its tag is unknown. */
  readonly remoteTag: string | undefined;
  onRequest(request: SipRequest, flow: Flow): void;
  onAck(request: SipRequest, flow: Flow): void;
}

/** Dialogs by our own tag, which is 64 bits of chance and therefore unique (RFC 3261 §12.2.2, §19.3). */
export class DialogRegistry {
  readonly #owners = new Map<string, DialogOwner>();

  get size(): number {
    return this.#owners.size;
  }

  add(localTag: string, owner: DialogOwner): void {
    this.#owners.set(localTag, owner);
  }

  remove(localTag: string): void {
    this.#owners.delete(localTag);
  }

  /** The owner of the dialog that a request of the peer belongs to. */
  find(request: SipRequest): DialogOwner | undefined {
    const owner = this.#owners.get(request.toTag ?? '');
    if (owner === undefined || owner.callId !== request.callId) return undefined;
    // A peer of RFC 2543 may have no tag; then ours is proof enough.
    if (owner.remoteTag !== undefined && owner.remoteTag !== (request.fromTag ?? '')) return undefined;
    return owner;
  }
}
