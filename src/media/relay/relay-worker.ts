import { type MessagePort, parentPort } from 'node:worker_threads';
import { assert } from '../../base/result/assert.ts';
import type { Command, PairKey, Report } from '../plane/messages.ts';
import type { StreamStats } from '../plane/ports.ts';
import { type BoundPair, bindPair } from './bound-pair.ts';
import { Nap } from './nap.ts';
import { RefusedMedia } from './refused-media.ts';
import { SessionRelay } from './session-relay.ts';

const silenceCheckMs = 250;
const refusedReportMs = 1000;

interface Session {
  readonly relay: SessionRelay;
  readonly pairs: BoundPair[];
}

/** One media worker: its bound pairs and the sessions that use them, driven by commands of the signalling thread. */
class RelayWorker {
  readonly #port: MessagePort;
  readonly #pairs = new Map<string, BoundPair>();
  readonly #sessions = new Map<number, Session>();
  readonly #nap = new Nap();
  readonly #refused = new RefusedMedia();
  #reports: Report[] = [];

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (commands: readonly Command[]) => {
      for (const command of commands) this.#carryOut(command);
    });
    setInterval(() => this.#reportSilence(), silenceCheckMs);
    setInterval(() => this.#reportRefused(), refusedReportMs);
  }

  #carryOut(command: Command): void {
    switch (command.kind) {
      case 'bind':
        void this.#bind(command);
        return;
      case 'unbind':
        this.#unbind(command);
        return;
      case 'open':
        this.#open(command);
        return;
      case 'stream':
        this.#addStream(this.#session(command.session), command.a, command.b);
        return;
      case 'configure': {
        const { stream, side, config } = command;
        this.#session(command.session).relay.configure(stream, side, config, performance.now());
        return;
      }
      case 'paid':
        this.#session(command.session).relay.setPaidUntil(command.remainingMs, performance.now());
        return;
      case 'stats':
        this.#reportStats(command.request, this.#session(command.session).relay.stats());
        return;
      case 'close':
        this.#close(command.session, command.request);
    }
  }

  #open(command: Extract<Command, { readonly kind: 'open' }>): void {
    const relay = new SessionRelay(command, performance.now(), this.#refused);
    this.#sessions.set(command.session, { relay, pairs: [] });
  }

  #session(id: number): Session {
    const session = this.#sessions.get(id);
    assert(session !== undefined, `media session ${id} is not open`);
    return session;
  }

  async #bind(key: PairKey): Promise<void> {
    const pair = await bindPair(key.address, key.rtp, this.#nap.afterThisRound, this.#refused);
    if (pair !== undefined) this.#pairs.set(keyText(key), pair);
    this.#report({ kind: pair === undefined ? 'unusable' : 'bound', address: key.address, rtp: key.rtp });
  }

  #unbind(key: PairKey): void {
    this.#pairs.get(keyText(key))?.close();
    this.#pairs.delete(keyText(key));
  }

  #addStream(session: Session, keyA: PairKey, keyB: PairKey): void {
    const a = this.#pairs.get(keyText(keyA));
    const b = this.#pairs.get(keyText(keyB));
    assert(a !== undefined && b !== undefined, `media ports ${keyText(keyA)} or ${keyText(keyB)} are not bound`);
    const stream = session.relay.addStream(performance.now());
    a.attach(stream, 'a', b);
    b.attach(stream, 'b', a);
    session.pairs.push(a, b);
  }

  #close(id: number, request: number): void {
    const { relay, pairs } = this.#session(id);
    for (const pair of pairs) pair.detach();
    this.#sessions.delete(id);
    this.#reportStats(request, relay.stats());
  }

  #reportStats(request: number, stats: readonly StreamStats[]): void {
    this.#report({ kind: 'stats', request, stats });
  }

  #reportSilence(): void {
    const nowMs = performance.now();
    for (const [session, { relay }] of this.#sessions) {
      const silentMs = relay.silence(nowMs);
      if (silentMs !== undefined) this.#report({ kind: 'silent', session, silentMs });
    }
  }

  #reportRefused(): void {
    const refused = this.#refused.take();
    if (refused !== undefined) this.#report({ kind: 'refused', ...refused });
  }

  /** Reports of one turn of the event loop go as one message. */
  #report(report: Report): void {
    if (this.#reports.push(report) > 1) return;
    queueMicrotask(() => {
      const reports = this.#reports;
      this.#reports = [];
      this.#port.postMessage(reports);
    });
  }
}

function keyText(key: PairKey): string {
  return `${key.address} ${key.rtp}`;
}

assert(parentPort !== null, 'the media relay runs in a worker thread');
new RelayWorker(parentPort);
