import type { Account, Trunk } from '../../accounts/model.ts';
import type { Log } from '../../base/log/log.ts';
import type { Random } from '../../base/random/random.ts';
import type { Clock, Timer } from '../../base/time/clock.ts';
import type { Settings } from '../../settings/index.ts';
import type { SipResponse } from '../../sip/message/index.ts';
import { type Hop, hopKey, type Locator } from '../../sip/resolve/index.ts';
import type { SipStack } from '../../sip/stack/index.ts';
import type { Flow, TransportName } from '../../sip/transport/index.ts';
import { hopTarget, trunkPeer } from './hop-target.ts';
import { RegisterClient } from './register-client.ts';
import { grantedSeconds, retryAfterSeconds } from './register-request.ts';

/** Places of one SIP server that are tried for a registration. */
const maxHops = 8;
/** RFC 5626 §4.5: the wait after a failure doubles from the first to the longest. */
const firstWaitS = 30;
const longestWaitS = 1800;
/** Who says no will say it again, and may shut us out for asking often: the first wait is longer. */
const firstRefusedWaitS = 300;
/** A connection that was lost is not the only one: all who had it do not come back at once. */
const comeBackWithinMs = 5000;
/** How long a SIP server may take until a registration is taken back: nothing waits longer for it. */
const leaveWithinMs = 3000;

export type RegistrationState = 'registering' | 'registered' | 'refused' | 'failed';

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

export interface RegistrationOptions {
  readonly locator: Locator<TransportName>;
  readonly stack: SipStack;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: () => Settings;
  readonly log: Log;
  /** Whether a place of a SIP server is to be tried after the others. */
  readonly isHeld: (account: Account, hop: Hop<TransportName>) => boolean;
}

/** Our contact as a SIP server has it. */
interface Granted {
  readonly contact: string;
  readonly flow: Flow;
  readonly expiresAtMs: number;
}

/** How one try ended: with an answer, or without one at any place. */
type Outcome = { readonly response: SipResponse; readonly flow: Flow; readonly contact: string } | 'silence';

/**
 * Our registration with one SIP server: refreshed in time, made again after failures, and in the end taken back.
 *
 *     registering --2xx--> registered --refresh, lost connection--> (asks again, and stays registered meanwhile)
 *          \---300 to 499--> refused, silence or 5xx--> failed --wait--> (asks again)
 *     leave: REGISTER with Expires 0 for what is granted, once nothing is asked any more
 */
export class TrunkRegistration {
  readonly #options: RegistrationOptions;
  readonly #trunk: Trunk;
  readonly #client: RegisterClient;
  #account: Account;
  #state: RegistrationState = 'registering';
  #sinceMs: number;
  #lastStatus = 0;
  #failuresInARow = 0;
  #granted: Granted | undefined;
  #timer: Timer | undefined;
  #keepAlive: Timer | undefined;
  /** A REGISTER, or the look-up before it, is under way. */
  #isAsking = false;
  #isStopped = false;
  /** Told when nothing is left of it at the SIP server, as far as we can see; set from `leave` on. */
  #onLeft: (() => void) | undefined;

  constructor(options: RegistrationOptions, account: Account, trunk: Trunk) {
    this.#options = options;
    this.#account = account;
    this.#trunk = trunk;
    this.#client = new RegisterClient(options.stack, options.random, account, trunk);
    this.#sinceMs = options.clock.wallMs();
  }

  get status(): RegistrationStatus {
    const expiresAtMs = this.#isGranted ? this.#granted?.expiresAtMs : undefined;
    return {
      ...{ account: this.#account, state: this.#state, sinceMs: this.#sinceMs, lastStatus: this.#lastStatus },
      expiresAtMs,
    };
  }

  /** Takes a change of the account that does not concern it. @returns false where the registration has to be another one. */
  goesOnFor(account: Account): boolean {
    if (account.trunk === undefined || identityOf(account, account.trunk) !== identityOf(this.#account, this.#trunk)) {
      return false;
    }
    this.#account = account;
    return true;
  }

  registerIn(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(delayMs, () => this.#register());
  }

  /** A registrar reaches us over the connection that we registered on, and no longer than that lives. */
  connectionClosed({ connectionId }: Flow): void {
    if (this.#granted?.flow.connectionId !== connectionId) return;
    this.#keepAlive?.cancel();
    if (this.#state !== 'registered' || this.#onLeft !== undefined) return;
    this.registerIn(this.#options.random.below(comeBackWithinMs));
  }

  /** Takes back what was granted, and nothing that others have registered. Calls go on, and their way is held open. */
  leave(done: () => void): void {
    this.#onLeft = done;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(leaveWithinMs, () => this.#left());
    if (!this.#isAsking) this.#takeBack();
  }

  /** Nothing more is sent or awaited. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#keepAlive?.cancel();
  }

  get #isGranted(): boolean {
    return (this.#granted?.expiresAtMs ?? 0) > this.#options.clock.wallMs();
  }

  #isWanted(): boolean {
    return !this.#isStopped && this.#onLeft === undefined;
  }

  #register(): void {
    const { locator, isHeld } = this.#options;
    this.#timer = undefined;
    this.#isAsking = true;
    void locator.locate(hopTarget(this.#trunk)).then(({ hops }) => {
      const held = (hop: Hop<TransportName>): number => Number(isHeld(this.#account, hop));
      const order = hops.slice(0, maxHops).toSorted((one, other) => held(one) - held(other));
      this.#tryHops(order, (outcome) => this.#settle(outcome));
    });
  }

  /** Silence, a broken connection and 503 lead to the next place (RFC 3263 §4.3). */
  #tryHops(hops: readonly Hop<TransportName>[], done: (outcome: Outcome) => void): void {
    const [hop, ...others] = hops;
    if (hop === undefined || !this.#isWanted()) return done('silence');
    const { stack } = this.#options;
    const flow = stack.flowTo(hop.transport, hop, undefined, trunkPeer(this.#trunk));
    if (flow === undefined) return this.#tryHops(others, done);
    this.#client.register(
      flow,
      () => this.#isWanted(),
      (response, contact) => {
        const isDead = response === undefined || response.status === 503;
        if (isDead && others.length > 0 && this.#isWanted()) this.#tryHops(others, done);
        else done(response === undefined ? 'silence' : { response, flow, contact });
      },
    );
  }

  #settle(outcome: Outcome): void {
    this.#isAsking = false;
    if (this.#isStopped) return;
    if (outcome === 'silence') return this.#failed('failed', 0, undefined);
    const { response, flow, contact } = outcome;
    const { status } = response;
    if (status >= 500 || status === 408) return this.#failed('failed', status, retryAfterSeconds(response));
    if (status >= 300) return this.#failed('refused', status, retryAfterSeconds(response));
    const grantedS = grantedSeconds(response, flow, this.#client.askedS);
    this.#grant({ contact, flow, expiresAtMs: this.#options.clock.wallMs() + grantedS * 1000 });
    this.#become('registered', status);
    if (this.#onLeft !== undefined) return this.#takeBack();
    // Half of it: a refresh that fails leaves time for another. By chance, for many were made at one moment.
    this.registerIn(grantedS * (450 + this.#options.random.below(100)));
  }

  #grant(granted: Granted): void {
    const { contact, flow } = granted;
    // Our address has changed, or was not known before the connection stood: calls are not to go to both.
    const former = this.#isGranted ? this.#granted?.contact : undefined;
    if (former !== undefined && former !== contact) this.#client.remove(flow, former, () => {});
    this.#failuresInARow = 0;
    this.#granted = granted;
    this.#holdOpen(flow);
  }

  #failed(state: 'failed' | 'refused', status: number, retryAfterS: number | undefined): void {
    if (this.#onLeft !== undefined) return this.#takeBack();
    const { random } = this.#options;
    const firstS = state === 'refused' ? firstRefusedWaitS : firstWaitS;
    const waitS = Math.min(longestWaitS, firstS * 2 ** Math.min(this.#failuresInARow, 10));
    this.#failuresInARow++;
    this.#become(state, status);
    // Between half of it and all of it (RFC 5626 §4.5).
    const chosenMs = waitS * (500 + random.below(501));
    this.registerIn(Math.max(chosenMs, (retryAfterS ?? 0) * 1000));
  }

  #become(state: RegistrationState, status: number): void {
    this.#lastStatus = status;
    if (this.#state === state) return;
    const { log, clock } = this.#options;
    this.#state = state;
    this.#sinceMs = clock.wallMs();
    const fields = { account: this.#account.name, status, at: placeOf(this.#granted) };
    if (state === 'registered') log.info('registered with a SIP server', fields);
    else if (state === 'refused') log.warn('a SIP server refuses our registration', fields);
    else log.warn('registration with a SIP server failed', fields);
  }

  /** A few octets hold the way open through NAT and firewalls (RFC 5626 §3.5.1). */
  #holdOpen(flow: Flow): void {
    const { clock, settings } = this.#options;
    this.#keepAlive?.cancel();
    this.#keepAlive = clock.after(settings().nat_keepalive * 1000, () => {
      if (this.#state !== 'registered') return;
      flow.send('\r\n\r\n');
      this.#holdOpen(flow);
    });
  }

  #takeBack(): void {
    const { stack, log } = this.#options;
    const granted = this.#granted;
    const isGranted = this.#isGranted;
    this.#granted = undefined;
    if (granted === undefined || !isGranted) return this.#left();
    this.#client.remove(stack.liveFlow(granted.flow), granted.contact, (response) => {
      const status = response?.status ?? 0;
      const fields = { account: this.#account.name, status, at: placeOf(granted) };
      if (status >= 200 && status < 300) log.info('registration with a SIP server taken back', fields);
      else log.warn('a registration with a SIP server could not be taken back, and ends by itself', fields);
      this.#left();
    });
  }

  #left(): void {
    this.#timer?.cancel();
    const done = this.#onLeft;
    this.#onLeft = () => {};
    if (!this.#isStopped) done?.();
  }
}

/** Everything that decides where and as whom we register. */
function identityOf(account: Account, trunk: Trunk): string {
  const { host, port, transport, tlsTrust, realm, authUser, authPassword, registerS } = trunk;
  const where = [host, port, transport, tlsTrust, realm, registerS];
  return JSON.stringify([...where, account.name, authUser, authPassword?.reveal() ?? null]);
}

function placeOf(granted: Granted | undefined): string {
  return granted === undefined ? '' : hopKey({ transport: granted.flow.transport, ...granted.flow.remote });
}
