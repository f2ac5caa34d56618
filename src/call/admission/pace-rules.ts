import { type Refusal, refusal } from '../../guard/decision.ts';
import { limitRefusal } from '../../guard/limit.ts';
import { isInhuman } from '../limits/pending-calls.ts';
import type { CallServices } from '../services.ts';
import type { Caller } from '../b2bua/plan.ts';

/** Who calls, and from where. */
interface PacedCall {
  readonly caller: Caller;
  readonly sourceAddress: string;
}

/** What is held against the source and the pace of a call; in the order in which they are asked. */
export function paceRefusals(services: CallServices, call: PacedCall): readonly Refusal[] {
  return [checkPending(services, call), checkSpeed(services, call)].filter((each) => each !== undefined);
}

/**
 * [session.blocktoomuchpendingsession]: calls without a final answer are what a source can have most of at the least
 * cost. SIP servers and traffic senders are listed by name and have limits of their own.
 */
function checkPending(services: CallServices, { caller, sourceAddress }: PacedCall): Refusal | undefined {
  if (caller.kind === 'account' && caller.account.kind !== 'enduser') return undefined;
  const limit = services.settings().blocktoomuchpendingsession;
  const measured = services.pending.of(sourceAddress);
  if (limit === 0 || measured < limit) return undefined;
  return limitRefusal({
    rule: 'blocktoomuchpendingsession',
    sipStatus: 503,
    measure: { measured, asked: 1, limit },
    unit: 'calls',
    origin: services.settingOrigin('blocktoomuchpendingsession'),
    evidence: `without a final answer from ${sourceAddress}`,
  });
}

/** [session.abnormal-speed-close] */
function checkSpeed({ clock, dialSpeed }: CallServices, { caller }: PacedCall): Refusal | undefined {
  if (caller.kind !== 'account' || caller.account.kind !== 'enduser') return undefined;
  const inARow = dialSpeed.dialled(caller.account.id, clock.monotonicMs());
  if (!isInhuman(inARow)) return undefined;
  return refusal(
    'abnormal_speed_close',
    503,
    `${inARow} calls in a row, each within 5 ms of the one before`,
    'a pause',
  );
}
