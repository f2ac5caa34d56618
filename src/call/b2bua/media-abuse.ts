import type { LogFields } from '../../base/log/log.ts';
import type { SideStats, StreamStats } from '../../media/index.ts';

/** So many packets of a kind in a call are no accident of a network. */
const worthTelling = 50;

/** What came to the ports of a call and was not its own, or was too much, for the log; undefined where little did. */
export function mediaAbuse(streams: readonly StreamStats[]): LogFields | undefined {
  const sum = (read: (side: SideStats) => number): number =>
    streams.reduce((total, { a, b }) => total + read(a) + read(b), 0);
  const counts = {
    foreign: sum(({ foreign }) => foreign),
    overRate: sum(({ overRate }) => overRate),
    malformed: sum(({ malformed }) => malformed),
  };
  return Object.values(counts).some((count) => count >= worthTelling) ? counts : undefined;
}
