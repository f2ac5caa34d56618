import type { Decision } from './decision.ts';

/** Durable decisions about identified accounts. The record follows the answer; it is never waited for. */
export interface DecisionStore {
  put(decision: Decision): void;
}
