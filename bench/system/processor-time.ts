import { readdirSync, readFileSync } from 'node:fs';

/** What the kernel counts in (proc(5), `_SC_CLK_TCK`), the same on every Linux that we run on. */
const ticksPerSecond = 100;

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
}

/** User and system time in microseconds of a process with all its threads and of its descendants that live. */
export function processorTimeUs(pid: number): number {
  const ticks = familyOf(pid).reduce((sum, stat) => sum + stat.ticks, 0);
  return (ticks / ticksPerSecond) * 1e6;
}

/**
 * Microseconds of each thread of a process that lives, by number and name: `123 gate`. Helpers of the engine and of libuv
 * count together, by their name alone.
 */
export function threadTimesUs(pid: number): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      const name = readFileSync(`/proc/${pid}/task/${thread}/comm`, 'latin1').trim();
      const [nanoseconds] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ');
      const key = /V8Worker|libuv/.test(name) ? name : `${thread} ${name}`;
      times.set(key, (times.get(key) ?? 0) + Number(nanoseconds) / 1000);
    } catch {
      // It has ended meanwhile.
    }
  }
  return times;
}

/** What each thread needed for one operation, in microseconds; those that needed hardly anything are left out. */
export function threadsText(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  operations: number,
): string {
  return [...after]
    .map(([thread, us]) => [thread.replace(/^\d+ /, ''), (us - (before.get(thread) ?? 0)) / operations] as const)
    .filter(([, us]) => us >= 1)
    .map(([name, us]) => `${name} ${us.toFixed(0)}`)
    .join(', ');
}

/** Memory in KiB of a process and its descendants, in which what they share counts once (proc(5), `Pss`). */
export function sharedMemoryKiB(pid: number): number {
  const sizes = familyOf(pid).map((stat) => {
    const text = readFileSync(`/proc/${stat.pid}/smaps_rollup`, 'latin1');
    return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0);
  });
  return sizes.reduce((sum, size) => sum + size, 0);
}

function familyOf(pid: number): readonly ProcessStat[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const stats = all.map((name) => readStat(Number(name))).filter((stat) => stat !== undefined);
  const family = new Set([pid]);
  // A child has a later number than its parent but for wrap-around; repeated passes need no order.
  for (let before = 0; before !== family.size; ) {
    before = family.size;
    for (const { pid: own, parent } of stats) if (family.has(parent)) family.add(own);
  }
  return stats.filter((stat) => family.has(stat.pid));
}

/** Resident memory of one process in MiB. */
export function residentMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
}

/** Fields 4, 14 and 15 of proc(5)'s stat; undefined for a process that has gone meanwhile. */
function readStat(pid: number): ProcessStat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { pid, parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return undefined;
  }
}
