/** Timers of RFC 3261 §17 (Table 4) and RFC 6026 §8, by their letters. Durations in milliseconds. */
export interface TimerValues {
  /** Round-trip estimate. */
  readonly t1Ms: number;
  /** Longest retransmission interval of non-INVITE requests and INVITE responses. */
  readonly t2Ms: number;
  /** Longest time that a message stays in the network. */
  readonly t4Ms: number;
}

export const defaultTimers: TimerValues = { t1Ms: 500, t2Ms: 4000, t4Ms: 5000 };

/** Timers B, F, H, J, L and M all last 64 times T1. */
export function transactionTimeoutMs(timers: TimerValues): number {
  return 64 * timers.t1Ms;
}

/** Timer D: response retransmissions of a refused INVITE are absorbed for so long on UDP (RFC 3261 §17.1.1.2). */
export const timerDMs = 32_000;
