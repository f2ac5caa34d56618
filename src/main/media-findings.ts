import type { Finding, FindingObserver } from '../guard/findings.ts';
import type { StrangerLog } from '../guard/stranger-log.ts';
import type { MediaPlane, RefusedSource } from '../media/index.ts';

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

/** Tells the guard and the log of media that was no call's own, or too much of it, and was dropped by the media plane. */
export function watchRefusedMedia(plane: MediaPlane, guard: FindingObserver, strangers: StrangerLog): void {
  plane.watchRefused((sources) => {
    for (const source of sources) {
      for (const finding of mediaFindings(source)) guard.observe(finding);
      const { address, port, fault, packets } = source;
      strangers.refused(faultWords[fault], address, { port, packets });
    }
  });
}

const faultWords = {
  foreign: 'media of a stranger dropped',
  'over rate': 'media over the rate of its codec dropped',
} as const satisfies Readonly<Record<RefusedSource['fault'], string>>;
