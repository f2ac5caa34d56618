import type { Log } from '../../base/log/log.ts';
import { type FindingKind, findingOf } from '../../guard/findings.ts';
import { modeOf } from '../../settings/index.ts';
import type { StreamStats } from '../../media/index.ts';
import { type SessionFault, SignallingWatch } from '../leg/signalling-watch.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import type { CallServices } from '../services.ts';
import { ChallengeWatch } from './challenge-watch.ts';

/** What a call does about what is seen of one of its sides. */
interface SideEffects {
  readonly stats: () => Promise<readonly StreamStats[]>;
  readonly onGone: () => void;
  readonly onFault: (fault: SessionFault) => void;
}

const ruleOf = {
  'session flood': 'session_flood_close',
  'invalid signalling': 'invalid_signalling_close',
} as const satisfies Readonly<Record<SessionFault, string>>;

const findingKind = {
  'session flood': 'abnormal speed',
  'invalid signalling': 'invalid signalling',
} as const satisfies Readonly<Record<SessionFault, FindingKind>>;

/** What is watched of one side of a call: that it proves itself where it is challenged, and what it sends. */
export class SideWatch {
  readonly challenge: ChallengeWatch;
  readonly signalling: SignallingWatch;
  /** Gone with the call: whoever waits for late answers has the watch, and must not have the whole call for that. */
  #effects: SideEffects | undefined;
  /** Where the side spoke last from, with a tag of ours; undefined before its leg is there. */
  #peer: Flow | undefined;

  constructor({ clock, settings, guard }: CallServices, side: 'a' | 'b', log: Log, effects: SideEffects) {
    this.#effects = effects;
    this.challenge = new ChallengeWatch(
      clock,
      side,
      () => this.#effects?.stats() ?? Promise.resolve([]),
      () => this.#effects?.onGone(),
    );
    this.signalling = new SignallingWatch(clock, (fault) => {
      const rule = ruleOf[fault];
      const mode = modeOf(settings(), rule);
      if (mode === 'off') return 'goes on';
      if (this.#peer !== undefined) guard.observe(findingOf(findingKind[fault], this.#peer, { evidence: 'dialog' }));
      log.warn(mode === 'enforce' ? 'session closed' : 'session would be closed', { rule, side });
      if (mode === 'observe') return 'goes on';
      this.#effects?.onFault(fault);
      return 'closed';
    });
  }

  /** The side's leg is there, or has proven to be elsewhere. */
  speaksFrom(flow: Flow): void {
    this.#peer = flow;
  }

  stop(): void {
    this.challenge.stop();
    this.#effects = undefined;
  }
}

/** The watches of both sides: `a` is the caller's, `b` the callee's. */
export class SideWatches {
  readonly a: SideWatch;
  readonly b: SideWatch;

  constructor(services: CallServices, log: Log, effects: SideEffects) {
    this.a = new SideWatch(services, 'a', log, effects);
    this.b = new SideWatch(services, 'b', log, effects);
  }

  stop(): void {
    this.a.stop();
    this.b.stop();
  }
}
