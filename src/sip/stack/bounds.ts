/**
 * How much the stack remembers at once. Strangers are refused at a bound, known sources a quarter above it; one source
 * has a share of its own, so that the others are served whatever it does.
 */
export interface StackBounds {
  /** Transactions under way, in both roles. */
  readonly maxTransactions: number;
  /** INVITEs of one source that are under way, or were answered in the last half minute. */
  readonly maxInvitesPerSource: number;
  readonly maxDialogs: number;
  /** Dialogs that one source began. */
  readonly maxDialogsPerSource: number;
}

export const defaultBounds: StackBounds = {
  maxTransactions: 200_000,
  maxInvitesPerSource: 20_000,
  maxDialogs: 100_000,
  maxDialogsPerSource: 20_000,
};

/** What is remembered now, of all and of the source that asks. */
export interface StackLoad {
  readonly transactions: number;
  readonly dialogs: number;
  readonly invitesOfSource: number;
  readonly dialogsOfSource: number;
}

/** What asks for room: a request inside a dialog of ours, a new call, or any other new request. */
export type RoomFor = 'dialog' | 'call' | 'request';

export type FullBound = keyof StackBounds;

/** Refusals at each bound since the start. */
export type BoundRefusals = Record<FullBound, number>;

const reserve = 1.25;

/** @returns the bound that stands in the way, or undefined where there is room. */
export function fullBound(
  bounds: StackBounds,
  load: StackLoad,
  what: RoomFor,
  isKnown: () => boolean,
): FullBound | undefined {
  // Whoever has a dialog was let in for it, and needs requests to end it.
  const scaled = (now: number, max: number): boolean =>
    now >= max && (now >= max * reserve || !(what === 'dialog' || isKnown()));
  if (scaled(load.transactions, bounds.maxTransactions)) return 'maxTransactions';
  if (what !== 'call') return undefined;
  if (scaled(load.dialogs, bounds.maxDialogs)) return 'maxDialogs';
  if (load.invitesOfSource >= bounds.maxInvitesPerSource) return 'maxInvitesPerSource';
  return load.dialogsOfSource >= bounds.maxDialogsPerSource ? 'maxDialogsPerSource' : undefined;
}
