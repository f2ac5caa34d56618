import type { Log } from '../../base/log/log.ts';
import { modeOf } from '../../settings/index.ts';
import type { StreamStats } from '../../media/index.ts';
import { type SessionFault, SignallingWatch } from '../leg/signalling-watch.ts';
import type { CallServices } from '../services.ts';
import { ChallengeWatch } from './challenge-watch.ts';

/** What one side of a call is told to do about what is seen of it. */
interface SideEffects {
  readonly stats: () => Promise<readonly StreamStats[]>;
  readonly onGone: () => void;
  readonly onFault: (fault: SessionFault) => void;
}

const ruleOf = {
  'session flood': 'session_flood_close',
  'invalid signalling': 'invalid_signalling_close',
} as const satisfies Readonly<Record<SessionFault, string>>;

/** What is watched of one side of a call: that it proves itself where it is challenged, and what it sends. */
export class SideWatch {
  readonly challenge: ChallengeWatch;
  readonly signalling: SignallingWatch;

  constructor({ clock, settings }: CallServices, side: 'a' | 'b', log: Log, effects: SideEffects) {
    this.challenge = new ChallengeWatch(clock, side, effects.stats, effects.onGone);
    this.signalling = new SignallingWatch(clock, (fault) => {
      const rule = ruleOf[fault];
      const mode = modeOf(settings(), rule);
      if (mode === 'off') return 'goes on';
      log.warn(mode === 'enforce' ? 'session closed' : 'session would be closed', { rule, side });
      if (mode === 'observe') return 'goes on';
      effects.onFault(fault);
      return 'closed';
    });
  }

  stop(): void {
    this.challenge.stop();
  }
}
