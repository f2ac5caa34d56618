import type { Secret } from '../base/log/secret.ts';
import type { Random } from '../base/random/random.ts';
import { answerChallenge, offersSha256, parseChallenge } from '../sip/digest/index.ts';
import type { SipRequest, SipResponse } from '../sip/message/index.ts';

export interface Login {
  readonly user: string;
  readonly password: Secret<string>;
  /** The only realm that the password is used for. */
  readonly realm: string;
}

/** A header that makes a request ours. */
export type Authorization = readonly [name: string, value: string];

/** Answers the challenges of our server, and of nobody who names another realm. */
export class PhoneCredentials {
  readonly #login: Login;
  readonly #random: Random;
  #requireSha256 = false;

  constructor(login: Login, random: Random) {
    this.#login = login;
    this.#random = random;
  }

  /**
   * The header that the request is to be sent again with. Undefined where the response is no challenge, or is the
   * second one and not just for a nonce that is over: then the password is wrong.
   */
  answer(request: SipRequest, response: SipResponse): Authorization | undefined {
    const { user, password, realm } = this.#login;
    if (response.status !== 401 && response.status !== 407) return undefined;
    const isProxy = response.status === 407;
    const challenges = response.headers.getAll(isProxy ? 'proxy-authenticate' : 'www-authenticate');
    const name = isProxy ? 'proxy-authorization' : 'authorization';
    if (request.headers.has(name) && !challenges.some(isStale)) return undefined;
    const answer = answerChallenge({
      challenges,
      pinnedRealm: realm,
      username: user,
      password,
      method: request.method,
      uri: request.uri,
      random: this.#random,
      requireSha256: this.#requireSha256,
    });
    if (!answer.ok) return undefined;
    if (offersSha256(challenges, realm)) this.#requireSha256 = true;
    return [name, answer.value];
  }
}

function isStale(challenge: string): boolean {
  const parsed = parseChallenge(challenge);
  return parsed.ok && parsed.value.stale;
}
