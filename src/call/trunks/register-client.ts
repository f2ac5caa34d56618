import type { Account, Trunk } from '../../accounts/model.ts';
import type { Random } from '../../base/random/random.ts';
import type { SipResponse } from '../../sip/message/index.ts';
import type { SipStack } from '../../sip/stack/index.ts';
import type { Flow } from '../../sip/transport/index.ts';
import { TrunkCredentials } from '../leg/trunk-credentials.ts';
import { leastSeconds, registerRequest, registrationUser } from './register-request.ts';

/** Questions that may follow one another before a registration counts as refused: a challenge, one that calls the nonce stale, a 423. */
const maxQuestions = 3;

/** One REGISTER that is wanted: where it goes, and which contact is kept for how long; 0 seconds take it back. */
interface Wanted {
  readonly flow: Flow;
  readonly contact: string;
  readonly expiresS: number;
  /** Asked before it is sent again; false for what nobody wants any more. */
  readonly isWanted: () => boolean;
}

/** Its last response; undefined for silence. */
type OnFinal = (response: SipResponse | undefined) => void;

/** The REGISTERs of one registration with a SIP server: one Call-ID for all, each with the next number (RFC 3261 §10.2). */
export class RegisterClient {
  readonly #stack: SipStack;
  readonly #trunk: Trunk;
  readonly #user: string;
  readonly #credentials: TrunkCredentials;
  readonly #callId: string;
  #seq = 0;
  /** Seconds asked for; a 423 has raised it. */
  #askS: number;

  constructor(stack: SipStack, random: Random, account: Account, trunk: Trunk) {
    this.#stack = stack;
    this.#trunk = trunk;
    this.#user = registrationUser(trunk, account.name);
    this.#credentials = new TrunkCredentials(trunk, random);
    this.#callId = stack.newCallId();
    this.#askS = trunk.registerS;
  }

  /** Seconds that the last registration asked for. */
  get askedS(): number {
    return this.#askS;
  }

  /** `done` gets the contact that was said, too. */
  register(
    flow: Flow,
    isWanted: () => boolean,
    done: (response: SipResponse | undefined, contact: string) => void,
  ): void {
    const contact = this.#stack.contact(flow, this.#user);
    this.#ask({ flow, contact, expiresS: this.#askS, isWanted }, [], (response) => done(response, contact));
  }

  /** Takes back a contact, and no other (RFC 3261 §10.2.2). */
  remove(flow: Flow, contact: string, done: OnFinal): void {
    this.#ask({ flow, contact, expiresS: 0, isWanted: () => true }, [], done);
  }

  /** One REGISTER, and again with what its answer asks for. `questions` are the statuses of those answers. */
  #ask(wanted: Wanted, questions: readonly number[], done: OnFinal, authorization?: readonly [string, string]): void {
    const { flow, contact, expiresS, isWanted } = wanted;
    this.#seq++;
    const request = registerRequest(
      {
        ...{ trunk: this.#trunk, user: this.#user, callId: this.#callId, seq: this.#seq },
        ...{ tag: this.#stack.newTag(), contact, expiresS },
      },
      authorization,
    );
    this.#stack.sendRequest(request, flow, {
      onResponse: (response) => {
        const { status } = response;
        if (status < 200) return;
        const asked = [...questions, status];
        const mayGoOn = isWanted() && questions.length < maxQuestions;
        // The second challenge says that the first answer was too old, or else that it was wrong.
        const isFirst = questions.every((before) => before !== status);
        const answer =
          mayGoOn && (isFirst || isStale(response)) ? this.#credentials.answer(request, response) : undefined;
        if (answer !== undefined) return this.#ask(wanted, asked, done, answer);
        const minS = mayGoOn && isFirst && expiresS > 0 ? leastSeconds(response) : undefined;
        if (minS === undefined || minS <= expiresS) return done(response);
        this.#askS = minS;
        // Without the credentials: their nonce counts only once.
        this.#ask({ ...wanted, expiresS: minS }, [status], done);
      },
      onTimeout: () => done(undefined),
    });
  }
}

function isStale({ headers }: SipResponse): boolean {
  const challenges = [...headers.getAll('www-authenticate'), ...headers.getAll('proxy-authenticate')];
  return challenges.some((challenge) => /[\s,]stale="?true/i.test(challenge));
}
