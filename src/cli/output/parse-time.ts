import { fail, ok, type Result } from '../../base/result/result.ts';

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const iso = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * Reads a moment as an operator writes it: `2h` (ago), `2026-01-31`, `2026-01-31T09:30`, with or without a zone; without
 * one, the machine's own is meant. @returns UTC milliseconds, or a sentence.
 */
export function parseTime(text: string, nowMs: number): Result<number, string> {
  const ago = /^(\d{1,6})([smhd])$/.exec(text);
  if (ago !== null) return ok(Math.max(0, nowMs - Number(ago[1]) * (unitMs[ago[2] ?? ''] ?? 0)));
  if (iso.test(text)) {
    // A bare date would be read as UTC; with a time it is local, which is what a person means.
    const atMs = Date.parse(text.length === 10 ? `${text}T00:00` : text.replace(' ', 'T'));
    if (!Number.isNaN(atMs) && atMs >= 0) return ok(atMs);
  }
  return fail(`'${text}' is no time; write 2026-01-31, 2026-01-31T09:30, or 90m, 2h, 7d for so long ago`);
}
