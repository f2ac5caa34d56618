/** Every way that a call can end, with the SIP status that its caller sees if it was not answered. */
const causes = {
  answered: { status: 200, text: 'ended normally' },
  cancelled: { status: 487, text: 'the caller gave up' },
  busy: { status: 486, text: 'the callee is busy' },
  declined: { status: 603, text: 'the callee declined' },
  'no answer': { status: 480, text: 'nobody answered before the ring timeout' },
  'invitation expired': { status: 487, text: 'nobody answered within the time that the caller set (Expires)' },
  unreachable: { status: 480, text: 'the user has no reachable device' },
  'not found': { status: 404, text: 'no user, number or rule for what was dialled' },
  refused: { status: 403, text: 'a rule refused the call' },
  redirected: { status: 480, text: 'the callee redirected the call, which this version does not follow' },
  failed: { status: 500, text: 'the next hop failed' },
  'call init timeout': { status: 408, text: 'the next hop gave no sign of life' },
  'early timeout': { status: 480, text: 'media before the answer lasted too long' },
  'call timeout': { status: 200, text: 'the longest connected time was reached' },
  'absolute timeout': { status: 408, text: 'the longest life of any call was reached' },
  'media timeout': { status: 200, text: 'no media arrived from either side' },
  'media lost': { status: 503, text: 'the relay of the call died' },
  'no ack': { status: 200, text: 'the caller never acknowledged the answer' },
  'challenge unanswered': { status: 200, text: 'a side spoke from elsewhere, proved nothing, and sent no media' },
  'no prack': { status: 504, text: 'the caller never acknowledged a reliable provisional response' },
  'session expired': { status: 200, text: 'a side no longer refreshed the session' },
  'session flood': { status: 503, text: 'a side sent more requests in the call than any device needs' },
  'invalid signalling': { status: 400, text: 'a side sent nothing but invalid requests in the call' },
  'abnormal speed': { status: 503, text: 'its user made calls faster than people do' },
  'peer gone': { status: 200, text: 'a side stopped answering requests' },
  'media refused': { status: 488, text: 'the media that was offered cannot be relayed' },
  'no media port': { status: 503, text: 'no free port pair is left' },
  'store failed': { status: 503, text: 'the call could not be recorded, so it was not made' },
  'ended by operator': { status: 480, text: 'an operator ended the call' },
  'account disabled': { status: 403, text: 'the account that pays was disabled or removed' },
  'credit used up': { status: 402, text: 'the next increment of the call could not be paid' },
  'limit reached': { status: 403, text: 'a limit of the payer was reached while the call ran' },
  'source banned': { status: 403, text: 'the source of a side was banned while the call ran' },
  'server stopped': { status: 503, text: 'the server was told to stop' },
  'server restart': { status: 503, text: 'the server died and ended the call when it came back' },
} as const satisfies Readonly<Record<string, { readonly status: number; readonly text: string }>>;

export type Cause = keyof typeof causes;

export function statusOf(cause: Cause): number {
  return causes[cause].status;
}

/** What a cause of a CDR means, for the operator; empty for one that this version does not know. */
export function explainCause(cause: string): string {
  return Object.entries(causes).find(([name]) => name === cause)?.[1].text ?? '';
}

/** The cause that the CDR names for a refusal by the next hop. */
export function causeOfStatus(status: number): Cause {
  switch (status) {
    case 486:
    case 600:
      return 'busy';
    case 603:
    case 607:
      return 'declined';
    case 404:
    case 410:
    case 484:
    case 604:
      return 'not found';
    case 480:
      return 'unreachable';
    case 408:
      return 'no answer';
    case 487:
      return 'cancelled';
    case 488:
    case 606:
      return 'media refused';
    case 401:
    case 407:
      return 'failed';
    default:
      if (status < 400) return 'redirected';
      return status >= 500 && status < 600 ? 'failed' : 'refused';
  }
}

/**
 * What the other leg is told of a refusal: the same, but for what concerns only our own leg to the one who refused. A
 * challenge or a complaint about our extensions never reaches the other leg, and a redirect is not followed.
 */
export function statusForOtherLeg(status: number): number {
  if (status < 400) return statusOf('redirected');
  return isAboutOurLeg(status) ? 503 : status;
}

/** Refusals of what we sent and not of the call: wrong credentials, an extension, a hop count. */
function isAboutOurLeg(status: number): boolean {
  return [401, 407, 420, 421, 482, 483, 494].includes(status);
}

/** Whether the next route may be tried: the next hop failed, or our leg to it, and not the callee. */
export function mayFailOver(status: number): boolean {
  return status === 408 || isAboutOurLeg(status) || (status >= 500 && status < 600);
}

/** Reason header value (RFC 3326) for a BYE or CANCEL of ours. */
export function reasonValue(protocol: 'SIP' | 'Q.850', code: number, text: string): string {
  return `${protocol};cause=${code};text="${text.replace(/["\\\r\n]/g, '')}"`;
}

/** Q.850 causes of ends that are our doing; every other is 31, normal and unspecified. */
const q850: Partial<Record<Cause, number>> = {
  'no answer': 19,
  'invitation expired': 19,
  'account disabled': 21,
  'credit used up': 21,
  'limit reached': 21,
  'no media port': 34,
  failed: 41,
  'store failed': 41,
  'media lost': 41,
  'server stopped': 41,
  'server restart': 41,
  'media refused': 88,
};

/** Reason of an end of our own making, as peers are told it: a number, for what it means here is not for them. */
export function ourReason(cause: Cause): string {
  return `Q.850;cause=${q850[cause] ?? 31}`;
}

const passedReason = /^(?:SIP|Q\.850)\s*;[\x20-\x7e]{1,200}$/i;

/** Reasons of one leg that may be told to the other: only the two registered protocols, few and short. */
export function passableReasons(reasons: readonly string[]): readonly string[] {
  return reasons.filter((reason) => passedReason.test(reason)).slice(0, 2);
}
