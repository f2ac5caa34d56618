import type { AccountDirectory } from '../../accounts/directory.ts';
import type { Account, Trunk } from '../../accounts/model.ts';
import type { Log } from '../../base/log/log.ts';
import type { Random } from '../../base/random/random.ts';
import type { Clock, Timer } from '../../base/time/clock.ts';
import type { Settings } from '../../settings/index.ts';
import { type Hop, hopKey, type Locator } from '../../sip/resolve/index.ts';
import type { SipResponse } from '../../sip/message/index.ts';
import type { SipStack } from '../../sip/stack/index.ts';
import type { Flow, TransportName } from '../../sip/transport/index.ts';
import { TrunkCredentials } from '../leg/trunk-credentials.ts';
import { hopTarget, trunkPeer } from './hop-target.ts';
import {
  grantedSeconds,
  leastSeconds,
  registerRequest,
  registrationUser,
  retryAfterSeconds,
} from './register-request.ts';

/** Places of one SIP server that are tried for a registration. */
const maxHops = 8;
/** RFC 5626 §4.5: the wait after a failure doubles from the first to the longest. */
const firstWaitS = 30;
const longestWaitS = 1800;
/** Who says no will say it again, and may shut us out for asking often: the first wait is longer. */
const firstRefusedWaitS = 300;
/** First registrations are spread over this, so that a restart with a hundred carriers is no burst. */
const firstWithinMs = 2000;
/** A connection that was lost is not the only one: all who had it do not come back at once. */
const comeBackWithinMs = 5000;
/** Questions that may follow one another before a registration counts as refused: a challenge, one that calls the nonce stale, a 423. */
const maxQuestions = 3;

export type RegistrationState = 'registering' | 'registered' | 'refused' | 'failed';

interface Registration {
  readonly account: Account;
  readonly trunk: Trunk;
  readonly credentials: TrunkCredentials;
  /** One for all its requests, each with the next number (RFC 3261 §10.2). */
  readonly callId: string;
  seq: number;
  /** Seconds asked for; a 423 has raised it. */
  askS: number;
  state: RegistrationState;
  sinceMs: number;
  lastStatus: number;
  expiresAtMs: number;
  failuresInARow: number;
  /** Where it is registered. */
  flow: Flow | undefined;
  timer: Timer | undefined;
  keepAlive: Timer | undefined;
  isWatched: boolean;
}

/** What an operator is shown of one registration. */
export interface RegistrationStatus {
  readonly account: Account;
  readonly state: RegistrationState;
  readonly sinceMs: number;
  /** Status of the last answer; 0 for silence. */
  readonly lastStatus: number;
  /** When what was granted ends; undefined while nothing is. */
  readonly expiresAtMs: number | undefined;
}

export interface TrunkRegistrationsOptions {
  readonly directory: AccountDirectory;
  readonly locator: Locator<TransportName>;
  readonly stack: SipStack;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: () => Settings;
  readonly log: Log;
  /** Whether a place of a SIP server is to be tried after the others. */
  readonly isHeld: (account: Account, hop: Hop<TransportName>) => boolean;
}

/** How one try ended: with an answer, or without one at any place. */
type Outcome = { readonly response: SipResponse; readonly flow: Flow } | 'silence';

/** Registers us at the SIP servers that want it (RFC 3261 §10.2): refreshes in time, and comes back after failures. */
export class TrunkRegistrations {
  readonly #options: TrunkRegistrationsOptions;
  readonly #registrations = new Map<number, Registration>();

  constructor(options: TrunkRegistrationsOptions) {
    this.#options = options;
  }

  status(): readonly RegistrationStatus[] {
    const nowMs = this.#options.clock.wallMs();
    return [...this.#registrations.values()].map(({ account, state, sinceMs, lastStatus, expiresAtMs }) => ({
      ...{ account, state, sinceMs, lastStatus },
      expiresAtMs: expiresAtMs > nowMs ? expiresAtMs : undefined,
    }));
  }

  /** Brings what is registered up to the directory: at start, and after a change of accounts. */
  sync(): void {
    const wanted = this.#options.directory.sipServers().filter(({ enabled, trunk }) => enabled && trunk?.registerS);
    const byId = new Map(wanted.map((account) => [account.id, account] as const));
    for (const [id, registration] of this.#registrations) {
      if (byId.get(id) !== registration.account) this.#drop(id, registration);
    }
    for (const [position, account] of wanted.entries()) {
      if (account.trunk === undefined || this.#registrations.has(account.id)) continue;
      const registration = this.#newRegistration(account, account.trunk);
      this.#registrations.set(account.id, registration);
      this.#registerIn(registration, Math.floor((position * firstWithinMs) / wanted.length));
    }
  }

  /** A registrar reaches us over the connection that we registered on, and no longer than that lives. */
  connectionClosed({ connectionId }: Flow): void {
    for (const registration of this.#registrations.values()) {
      if (registration.flow === undefined || registration.flow.connectionId !== connectionId) continue;
      registration.flow = undefined;
      if (registration.state === 'registered') {
        this.#registerIn(registration, this.#options.random.below(comeBackWithinMs));
      }
    }
  }

  close(): void {
    for (const [id, registration] of [...this.#registrations]) this.#drop(id, registration);
  }

  #newRegistration(account: Account, trunk: Trunk): Registration {
    const { stack, clock, random } = this.#options;
    return {
      ...{ account, trunk, credentials: new TrunkCredentials(trunk, random), callId: stack.newCallId(), seq: 0 },
      ...{ askS: trunk.registerS, state: 'registering', sinceMs: clock.wallMs(), lastStatus: 0, expiresAtMs: 0 },
      ...{ failuresInARow: 0, flow: undefined, timer: undefined, keepAlive: undefined, isWatched: true },
    };
  }

  #registerIn(registration: Registration, delayMs: number): void {
    registration.timer?.cancel();
    registration.timer = this.#options.clock.after(delayMs, () => this.#register(registration));
  }

  #register(registration: Registration): void {
    const { locator, isHeld } = this.#options;
    registration.timer = undefined;
    const { account, trunk } = registration;
    void locator.locate(hopTarget(trunk)).then(({ hops }) => {
      if (!registration.isWatched) return;
      const held = (hop: Hop<TransportName>): number => Number(isHeld(account, hop));
      const order = hops.slice(0, maxHops).toSorted((one, other) => held(one) - held(other));
      this.#tryHops(registration, order, (outcome) => {
        if (registration.isWatched) this.#settle(registration, outcome);
      });
    });
  }

  /** Silence, a broken connection and 503 lead to the next place (RFC 3263 §4.3). */
  #tryHops(registration: Registration, hops: readonly Hop<TransportName>[], done: (outcome: Outcome) => void): void {
    const [hop, ...others] = hops;
    if (hop === undefined) return done('silence');
    const { stack } = this.#options;
    const flow = stack.flowTo(hop.transport, hop, undefined, trunkPeer(registration.trunk));
    if (flow === undefined) return this.#tryHops(registration, others, done);
    this.#ask(registration, flow, [], (outcome) => {
      const isDead = outcome === 'silence' || outcome.response.status === 503;
      if (isDead && others.length > 0 && registration.isWatched) this.#tryHops(registration, others, done);
      else done(outcome);
    });
  }

  /** One REGISTER, and again with what its answer asks for. `questions` are the statuses of those answers. */
  #ask(
    registration: Registration,
    flow: Flow,
    questions: readonly number[],
    done: (outcome: Outcome) => void,
    authorization?: readonly [string, string],
  ): void {
    const { stack } = this.#options;
    registration.seq++;
    const { trunk, account, callId, seq, askS } = registration;
    const user = registrationUser(trunk, account.name);
    const request = registerRequest(
      { trunk, user, callId, seq, expiresS: askS, tag: stack.newTag(), contact: stack.contact(flow, user) },
      authorization,
    );
    stack.sendRequest(request, flow, {
      onResponse: (response) => {
        const { status } = response;
        if (status < 200) return;
        const asked = [...questions, status];
        const mayGoOn = registration.isWatched && questions.length < maxQuestions;
        // The second challenge says that the first answer was too old, or else that it was wrong.
        const isFirst = questions.every((before) => before !== status);
        const answer =
          mayGoOn && (isFirst || isStale(response)) ? registration.credentials.answer(request, response) : undefined;
        if (answer !== undefined) return this.#ask(registration, flow, asked, done, answer);
        const minS = mayGoOn && isFirst ? leastSeconds(response) : undefined;
        if (minS === undefined || minS <= askS) return done({ response, flow });
        registration.askS = minS;
        // Without the credentials: their nonce counts only once.
        this.#ask(registration, flow, [status], done);
      },
      onTimeout: () => done('silence'),
    });
  }

  #settle(registration: Registration, outcome: Outcome): void {
    const { clock, random } = this.#options;
    if (outcome === 'silence') return this.#failed(registration, 'failed', 0, undefined);
    const { response, flow } = outcome;
    const { status } = response;
    if (status >= 500 || status === 408)
      return this.#failed(registration, 'failed', status, retryAfterSeconds(response));
    if (status >= 300) return this.#failed(registration, 'refused', status, retryAfterSeconds(response));
    const grantedS = grantedSeconds(response, flow, registration.askS);
    registration.failuresInARow = 0;
    registration.flow = flow;
    registration.expiresAtMs = clock.wallMs() + grantedS * 1000;
    this.#become(registration, 'registered', status);
    this.#keepAlive(registration);
    // Half of it: a refresh that fails leaves time for another. By chance, for many were made at one moment.
    this.#registerIn(registration, grantedS * (450 + random.below(100)));
  }

  #failed(
    registration: Registration,
    state: 'failed' | 'refused',
    status: number,
    retryAfterS: number | undefined,
  ): void {
    const { random } = this.#options;
    const firstS = state === 'refused' ? firstRefusedWaitS : firstWaitS;
    const waitS = Math.min(longestWaitS, firstS * 2 ** Math.min(registration.failuresInARow, 10));
    registration.failuresInARow++;
    this.#become(registration, state, status);
    // Between half of it and all of it (RFC 5626 §4.5).
    const chosenMs = waitS * (500 + random.below(501));
    this.#registerIn(registration, Math.max(chosenMs, (retryAfterS ?? 0) * 1000));
  }

  #become(registration: Registration, state: RegistrationState, status: number): void {
    registration.lastStatus = status;
    if (registration.state === state) return;
    const { log, clock } = this.#options;
    registration.state = state;
    registration.sinceMs = clock.wallMs();
    const fields = { account: registration.account.name, status, at: placeOf(registration.flow) };
    if (state === 'registered') log.info('registered with a SIP server', fields);
    else if (state === 'refused') log.warn('a SIP server refuses our registration', fields);
    else log.warn('registration with a SIP server failed', fields);
  }

  /** A few octets hold the way open through NAT and firewalls (RFC 5626 §3.5.1). */
  #keepAlive(registration: Registration): void {
    const { clock, settings } = this.#options;
    registration.keepAlive?.cancel();
    registration.keepAlive = clock.after(settings().nat_keepalive * 1000, () => {
      registration.keepAlive = undefined;
      if (registration.state !== 'registered' || registration.flow === undefined) return;
      registration.flow.send('\r\n\r\n');
      this.#keepAlive(registration);
    });
  }

  #drop(id: number, registration: Registration): void {
    registration.isWatched = false;
    registration.timer?.cancel();
    registration.keepAlive?.cancel();
    this.#registrations.delete(id);
  }
}

function isStale({ headers }: SipResponse): boolean {
  const challenges = [...headers.getAll('www-authenticate'), ...headers.getAll('proxy-authenticate')];
  return challenges.some((challenge) => /[\s,]stale="?true/i.test(challenge));
}

function placeOf(flow: Flow | undefined): string {
  return flow === undefined ? '' : hopKey({ transport: flow.transport, ...flow.remote });
}
