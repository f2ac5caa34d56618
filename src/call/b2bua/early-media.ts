import type { Settings } from '../../settings/index.ts';

/** What may flow before the answer. */
export interface EarlyMediaPolicy {
  readonly fromCaller: boolean;
  readonly fromCallee: boolean;
  /** True where the caller sees a plain 180 in place of progress with SDP. */
  readonly stripSdp: boolean;
}

/**
 * [media.blockearlymedia] for calls of our own users, [media.blockearlymedia-in] for calls that come in from a SIP
 * server, and [media.earlystart] 0 for no media path at all before the answer.
 */
export function earlyMediaPolicy(settings: Settings, comesFromServer: boolean): EarlyMediaPolicy {
  if (settings.earlystart === 0) return { fromCaller: false, fromCallee: false, stripSdp: true };
  if (comesFromServer) {
    const level = settings.blockearlymedia_in;
    return { fromCaller: level === 0, fromCallee: level === 0, stripSdp: level >= 2 };
  }
  const level = settings.blockearlymedia;
  return { fromCaller: level === 0, fromCallee: level < 2, stripSdp: level >= 3 };
}
