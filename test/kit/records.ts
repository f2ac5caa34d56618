import type { Cdr, Heartbeat } from '../../src/call/record.ts';

/** The CDR of a call over a carrier, as the store gets it. */
export function aCdr(callId: string, startedAtMs = 5000): Cdr {
  return {
    callId,
    sipCallId: `sip-${callId}`,
    payerId: 10,
    callerId: 10,
    callerName: 'Phone201',
    calleeName: 'carrier',
    callerNumber: '201',
    dialledNumber: '01234',
    canonicalNumber: '431234',
    numberClass: 'domestic',
    sentNumber: '431234',
    dialRule: 'inland',
    attempts: [{ target: 'trunk:carrier', sentNumber: '431234', status: 200, startedAtMs, endedAtMs: startedAtMs + 9 }],
    startedAtMs,
    answeredAtMs: startedAtMs + 10,
    endedAtMs: startedAtMs + 70,
    cause: 'answered',
    sipStatus: 200,
    endedBy: 'caller',
    codecs: 'PCMA',
    callerQuality: { packets: 100, lost: 1, jitterMs: 2, mosHundredths: 430 },
    calleeQuality: undefined,
    sourceAddress: '192.0.2.1',
    sourcePort: 5060,
    transport: 'udp',
    userAgent: 'phone/1',
    decisionId: '',
    transferOf: '',
    earlyMediaMs: 0,
  };
}

/** A heartbeat of which only the time on the wall is known. */
export function heartbeatAt(wallMs: number): Heartbeat {
  return { wallMs, monotonicMs: undefined, epoch: undefined };
}
