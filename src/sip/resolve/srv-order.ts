import type { Random } from '../../base/random/random.ts';
import type { SrvRecord } from './records.ts';

/**
 * The order in which the servers of a service are tried (RFC 2782): lower priority first, and among equals drawn one
 * after the other in proportion to weight. Weight 0 has the small chance that the RFC gives it.
 */
export function orderSrv(records: readonly SrvRecord[], random: Random): readonly SrvRecord[] {
  const priorities = [...new Set(records.map(({ priority }) => priority))].toSorted((one, other) => one - other);
  return priorities.flatMap((priority) => {
    const left = records
      .filter((record) => record.priority === priority)
      .toSorted((one, other) => Number(one.weight > 0) - Number(other.weight > 0));
    const ordered: SrvRecord[] = [];
    while (left.length > 0) ordered.push(...left.splice(drawn(left, random), 1));
    return ordered;
  });
}

/** The first record whose running sum reaches a number drawn from 0 to the sum of all weights, both included. */
function drawn(records: readonly SrvRecord[], random: Random): number {
  const total = records.reduce((sum, { weight }) => sum + weight, 0);
  const draw = random.below(total + 1);
  let sum = 0;
  for (const [index, { weight }] of records.entries()) {
    sum += weight;
    if (sum >= draw) return index;
  }
  return records.length - 1;
}
