import type { SipRequest, SipResponse } from '../sip/message/index.ts';
import type { Flow, TransportName } from '../sip/transport/index.ts';

/**
 * Everything that the server can observe of a source, once each. Who observes says only what was seen; what it means,
 * over which window and with which consequence, stands in the table of detections.
 */
export const findingKinds = [
  // Messages that make no sense.
  'malformed',
  'unknown method',
  'stray response',
  'stray request',
  'bad value',
  'invalid signalling',
  // Identity: asked, proven, or wrong. `not authorised` is a refusal for want of any credentials (guest, tech prefix).
  'challenged',
  'authenticated',
  'wrong password',
  'unknown user',
  'account disabled',
  'address not permitted',
  'wrong transport',
  'digest uri',
  'not authorised',
  // The password that the user had before: a phone that was not told yet, and no guess.
  'previous password',
  // Answered without a look at the password: the user is refused from there, or is being guessed at by many.
  'refused user',
  'unverified',
  // Looking around: an extension or number that nobody has; a name of a tool; a number that nobody should know.
  'unknown number',
  'blocked device',
  'honeypot',
  'other domain',
  // A peer that asks us for a password which we have for nobody, or for another realm: what it gets it could guess at.
  'unwanted challenge',
  // Pressure.
  'pending calls',
  'abnormal speed',
  'stream rate',
  'injected media',
] as const;

export type FindingKind = (typeof findingKinds)[number];

/**
 * How it is known that the sender receives at its address: `connection`, a TCP or TLS connection after its handshake;
 * `nonce`, the request carried a nonce that we made for this very address and port; `dialog`, a tag or branch of ours;
 * `none`, the address may be forged.
 */
export type Evidence = 'connection' | 'nonce' | 'dialog' | 'none';

/** One thing that was seen of a source. */
export interface Finding {
  readonly kind: FindingKind;
  readonly address: string;
  readonly port: number;
  readonly transport: TransportName;
  readonly evidence: Evidence;
  /** The user, number or extension that it is about, as the sender wrote it; empty where there is none. */
  readonly user: string;
  /** User-Agent or Server, as the sender wrote it; empty where there is none. */
  readonly userAgent: string;
  /** Whether it was seen of a REGISTER. */
  readonly isRegister: boolean;
}

/** Takes what is seen, at once and cheaply, on the signalling thread; never throws. */
export interface FindingObserver {
  observe(finding: Finding): void;
}

/** The finding of a message. `evidence` is what the observer knows beyond the flow; a connection proves by itself. */
export function findingOf(
  kind: FindingKind,
  flow: Pick<Flow, 'transport' | 'remote'>,
  given: {
    readonly message?: SipRequest | SipResponse;
    readonly user?: string;
    readonly evidence?: Evidence;
  } = {},
): Finding {
  const { message, user = '', evidence = 'none' } = given;
  return {
    kind,
    address: flow.remote.address,
    port: flow.remote.port,
    transport: flow.transport,
    evidence: flow.transport === 'udp' ? evidence : 'connection',
    user,
    userAgent: message === undefined ? '' : userAgentOf(message),
    isRegister: message?.kind === 'request' && message.method === 'REGISTER',
  };
}

/** How a device names itself: User-Agent of a request, Server of a response; empty where it does not. */
export function userAgentOf({ headers }: SipRequest | SipResponse): string {
  return headers.get('user-agent') ?? headers.get('server') ?? '';
}

/** Counts all findings by their kind, for the metrics. */
export class FindingCounts implements FindingObserver {
  readonly counts = Object.fromEntries(findingKinds.map((kind) => [kind, 0])) as Record<FindingKind, number>;

  observe({ kind }: Finding): void {
    this.counts[kind]++;
  }
}
