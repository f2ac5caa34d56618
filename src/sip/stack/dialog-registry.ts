import { SourceCounts } from '../../base/bounded/source-counts.ts';
import type { SipRequest } from '../message/index.ts';
import type { Flow } from '../transport/flow.ts';

/** Whoever owns a dialog. The registry has compared Call-ID and tags already. */
export interface DialogOwner {
  readonly callId: string;
  /** Undefined while the peer has not answered and its tag is unknown. */
  readonly remoteTag: string | undefined;
  onRequest(request: SipRequest, flow: Flow): void;
  /** A request of the dialog was refused by the sanity list before it came here. */
  onRefused?(flow: Flow): void;
  onAck(request: SipRequest, flow: Flow): void;
}

/** Dialogs by our own tag, which is 64 bits of chance and therefore unique (RFC 3261 §12.2.2, §19.3). */
export class DialogRegistry {
  readonly #owners = new Map<string, DialogOwner>();
  /** Sources of the dialogs that peers began, by our tag. */
  readonly #sources = new Map<string, string>();
  readonly #countsBySource = new SourceCounts();

  get size(): number {
    return this.#owners.size;
  }

  /** How many dialogs this source has begun. */
  countOf(address: string): number {
    return this.#countsBySource.of(address);
  }

  /** `source` is the address of a peer that begins the dialog; a later owner of the same dialog needs none. */
  add(localTag: string, owner: DialogOwner, source?: string): void {
    this.#owners.set(localTag, owner);
    if (source === undefined || this.#sources.has(localTag)) return;
    this.#sources.set(localTag, source);
    this.#countsBySource.add(source);
  }

  remove(localTag: string): void {
    this.#owners.delete(localTag);
    const source = this.#sources.get(localTag);
    if (source === undefined) return;
    this.#sources.delete(localTag);
    this.#countsBySource.remove(source);
  }

  /** Whether this is our tag of a dialog that is up; where the peer began it, only from where it began. */
  isOpen(localTag: string, address: string): boolean {
    return this.#owners.has(localTag) && (this.#sources.get(localTag) ?? address) === address;
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
