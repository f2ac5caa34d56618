import type { CallService } from '../call/call-service.ts';
import type { Ban } from '../guard/bans/ban.ts';
import type { Guard } from '../guard/guard.ts';
import type { BlockLists } from '../guard/lists/block-lists.ts';
import { modeOf, type Settings } from '../settings/index.ts';
import { isHit } from './guard-trust.ts';

export interface CallsOfBannedParts {
  readonly settings: () => Settings;
  readonly calls: Pick<CallService, 'calls'>;
  readonly guard: Pick<Guard, 'isAllowed' | 'spares'>;
}

/** A ban ends no call by itself, unless a setting says so [own.end-calls-of-banned]. */
export class CallsOfBanned {
  readonly #parts: CallsOfBannedParts;

  constructor(parts: CallsOfBannedParts) {
    this.#parts = parts;
  }

  /** A ban holds from now on. */
  onBan({ scope, subject }: Ban): void {
    if (!this.#parts.settings().end_calls_of_banned) return;
    this.#endCallsFrom((address, port) => isHit(scope, subject, address, port));
  }

  /** The block lists name other sources than before. */
  onListsChanged(lists: Pick<BlockLists, 'concerning'>): void {
    const { guard } = this.#parts;
    const settings = this.#parts.settings();
    if (!settings.end_calls_of_banned || modeOf(settings, 'block_lists') !== 'enforce') return;
    this.#endCallsFrom((address) => lists.concerning(address).length > 0 && !guard.spares(address));
  }

  #endCallsFrom(isStopped: (address: string, port: number) => boolean): void {
    const { calls, guard } = this.#parts;
    for (const call of calls.calls()) {
      const { sourceAddress, sourcePort } = call.record.cdr;
      if (!isStopped(sourceAddress, sourcePort) || guard.isAllowed(sourceAddress)) continue;
      call.end('source banned');
    }
  }
}
