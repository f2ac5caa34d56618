import type { LineLease } from '../../billing/seam.ts';
import { HeaderList } from '../../sip/message/index.ts';
import type { InboundLeg } from '../leg/inbound-leg.ts';
import type { OutboundLeg } from '../leg/outbound-leg.ts';
import type { CallEnd } from './call-end.ts';
import type { Hunt } from './hunt.ts';
import { Unconfirmed } from './unconfirmed.ts';

/** What a call has taken up, and gives back at its end. */
interface TakenUp {
  readonly inbound: InboundLeg;
  /** The leg that answered; undefined where none has. */
  readonly callee: OutboundLeg | undefined;
  readonly hunt: Hunt;
  readonly lease: LineLease | undefined;
}

/** Told as a call goes: first the one, then the other. */
interface TakenDown {
  /** Both legs are over, and the CDR is written. */
  onOver(): void;
  /** Nothing that was dialled can ring or answer any more. */
  onGone(): void;
}

/**
 * Ends both legs of a call and gives back what it has taken: the payer's line once both BYEs are answered or will never
 * be, that of the SIP server once nothing of it rings. `write` writes the CDR: with what is known when both legs have been told.
 */
export function takeDown(call: TakenUp, end: CallEnd, write: () => Promise<void>, told: TakenDown): void {
  const { inbound, callee, hunt, lease } = call;
  // A server that stops waits until its peers know, be it for the 1xx that a CANCEL has to wait for.
  const gone = new Unconfirmed(2, () => told.onGone());
  const over = new Unconfirmed(2, () => {
    told.onOver();
    gone.done();
  });
  const legs = new Unconfirmed(2, () => {
    lease?.release();
    over.done();
  });
  if (callee === undefined) {
    hunt.cancel(end.reasons);
    legs.done();
  } else {
    callee.end(end.reasons, () => legs.done());
  }
  endInbound(inbound, end, () => legs.done());
  hunt.whenGone(() => {
    hunt.releaseTrunkLine();
    gone.done();
  });
  void write().finally(() => over.done());
}

function endInbound(inbound: InboundLeg, { status, reasons, retryAfterS }: CallEnd, done: () => void): void {
  if (inbound.state !== 'early') return inbound.end(reasons, done);
  const headers = new HeaderList();
  for (const reason of reasons) headers.append('reason', reason);
  if (retryAfterS !== undefined) headers.append('retry-after', String(retryAfterS));
  inbound.refuse(status < 300 ? 480 : status, headers);
  done();
}
