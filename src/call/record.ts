import type { PeerIdentity, TransportName } from '../sip/transport/index.ts';

/** Where requests of ours went, and would go again. */
export interface FlowRecord {
  readonly transport: TransportName;
  /** What the peer of a TLS connection has to prove when it is opened again. */
  readonly peer?: PeerIdentity;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/** Dialog state of one leg, enough to end it after a crash (RFC 3261 §12). */
export interface DialogRecord extends FlowRecord {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  readonly localUri: string;
  readonly remoteUri: string;
  readonly localSeq: number;
  readonly remoteTarget: string;
  readonly routeSet: readonly string[];
}

/** What an INVITE of ours says of itself, enough to cancel it after a crash (RFC 3261 §9.1). */
export interface InviteRecord extends FlowRecord {
  readonly requestUri: string;
  readonly routes: readonly string[];
  /** From with its tag, and To, as header values. */
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  /** The Via of each try: after a challenge the INVITE goes again with the next CSeq. The first is 1. */
  readonly vias: readonly string[];
  /** False where the callee was asked to make the offer. */
  readonly hasOffer: boolean;
  /** The SIP server that it went to; absent for devices of ours. */
  readonly sipServerId?: number;
}

/** The row that is committed before the second leg's INVITE leaves. */
export interface CallRow {
  readonly callId: string;
  readonly startedAtMs: number;
  /** Everything of the CDR that is known so far. */
  readonly cdr: Cdr;
  /** The INVITEs of the first destination, where it is known by then. */
  readonly invites: readonly InviteRecord[];
  /** What a restart charges the attempt by; empty where it is free. */
  readonly money: string;
}

/** What is added at answer; committed before the caller's 200. */
export interface CallAnswer {
  readonly callId: string;
  readonly answeredAtMs: number;
  readonly cdr: Cdr;
  readonly caller: DialogRecord;
  readonly callee: DialogRecord;
  /** What a restart charges the call by; empty where it is free. */
  readonly money: string;
}

/** A call that a dead server left behind, as read at the next start. */
export interface UnfinishedCall {
  readonly cdr: Cdr;
  readonly answeredAtMs: number | undefined;
  readonly caller: DialogRecord | undefined;
  readonly callee: DialogRecord | undefined;
  /** Every INVITE that was written down; what has become of them is not known. */
  readonly invites: readonly InviteRecord[];
  readonly money: string;
}

/** When a server was last known to live. */
export interface Heartbeat {
  readonly wallMs: number;
  /** Of the process whose number is `epoch`, for durations within it; absent in what older versions wrote. */
  readonly monotonicMs: number | undefined;
  readonly epoch: number | undefined;
}

/** Who ended the call, or `system` for a timer, a limit, a drain or the recovery after a crash. */
export type EndedBy = 'caller' | 'callee' | 'system';

/** One try of one destination. */
export interface RouteAttempt {
  /** `user:NAME` for a device of ours, `trunk:NAME` for a SIP server. */
  readonly target: string;
  /** Where a SIP server was tried, such as `udp:192.0.2.1:5060`; absent for devices, and where its host led nowhere. */
  readonly hop?: string;
  readonly sentNumber: string;
  readonly status: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** When a 2xx came after the attempt was given up, or a further one beside that of the call. It was ended at once, but its carrier may charge for it. */
  readonly lateAnsweredAtMs?: number;
}

/** Quality of one direction of one stream, as it was received here. */
export interface StreamQuality {
  readonly packets: number;
  readonly lost: number;
  readonly jitterMs: number;
  /** Estimated MOS of ITU-T G.107, in hundredths: 441 is 4.41. 0 when nothing was received. */
  readonly mosHundredths: number;
}

/** One call detail record: one for each attempt whose caller was proven. Times are UTC milliseconds. */
export interface Cdr {
  readonly callId: string;
  readonly sipCallId: string;
  readonly payerId: number | undefined;
  readonly callerId: number | undefined;
  readonly callerName: string;
  readonly calleeName: string;
  readonly callerNumber: string;
  readonly dialledNumber: string;
  readonly canonicalNumber: string;
  readonly numberClass: string;
  readonly sentNumber: string;
  readonly dialRule: string;
  readonly attempts: readonly RouteAttempt[];
  readonly startedAtMs: number;
  readonly answeredAtMs: number | undefined;
  readonly endedAtMs: number | undefined;
  /** Name of the end from src/call/cause.ts: `answered`, `busy`, `no answer`, `media timeout` ... */
  readonly cause: string;
  readonly sipStatus: number;
  readonly endedBy: EndedBy;
  readonly codecs: string;
  /** How long media was negotiated before the answer, which nobody is charged for; 0 in calls of old versions. */
  readonly earlyMediaMs: number;
  readonly callerQuality: StreamQuality | undefined;
  readonly calleeQuality: StreamQuality | undefined;
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly transport: string;
  readonly userAgent: string;
  readonly decisionId: string;
  readonly transferOf: string;
}
