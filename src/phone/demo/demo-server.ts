import type { Secret } from '../../base/log/secret.ts';
import type { Endpoint } from '../../base/net/endpoint.ts';

/** What the demo wants of a server that is started for it alone. */
export interface DemoServerOptions {
  /** A loopback address; the server takes free ports on it. */
  readonly address: string;
}

/** A server that runs for the demo. */
export interface DemoServer {
  /** Where it takes SIP over UDP. */
  readonly sip: Endpoint;
  /** Host of the users' addresses. */
  readonly domain: string;
  readonly realm: string;
  /** Makes an enduser who may register, and call others by name. */
  addUser(user: DemoUser): Promise<void>;
  /** Every call detail record so far. */
  readCdrs(): Promise<readonly DemoCdr[]>;
  /** Stops it and removes what it kept. */
  stop(): Promise<void>;
}

export interface DemoUser {
  readonly name: string;
  readonly password: Secret<string>;
}

/** What the summary shows of a call detail record; times are UTC milliseconds. */
export interface DemoCdr {
  /** Call-ID of the caller's side. */
  readonly sipCallId: string;
  readonly answeredAtMs: number | undefined;
  readonly endedAtMs: number | undefined;
  readonly cause: string;
  readonly sipStatus: number;
}
