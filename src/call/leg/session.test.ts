import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { SimulatedClock } from '../../../test/kit/simulated-clock.ts';
import { SimulatedNetwork } from '../../../test/kit/simulated-network.ts';
import { messageOf, type RequestFields, requestOf, requestText } from '../../../test/kit/transaction-bench.ts';
import { Dialog } from '../../sip/dialog/index.ts';
import { createResponse, type SipMessage, type SipRequest, serialise, withToTag } from '../../sip/message/index.ts';
import { SipStack } from '../../sip/stack/index.ts';
import { defaultTimers } from '../../sip/transaction/index.ts';
import { defaultTransportLimits, type Flow } from '../../sip/transport/index.ts';
import type { UdpSocket } from '../../sip/transport/ports.ts';
import { withSdp } from './bodies.ts';
import { OutboundLeg } from './outbound-leg.ts';
import { Session } from './session.ts';
import type { SessionOptions } from './session-options.ts';

const server = { address: '192.0.2.1', port: 5060 };
const peer = { address: '198.51.100.1', port: 5062 };
const contact = 'Contact: <sip:100@198.51.100.1:5062>';
const inDialog: RequestFields = { fromTag: 'theirs', toTag: 'ours', headers: [contact] };
const sdp = 'v=0\r\n';
const start = { ownsCallId: false, offerBy: 'nobody', lastSent: sdp, lastReceived: '' } as const;

/** One leg of a call on a real stack, and its peer, who does nothing by itself. */
class Bench {
  readonly clock = new SimulatedClock();
  readonly network = new SimulatedNetwork(this.clock, seededRandom(1));
  readonly got: { readonly atMs: number; readonly message: SipMessage }[] = [];
  readonly ends: string[] = [];
  readonly stack: SipStack;
  readonly options: SessionOptions;
  #peer: UdpSocket | undefined;
  #flow: Flow | undefined;
  #invite: SipRequest | undefined;

  constructor() {
    this.stack = new SipStack(
      {
        ...{ network: this.network, clock: this.clock, random: seededRandom(2), timers: defaultTimers },
        ...{ transportLimits: defaultTransportLimits, bounds: { maxTransactions: 100 }, serverName: 'test' },
        onFault: (error: unknown) => {
          throw error;
        },
        advertise: () => server,
        forceRport: () => true,
      },
      {
        admit: () => 'serve',
        onRequest: (request, flow) => {
          this.#invite = request;
          this.#flow = flow;
        },
        onMalformed: () => {},
        onKeepAlive: () => {},
        onConnectionClosed: () => {},
      },
    );
    this.options = {
      ...{ stack: this.stack, clock: this.clock, timers: defaultTimers, contactUser: 'us', credentials: undefined },
      onUnwantedChallenge: () => {},
      random: seededRandom(3),
      sessionTimer: { intervalS: 0, minS: 90 },
      use100rel: true,
      checkSource: () => 'ok',
      signalling: { valid: () => {}, invalid: () => {} },
      mayAcknowledge: () => true,
      namedHops: () => [],
      movedTo: () => undefined,
    };
  }

  async start(): Promise<this> {
    await this.stack.listen('udp', server);
    this.#peer = await this.network.bindUdp(peer, (octets) => {
      this.got.push({ atMs: this.clock.monotonicMs(), message: messageOf(octets.toString('latin1')) });
    });
    return this;
  }

  send(text: string): void {
    this.#peer?.send(Buffer.from(text, 'latin1'), server);
    this.clock.advance(5);
  }

  /** The peer calls; the session that answers it has sent its 200 and has no ACK yet. */
  answered(): Session {
    this.send(requestText('INVITE', { fromTag: 'theirs', headers: [contact] }));
    assert.ok(this.#invite !== undefined && this.#flow !== undefined);
    const session = new Session(
      this.options,
      Dialog.fromRequest(this.#invite, 'ours'),
      this.#flow,
      start,
      this.observer,
    );
    session.confirm();
    this.stack.dialogs.add('ours', session);
    const response = this.stack.response(this.#invite, 200, 'ours', session.successHeaders());
    session.sendSuccess(this.stack.openInvite(this.#invite, this.#flow), response);
    this.clock.advance(5);
    return session;
  }

  acknowledge(): void {
    this.send(requestText('ACK', { ...inDialog, branch: 'z9hG4bKack' }));
  }

  /** The peer answers the last request of this method that it got. */
  respond(method: string, status: number, tag = 'theirs'): void {
    const { message } =
      this.got.findLast((one) => one.message.kind === 'request' && isMethod(one.message, method)) ?? {};
    assert.ok(message?.kind === 'request', `the peer got no ${method}`);
    const response = withToTag(createResponse(message, status), tag);
    response.headers.append('contact', '<sip:100@198.51.100.1:5062>');
    this.send(serialise(method === 'INVITE' && status === 200 ? withSdp(response, sdp) : response));
  }

  get observer(): {
    onOffer(): void;
    onOfferWanted(): void;
    onPassed(): void;
    onEnd(end: { readonly cause: string }): void;
  } {
    return {
      onOffer: () => {},
      onOfferWanted: () => {},
      onPassed: () => {},
      onEnd: ({ cause }) => this.ends.push(cause),
    };
  }

  timesOf(method: string): readonly number[] {
    return this.got.filter(({ message }) => isMethod(message, method)).map(({ atMs }) => atMs);
  }

  statuses(method: string): readonly number[] {
    return this.got.flatMap(({ message }) =>
      message.kind === 'response' && message.cseq.method === method ? [message.status] : [],
    );
  }

  /** Nothing is left of the leg: no dialog, and no transaction once their timers are over. */
  assertForgotten(): void {
    this.clock.advance(70_000);
    assert.deepEqual([this.stack.dialogs.size, this.stack.transactionCount, this.clock.pendingCount], [0, 0, 0]);
  }
}

function isMethod(message: SipMessage, method: string): boolean {
  return message.kind === 'request' && message.method === method;
}

describe('a leg that ends', () => {
  it('before its 200 is acknowledged repeats the 200, and says BYE when the ACK has come', async () => {
    const bench = await new Bench().start();
    const session = bench.answered();
    let isDone = false;
    session.end([], () => {
      isDone = true;
    });
    bench.clock.advance(4000);
    assert.deepEqual([bench.timesOf('BYE'), bench.statuses('INVITE').length > 2, isDone], [[], true, false]);
    bench.acknowledge();
    assert.equal(bench.timesOf('BYE').length, 1);
    bench.respond('BYE', 200);
    assert.equal(isDone, true);
    bench.assertForgotten();
  });

  it('before its 200 is acknowledged says BYE after 32 s all the same', async () => {
    const bench = await new Bench().start();
    bench.answered().end([]);
    bench.clock.advance(33_000);
    assert.ok(bench.timesOf('BYE').length > 0);
    assert.deepEqual(bench.ends, []);
    bench.assertForgotten();
  });

  it('while it waits for the ACK is over at once when the peer says BYE itself', async () => {
    const bench = await new Bench().start();
    let isDone = false;
    bench.answered().end([], () => {
      isDone = true;
    });
    bench.send(requestText('BYE', { ...inDialog, branch: 'z9hG4bKbye', seq: 2 }));
    assert.deepEqual([bench.statuses('BYE'), isDone], [[200], true]);
    bench.clock.advance(40_000);
    assert.deepEqual(bench.timesOf('BYE'), []);
    bench.assertForgotten();
  });

  it('refuses a re-INVITE that still waits, with 487', async () => {
    const bench = await new Bench().start();
    const session = bench.answered();
    bench.acknowledge();
    const headers = [contact, 'Content-Type: application/sdp'];
    bench.send(requestText('INVITE', { ...inDialog, branch: 'z9hG4bKre', seq: 2, headers, body: sdp }));
    session.end([]);
    bench.clock.advance(5);
    assert.equal(bench.statuses('INVITE').at(-1), 487);
    bench.respond('BYE', 200);
    bench.assertForgotten();
  });

  it('forgets its own re-INVITE that the peer answers with 100 and nothing more', async () => {
    const bench = await new Bench().start();
    const session = bench.answered();
    bench.acknowledge();
    const outcomes: unknown[] = [];
    session.offer(sdp, 'INVITE', (outcome) => outcomes.push(outcome));
    bench.clock.advance(5);
    bench.respond('INVITE', 100);
    bench.clock.advance(100_000);
    session.end([]);
    bench.clock.advance(5);
    bench.respond('BYE', 200);
    bench.assertForgotten();
    assert.deepEqual(outcomes, [{ status: 408 }]);
  });
});

describe('a peer that has lost the dialog', () => {
  for (const [what, answer] of [
    ['answers 481', (bench: Bench) => bench.respond('INFO', 481)],
    ['does not answer for 32 s', (bench: Bench) => bench.clock.advance(32_000)],
  ] as const) {
    it(`ends the leg when it ${what} to a request that was passed to it`, async () => {
      const bench = await new Bench().start();
      const session = bench.answered();
      bench.acknowledge();
      const statuses: number[] = [];
      const passed = { method: 'INFO', contentType: 'text/plain', body: 'x', headers: [] } as const;
      session.pass({ ...passed, respond: (status) => statuses.push(status) });
      bench.clock.advance(5);
      answer(bench);
      bench.clock.advance(5);
      assert.deepEqual([bench.ends, bench.timesOf('BYE').length], [['no answer to request'], 1]);
      assert.equal(statuses.length, 1);
      bench.assertForgotten();
    });
  }
});

describe('a callee’s leg', () => {
  const dialled = async (): Promise<{ readonly bench: Bench; readonly leg: OutboundLeg }> => {
    const bench = await new Bench().start();
    const flow = bench.stack.flowTo('udp', peer);
    assert.ok(flow !== undefined);
    const invite = requestOf('INVITE');
    const spec = { requestUri: invite.uri, from: '<sip:us@192.0.2.1>', to: '<sip:200@192.0.2.1>', routes: [] };
    const leg = new OutboundLeg(flow, { ...spec, maxForwards: 70, sdp, reliable: true, headers: [] }, bench.options, {
      ...bench.observer,
      onProgress: () => {},
      onAnswer: () => {},
      onRefused: () => {},
      onLateAnswer: () => {},
      onGone: () => {},
    });
    leg.dial();
    bench.clock.advance(5);
    return { bench, leg };
  };

  it('that is over leaves no dialog when a second phone answers late', async () => {
    const { bench, leg } = await dialled();
    bench.respond('INVITE', 200, 'first');
    assert.ok(leg.dialog !== undefined);
    leg.end([]);
    bench.respond('INVITE', 200, 'second');
    assert.deepEqual([bench.timesOf('ACK').length, bench.timesOf('BYE').length], [2, 2]);
    bench.assertForgotten();
  });

  it('that hangs up before its answer is acknowledged gets the ACK all the same, and for each repeated answer again', async () => {
    const { bench, leg } = await dialled();
    bench.respond('INVITE', 200, 'first');
    bench.send(requestText('BYE', { fromTag: 'first', toTag: leg.localTag, callId: leg.callId }));
    assert.deepEqual([bench.ends, bench.timesOf('ACK').length], [['bye'], 1]);
    bench.respond('INVITE', 200, 'first');
    assert.deepEqual([bench.timesOf('ACK').length, bench.timesOf('BYE').length], [2, 0]);
    bench.assertForgotten();
  });
});
