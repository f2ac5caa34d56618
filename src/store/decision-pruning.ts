import type { DatabaseSync } from 'node:sqlite';

/** Rows of one turn: some milliseconds of the thread that also writes calls. */
const sliceRows = 1000;

/** Removes the oldest decisions that are too old or too many, one slice. @returns how many went. */
export function pruneDecisions(database: DatabaseSync, beforeMs: number, maxRows: number): number {
  const newestTooMany = database
    .prepare('SELECT time_ms FROM decisions ORDER BY time_ms DESC LIMIT 1 OFFSET ?')
    .get(maxRows)?.['time_ms'];
  const untilMs = Math.max(beforeMs, typeof newestTooMany === 'number' ? newestTooMany + 1 : 0);
  const { changes } = database
    .prepare(
      'DELETE FROM decisions WHERE id IN' + ' (SELECT id FROM decisions WHERE time_ms < ? ORDER BY time_ms LIMIT ?)',
    )
    .run(untilMs, sliceRows);
  return Number(changes);
}
