import { hash } from 'node:crypto';
import type { Random } from '../../base/random/random.ts';
import type { SipRequest } from '../message/index.ts';
import type { Flow } from '../transport/flow.ts';

const tagLength = 16;

/**
 * To tags of answers that nothing is remembered of. A request that is sent again gets the same tag again (RFC 3261
 * §8.2.7), so it is a MAC over what the copies share and over their source: 64 bits that nobody else can make, whose
 * echo proves that the answer was received. A CANCEL shares all of it with its INVITE, and so the tag (§9.2).
 *
 * SHA-256 over a secret block and the fields, cut to a quarter, as for nonces.
 */
export class StatelessTag {
  readonly #secretBlock: string;

  constructor(random: Random) {
    this.#secretBlock = random.hex(32);
  }

  of(request: SipRequest, { remote }: Pick<Flow, 'remote'>): string {
    const { topVia, callId, fromTag = '', cseq } = request;
    const fields = `${topVia.branch} ${callId} ${fromTag} ${cseq.seq} ${remote.address} ${remote.port}`;
    return hash('sha256', this.#secretBlock + fields, 'hex').slice(0, tagLength);
  }
}
