import type { Trunk } from '../../accounts/model.ts';
import type { Random } from '../../base/random/random.ts';
import { answerChallenge } from '../../sip/digest/index.ts';
import type { SipRequest, SipResponse } from '../../sip/message/index.ts';

/** Whether somebody asks for a password (RFC 3261 §22.2, §22.3). */
export function isChallenge({ status }: SipResponse): boolean {
  return status === 401 || status === 407;
}

/**
 * Answers a SIP server's challenge: only for the realm pinned on the trunk, never weaker than it once asked for. A
 * challenge from any other leg, or for any other realm, gets no answer.
 */
export class TrunkCredentials {
  readonly #trunk: Trunk;
  readonly #random: Random;
  #requireSha256 = false;

  constructor(trunk: Trunk, random: Random) {
    this.#trunk = trunk;
    this.#random = random;
  }

  /** @returns the header that the request is to be sent again with, or undefined where there is no answer. */
  answer(request: SipRequest, response: SipResponse): readonly [string, string] | undefined {
    const password = this.#trunk.authPassword;
    if (password === undefined || this.#trunk.realm === '') return undefined;
    if (!isChallenge(response)) return undefined;
    const asked = response.status === 401 ? 'www-authenticate' : 'proxy-authenticate';
    const challenges = response.headers.getAll(asked);
    const answer = answerChallenge({
      challenges,
      pinnedRealm: this.#trunk.realm,
      username: this.#trunk.authUser,
      password,
      method: request.method,
      uri: request.uri,
      random: this.#random,
      requireSha256: this.#requireSha256,
    });
    if (!answer.ok) return undefined;
    if (challenges.some((challenge) => /algorithm="?SHA-256/i.test(challenge))) this.#requireSha256 = true;
    return [response.status === 401 ? 'authorization' : 'proxy-authorization', answer.value];
  }
}
