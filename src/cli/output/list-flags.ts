import { ok, type Result } from '../../base/result/result.ts';
import { parseTime } from './parse-time.ts';

/** Reads a flag of a list that holds a time: 2026-01-31, 2026-01-31T09:30, 2h, 7d. */
export function optionalTime(
  name: string,
  text: string | undefined,
  nowMs: number,
): Result<number | undefined, string> {
  if (text === undefined) return ok(undefined);
  const parsed = parseTime(text, nowMs);
  return parsed.ok ? parsed : { ok: false, error: `${name}: ${parsed.error}` };
}

/** Reads `--limit`. */
export function parseCount(text: string | undefined): Result<number | undefined, string> {
  return parseWhole('--limit', text, 10_000);
}

/** Reads a flag that holds a whole number from 1 to `most`. */
export function parseWhole(name: string, text: string | undefined, most: number): Result<number | undefined, string> {
  if (text === undefined) return ok(undefined);
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= most) return ok(count);
  return { ok: false, error: `${name}: '${text}' is refused; write a whole number from 1 to ${most}` };
}
