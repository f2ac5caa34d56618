import type { Endpoint } from '../base/net/endpoint.ts';
import type { Random } from '../base/random/random.ts';
import type { Clock } from '../base/time/clock.ts';
import { CallMedia } from './call-media.ts';
import type { RtpPort } from './rtp-port.ts';
import type { Voice } from './tone.ts';

/** A phone without audio describes the discard port (RFC 863): nobody listens, and nothing is sent. */
const discardPort = 9;

/** What one call of a phone occupies: its audio port. A phone has as many calls at once as lines. */
export interface Line {
  /** The address and port of our SDP. */
  readonly local: Endpoint;
  /** Takes the port for one call; undefined for a phone without audio. */
  openMedia(onDigit: (digit: string) => void): CallMedia | undefined;
  close(): void;
}

export function audioLine(port: RtpPort, clock: Clock, random: Random, voice: Voice): Line {
  return {
    local: port.local,
    openMedia: (onDigit) => new CallMedia(port, clock, random, voice, onDigit),
    close: () => port.close(),
  };
}

export function silentLine(address: string): Line {
  return { local: { address, port: discardPort }, openMedia: () => undefined, close: () => {} };
}
