import type { DialledLeg, LiveCall } from '../../billing/seam.ts';
import { checkAttempt } from '../admission/attempt-rules.ts';
import { hopKey } from '../../sip/resolve/index.ts';
import { decide } from '../../guard/decision.ts';
import { modeOf } from '../../settings/index.ts';
import type { Lease } from '../limits/leases.ts';
import { mayFailOver } from '../cause.ts';
import type { Refused } from '../leg/events.ts';
import type { OutboundLeg } from '../leg/outbound-leg.ts';
import { type Destination, destinationName } from '../routing/destination.ts';
import { Route, type RouteStep } from '../routing/route.ts';
import type { InviteRecord } from '../record.ts';
import type { CallServices } from '../services.ts';
import { Attempt, type AttemptObserver } from './attempt.ts';
import { branchesOf, type DialledFor } from './branches.ts';
import type { CallMedia } from './call-media.ts';
import type { CallRecord } from './call-record.ts';
import type { BridgeProblem } from './media-bridge.ts';
import type { CallPlan } from './plan.ts';

/** How often, and after how long, a call asks again for media ports before it gets 503. */
const portTries = 10;
const portRetryMs = 20;

/** The call that the hunt is for. */
export interface HuntedCall {
  readonly plan: CallPlan;
  readonly caller: DialledFor;
  readonly media: CallMedia;
  readonly record: CallRecord;
  readonly live: LiveCall;
  /** Whether the caller can answer an offer in a provisional response. */
  readonly canBeReliable: boolean;
}

export interface HuntObserver extends Omit<AttemptObserver, 'onRefused' | 'onLateAnswer' | 'onBranchGone'> {
  /** The legs of a destination are made, and about to be dialled. */
  onDialling(invites: readonly InviteRecord[]): void;
  /** One destination refused; another may follow. */
  onRefused(refused: Refused): void;
  /** No destination is left, or the refusal is the last word. */
  onGivenUp(refused: Refused): void;
  /** Nothing can be dialled, whatever the destination. */
  onProblem(problem: BridgeProblem): void;
  /** A branch that was given up answered all the same; it has been ended. `attemptIndex` is its place in the CDR. */
  onLateAnswer(leg: DialledLeg, attemptIndex: number): void;
}

/** Tries the destinations of a call one after another until one answers or the last has refused. */
export class Hunt {
  readonly #services: CallServices;
  readonly #call: Omit<HuntedCall, 'caller'>;
  /** What a branch is dialled for; gone once one has answered, for it holds the caller's INVITE. */
  #caller: DialledFor | undefined;
  readonly #observer: HuntObserver;
  readonly #route: Route;
  #attempt: Attempt | undefined;
  /** The destination that is tried, or that answered. */
  #leg: DialledLeg | undefined;
  #lastRefusal: Refused = { status: 480, reason: 'Temporarily Unavailable', isOurs: true };
  #over = false;
  /** Nothing is sent before the call is written down. */
  #mayDial = false;
  #startAttempt: (() => void) | undefined;
  /** The line of the SIP server that is tried or talked to. */
  #trunkLine: Lease | undefined;
  /** Branches that were dialled and are not wholly over. */
  #branches = 0;
  #onNoBranch: (() => void) | undefined;

  constructor(services: CallServices, { caller, ...call }: HuntedCall, observer: HuntObserver) {
    this.#services = services;
    this.#call = call;
    this.#caller = caller;
    this.#observer = observer;
    this.#route = new Route(services.sipServers, call.plan.destinations);
  }

  /** The destination that is tried now, or that answered. */
  get leg(): DialledLeg | undefined {
    return this.#leg;
  }

  /** Finds the first destination and makes its legs, now if that needs no DNS; nothing is sent before `start`. */
  prepare(): void {
    this.tryNext();
  }

  /** Dials what is prepared, or whatever is next. */
  start(): void {
    this.#mayDial = true;
    this.#startAttempt?.();
    this.#startAttempt = undefined;
  }

  /** Tries the next destination, or the next hop of the SIP server that was tried; it may wait for DNS before. */
  tryNext(): void {
    this.#route.next((step) => {
      if (this.#over) return;
      if (step === undefined) this.#observer.onGivenUp(this.#lastRefusal);
      else this.#try(step);
    });
  }

  /** Stops hunting, and gives up what rings; nothing more is told. */
  cancel(reasons: readonly string[]): void {
    this.#over = true;
    this.#startAttempt = undefined;
    this.#attempt?.cancel(reasons);
  }

  /** The callee that an offer of the caller may go to before the answer. */
  get shown(): OutboundLeg | undefined {
    return this.#attempt?.shown;
  }

  /** Calls `go` once every branch is wholly over: its INVITE has a final answer, or was given up 64 times T1 ago. */
  whenGone(go: () => void): void {
    if (this.#branches === 0) go();
    else this.#onNoBranch = go;
  }

  /** The hunt is over with an answer: its events still come, its branches are no longer its own. */
  releaseTrunkLine(): void {
    this.#trunkLine?.release();
  }

  #try(step: RouteStep): void {
    const { record, live, plan } = this.#call;
    const { destination, hop } = step;
    const sentNumber = destination.kind === 'trunk' ? destination.sentNumber : '';
    record.attemptStarted(destinationName(destination), sentNumber, hop && hopKey(hop));
    const cost = destination.kind === 'trunk' ? destination.cost : undefined;
    this.#leg = { kind: destination.kind, accountId: destination.account.id, sentNumber, cost };
    const passes = plan.numberClass === 'emergency';
    if (!passes && checkAttempt(this.#services, plan, destination) !== 'yes') {
      return this.#refuse(destination, { status: 503, reason: 'Route Not Permitted' });
    }
    if (!passes && !this.#isWithinLimits(destination)) {
      return this.#refuse(destination, { status: 503, reason: 'SIP server has reached a limit' });
    }
    if (!this.#takeTrunkLine(destination)) {
      return this.#refuse(destination, { status: 503, reason: 'SIP server is full' });
    }
    const refused = this.#services.lifecycle.beforeDial(live, this.#leg);
    if (refused !== undefined) return this.#refuse(destination, refused);
    this.#dial(step, portTries);
  }

  /** We would not call this destination: at none of its hops. */
  #refuse(destination: Destination, refused: { readonly status: number; readonly reason: string }): void {
    this.#route.skip(destination);
    this.#onRefused({ ...refused, isOurs: true });
  }

  #dial(step: RouteStep, triesLeft: number): void {
    const { clock } = this.#services;
    const { media, plan } = this.#call;
    if (this.#caller === undefined) return;
    const found = branchesOf(this.#services, plan, step, this.#caller, (side) => media.offerFor(side));
    // Of several devices that are asked for an offer, only the one that answers can be given its answer.
    const mayOfferEarly = this.#call.canBeReliable && found.length === 1;
    const branches = found.map((branch) =>
      mayOfferEarly ? { ...branch, spec: { ...branch.spec, reliable: true } } : branch,
    );
    const problem = branches.length === 0 ? media.takeProblem() : undefined;
    if (problem === 'no media port' && triesLeft > 0) {
      // A burst of calls has taken what was bound ahead; the workers are binding more.
      clock.after(portRetryMs, () => {
        if (!this.#over) this.#dial(step, triesLeft - 1);
      });
      return;
    }
    if (problem !== undefined) return this.#observer.onProblem(problem);
    if (branches.length === 0) {
      const status = step.destination.kind === 'trunk' ? 503 : 480;
      return this.#onRefused({ status, reason: 'Nothing to Dial', isOurs: true });
    }
    const initTimeoutMs = this.#services.settings().call_init_timeout * 1000;
    const leg = this.#leg;
    const { attemptIndex } = this.#call.record;
    const attempt = new Attempt(branches, clock, initTimeoutMs, {
      ...this.#observer,
      onAnswer: (branch, answered, answer) => {
        this.#caller = undefined;
        this.#observer.onAnswer(branch, answered, answer);
      },
      onRefused: (refused) => this.#onHopRefused(step, refused),
      onLateAnswer: () => {
        if (leg !== undefined) this.#observer.onLateAnswer(leg, attemptIndex);
      },
      onBranchGone: () => this.#onBranchGone(),
    });
    this.#attempt = attempt;
    this.#startAttempt = () => {
      this.#branches += branches.length;
      this.#services.lifecycle.dialled(this.#call.live);
      attempt.start();
    };
    const { invites } = attempt;
    const to = step.destination;
    this.#observer.onDialling(
      to.kind === 'trunk' ? invites.map((invite) => ({ ...invite, sipServerId: to.account.id })) : invites,
    );
    if (this.#mayDial) this.start();
  }

  /** A SIP server is never sent more calls at once than its `maxcalls`. */
  #takeTrunkLine(destination: Destination): boolean {
    this.#trunkLine?.release();
    this.#trunkLine = undefined;
    if (destination.kind === 'devices') return true;
    const { serverLines } = this.#services.limits;
    const { account, trunk } = destination;
    const bound = this.#call.plan.numberClass === 'emergency' ? 0 : trunk.maxCalls;
    if (bound > 0 && serverLines.inUse(account.id) >= bound) return false;
    this.#trunkLine = serverLines.take(account.id, this.#call.plan.callId);
    return true;
  }

  /** A limit of the SIP server that is reached refuses this destination, and leaves a decision about the server. */
  #isWithinLimits(destination: Destination): boolean {
    if (destination.kind === 'devices') return true;
    const { limits, settings, decisions } = this.#services;
    const { account } = destination;
    const verdict = limits.checkServer(account);
    if (verdict === 'yes') return true;
    const mode = modeOf(settings(), verdict.rule);
    if (mode === 'off') return true;
    const concern = { subject: `account:${account.name}`, callId: this.#call.plan.callId };
    decisions.put(decide(verdict, concern, mode, this.#services));
    return mode === 'observe';
  }

  /** RFC 3263 §4.3: silence, a broken connection and 503 lead to the next hop; any other word is the SIP server's own. */
  #onHopRefused({ destination, hop, isOnlyHop }: RouteStep, refused: Refused): void {
    if (hop !== undefined) this.#services.sipServers.refused(hop, refused, isOnlyHop);
    if (refused.isOurs !== true && refused.status !== 503) this.#route.skip(destination);
    this.#onRefused(refused);
  }

  #onBranchGone(): void {
    this.#branches--;
    if (this.#branches === 0) this.#onNoBranch?.();
  }

  #onRefused(refused: Refused): void {
    if (this.#over) return;
    this.#call.record.attemptEnded(refused.status);
    this.#attempt = undefined;
    this.#lastRefusal = refused;
    this.#observer.onRefused(refused);
    if (mayFailOver(refused.status)) this.tryNext();
    else this.#observer.onGivenUp(refused);
  }
}
