import { printAmount } from '../base/money/money.ts';
import type { Decision, Refusal } from './decision.ts';

/** A whole number: a count, seconds, or millionths of the currency. */
export type Amount = number | bigint;

/** What a limit is held against: nothing else decides, so that a decision can be made again from its record. */
export interface Measure {
  /** What is in use, or was used in the period, before the call. */
  readonly measured: Amount;
  /** What the call adds at least. */
  readonly asked: Amount;
  /** 0 or less is no limit. */
  readonly limit: Amount;
}

/** Whether there is room for what is asked: `measured + asked <= limit`. */
export function fits({ measured, asked, limit }: Measure): boolean {
  return limit <= 0 || BigInt(measured) + BigInt(asked) <= BigInt(limit);
}

/** The same for plain numbers, where a call must not cost two conversions. */
export function hasRoom(measured: number, asked: number, limit: number): boolean {
  return limit <= 0 || measured + asked <= limit;
}

/** Who set a limit, and when; `undefined` for a default. */
export interface LimitOrigin {
  readonly by: string;
  readonly atMs: number | undefined;
}

/** The refusal of a limit that has no room, with what would have passed. */
export function limitRefusal(given: {
  /** Key of the setting or field that holds the limit. */
  readonly rule: string;
  readonly sipStatus: number;
  readonly measure: Measure;
  /** Of what, for people: `calls`, `s`, `USD millionths`. */
  readonly unit: string;
  readonly origin: LimitOrigin;
  /** What the measure is of: `in use by account 201`, `today`. */
  readonly evidence: string;
}): Refusal {
  const { rule, sipStatus, measure, unit, origin, evidence } = given;
  const { measured, asked, limit } = measure;
  const most = BigInt(limit) - BigInt(asked);
  const shown = (amount: bigint): string => (unit === 'millionths' ? printAmount(amount) : `${amount} ${unit}`);
  const need = `a ${rule === 'credit' ? 'credit' : 'limit'} of at least ${shown(BigInt(measured) + BigInt(asked))}`;
  return {
    rule,
    sipStatus,
    measured: String(measured),
    asked: String(asked),
    limit: String(limit),
    unit,
    setBy: origin.by,
    setAtMs: origin.atMs,
    wouldPass: most < 0n ? need : `${need}, or at most ${shown(most)} before the call`,
    evidence,
  };
}

/** Whether a decision would be the same under another limit; `undefined` for one that no number decided. */
export function passesUnder({ measured, asked }: Decision, limit: bigint): boolean | undefined {
  if (!isWhole(measured) || !isWhole(asked)) return undefined;
  return fits({ measured: BigInt(measured), asked: BigInt(asked), limit });
}

function isWhole(text: string): boolean {
  return /^-?\d{1,30}$/.test(text);
}
