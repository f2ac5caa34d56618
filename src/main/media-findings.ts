import type { Finding } from '../guard/findings.ts';
import type { RefusedSource } from '../media/index.ts';

/** A second of speech. */
const packetsOfFinding = 50;
/** Of one source and report, so that a flood makes no work here. */
const maxFindings = 20;

/**
 * What the guard is told of a source whose media was dropped: once for each second of speech, for a packet alone may
 * be an accident. RTP proves nothing: whoever sends it may name any address as its own.
 */
export function mediaFindings({ address, port, fault, packets }: RefusedSource): readonly Finding[] {
  const finding: Finding = {
    kind: fault === 'foreign' ? 'injected media' : 'stream rate',
    ...{ address, port, transport: 'udp', evidence: 'none', user: '', userAgent: '', isRegister: false },
  };
  const count = Math.min(maxFindings, Math.ceil(packets / packetsOfFinding));
  return Array.from({ length: count }, () => finding);
}
