import type { Ban } from './bans/ban.ts';
import type { Decision } from './decision.ts';

/** Durable decisions about identified accounts. The record follows the answer; it is never waited for. */
export interface DecisionStore {
  put(decision: Decision): void;
}

/** Bans that outlive a restart. Written together with what else is written then; never waited for. */
export interface BanStore {
  put(ban: Ban): void;
  remove(keys: readonly string[]): void;
}
