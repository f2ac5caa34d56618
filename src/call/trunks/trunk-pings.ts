import { bracketed } from '../../base/net/endpoint.ts';
import type { AccountDirectory } from '../../accounts/directory.ts';
import type { Account, Trunk } from '../../accounts/model.ts';
import type { Log } from '../../base/log/log.ts';
import type { Clock, Timer } from '../../base/time/clock.ts';
import type { Settings } from '../../settings/index.ts';
import { HeaderList, SipRequest } from '../../sip/message/index.ts';
import { type Hop, hopKey, type Locator } from '../../sip/resolve/index.ts';
import type { SipStack } from '../../sip/stack/index.ts';
import type { TransportName } from '../../sip/transport/index.ts';
import { hopTarget, trunkPeer } from './hop-target.ts';
import { trunkUri } from './trunk-uri.ts';

/** How long a ping may stay without an answer. */
const answerWithinMs = 5000;
/** Hops of one SIP server that are pinged. */
const maxHops = 8;
/** First pings are spread over this, so that a restart with a hundred SIP servers is no burst. */
const firstPingWithinMs = 2000;

export type TrunkState = 'up' | 'down' | 'unknown';

/** How one hop of a SIP server answers. */
interface HopState {
  readonly hop: string;
  state: TrunkState;
  /** Pings in a row that say otherwise than `state`. */
  contrary: number;
  lastStatus: number;
  seen: number;
}

interface Pinged {
  readonly account: Account;
  readonly trunk: Trunk;
  readonly hops: Map<string, HopState>;
  state: TrunkState;
  sinceMs: number;
  timer: Timer | undefined;
  isWatched: boolean;
  round: number;
}

/** What an operator is shown of one SIP server. */
export interface TrunkHealth {
  readonly account: Account;
  readonly state: TrunkState;
  readonly sinceMs: number;
  readonly hops: readonly { readonly hop: string; readonly state: TrunkState; readonly lastStatus: number }[];
}

export interface TrunkPingsOptions {
  readonly directory: AccountDirectory;
  readonly locator: Locator<TransportName>;
  readonly stack: SipStack;
  readonly clock: Clock;
  readonly settings: () => Settings;
  readonly log: Log;
}

/**
 * Asks SIP servers with OPTIONS whether they are there (RFC 3261 §11.1). Any answer but 503 is a sign of life. A hop
 * changes its state only after several pings in a row that agree; a SIP server is down when all its hops are.
 */
export class TrunkPings {
  /** Changes of a SIP server's state since the start, for the metrics. */
  readonly counts = { up: 0, down: 0 };
  readonly #options: TrunkPingsOptions;
  readonly #pinged = new Map<number, Pinged>();

  constructor(options: TrunkPingsOptions) {
    this.#options = options;
  }

  isDown(accountId: number): boolean {
    return this.#pinged.get(accountId)?.state === 'down';
  }

  isHopDown(accountId: number, hop: Hop<TransportName>): boolean {
    return this.#pinged.get(accountId)?.hops.get(hopKey(hop))?.state === 'down';
  }

  /** SIP servers that are pinged now. */
  health(): readonly TrunkHealth[] {
    return [...this.#pinged.values()].map(({ account, state, sinceMs, hops }) => ({
      ...{ account, state, sinceMs },
      hops: [...hops.values()].map(({ hop, state: hopState, lastStatus }) => ({ hop, state: hopState, lastStatus })),
    }));
  }

  /** Brings what is pinged up to the directory and the settings: at start, and after a change of either. */
  sync(): void {
    const wanted = this.#options.directory.sipServers().filter((account) => this.#intervalMs(account) > 0);
    const byId = new Map(wanted.map((account) => [account.id, account] as const));
    for (const [id, pinged] of this.#pinged) if (byId.get(id) !== pinged.account) this.#drop(id, pinged);
    for (const [position, account] of wanted.entries()) {
      if (account.trunk === undefined || this.#pinged.has(account.id)) continue;
      const sinceMs = this.#options.clock.wallMs();
      const open = { hops: new Map(), state: 'unknown', timer: undefined, isWatched: true, round: 0 } as const;
      const pinged: Pinged = { account, trunk: account.trunk, sinceMs, ...open };
      this.#pinged.set(account.id, pinged);
      const firstMs = Math.floor((position * firstPingWithinMs) / wanted.length);
      pinged.timer = this.#options.clock.after(firstMs, () => this.#ping(pinged));
    }
  }

  close(): void {
    for (const [id, pinged] of [...this.#pinged]) this.#drop(id, pinged);
  }

  #intervalMs({ enabled, trunk }: Account): number {
    if (!enabled || trunk === undefined) return 0;
    return (trunk.pingS ?? this.#options.settings().options_ping_interval) * 1000;
  }

  #ping(pinged: Pinged): void {
    const { clock, locator } = this.#options;
    const intervalMs = this.#intervalMs(pinged.account);
    if (intervalMs > 0) pinged.timer = clock.after(intervalMs, () => this.#ping(pinged));
    pinged.round++;
    void locator.locate(hopTarget(pinged.trunk)).then(({ hops, failed }) => {
      if (!pinged.isWatched) return;
      for (const hop of hops.slice(0, maxHops)) this.#pingHop(pinged, hop);
      // A hop that DNS no longer names is forgotten, unless DNS itself failed.
      for (const [key, { seen }] of pinged.hops) if (!failed && seen !== pinged.round) pinged.hops.delete(key);
      this.#judge(pinged);
    });
  }

  #pingHop(pinged: Pinged, hop: Hop<TransportName>): void {
    const { stack, clock } = this.#options;
    const key = hopKey(hop);
    const known: HopState = pinged.hops.get(key) ?? { hop: key, state: 'unknown', contrary: 0, lastStatus: 0, seen: 0 };
    known.seen = pinged.round;
    pinged.hops.set(key, known);
    const flow = stack.flowTo(hop.transport, hop, undefined, trunkPeer(pinged.trunk));
    if (flow === undefined) return this.#result(pinged, known, 0);
    let isOver = false;
    const settle = (status: number): void => {
      if (isOver) return;
      isOver = true;
      timer.cancel();
      if (pinged.isWatched) this.#result(pinged, known, status);
    };
    const timer = clock.after(answerWithinMs, () => settle(0));
    const uri = trunkUri(pinged.trunk, '');
    const host = bracketed(stack.advertised(flow).address);
    const headers = new HeaderList()
      .append('max-forwards', '70')
      .append('from', `<sip:${host}>;tag=${stack.newTag()}`)
      .append('to', `<${uri}>`)
      .append('call-id', stack.newCallId())
      .append('cseq', '1 OPTIONS')
      .append('contact', stack.contact(flow, ''))
      .append('accept', 'application/sdp');
    stack.sendRequest(new SipRequest('OPTIONS', uri, headers, ''), flow, {
      onResponse: ({ status }) => {
        if (status >= 200) settle(status);
      },
      onTimeout: () => settle(0),
    });
  }

  /** `status` 0 is silence. */
  #result(pinged: Pinged, known: HopState, status: number): void {
    const { options_ping_fails, options_ping_passes } = this.#options.settings();
    known.lastStatus = status;
    const seen = status === 0 || status === 503 ? 'down' : 'up';
    if (known.state === seen) {
      known.contrary = 0;
      return;
    }
    known.contrary++;
    const enough = seen === 'down' ? options_ping_fails : known.state === 'unknown' ? 1 : options_ping_passes;
    if (known.contrary < enough) return;
    known.state = seen;
    known.contrary = 0;
    this.#judge(pinged);
  }

  #judge(pinged: Pinged): void {
    const states = [...pinged.hops.values()].map(({ state }) => state);
    const isDown = states.length > 0 && states.every((state) => state === 'down');
    const state = isDown ? 'down' : states.includes('up') ? 'up' : pinged.state;
    if (state === pinged.state || state === 'unknown') return;
    const wasDown = pinged.state === 'down';
    pinged.state = state;
    pinged.sinceMs = this.#options.clock.wallMs();
    this.counts[state]++;
    const fields = { account: pinged.account.name, hops: [...pinged.hops.keys()].join(' ') };
    if (state === 'down') this.#options.log.warn('SIP server is down', fields);
    else if (wasDown) this.#options.log.warn('SIP server is up again', fields);
    else this.#options.log.info('SIP server is up', fields);
  }

  #drop(id: number, pinged: Pinged): void {
    pinged.isWatched = false;
    pinged.timer?.cancel();
    this.#pinged.delete(id);
  }
}
