import type { Endpoint } from '../../src/base/net/endpoint.ts';
import type { Random } from '../../src/base/random/random.ts';
import type { Clock } from '../../src/base/time/clock.ts';
import { sdpContentType } from '../../src/media/index.ts';
import { Dialog, readRAck, ReliableSender, SuccessRepeater } from '../../src/sip/dialog/index.ts';
import { buildChallenges } from '../../src/sip/digest/index.ts';
import { HeaderList, namesToken, SipRequest, SipResponse } from '../../src/sip/message/index.ts';
import { type DialogOwner, SipStack } from '../../src/sip/stack/index.ts';
import { defaultTimers, type InviteServerTransaction } from '../../src/sip/transaction/index.ts';
import { defaultTransportLimits, type Flow, type Network } from '../../src/sip/transport/index.ts';

const refusals = [302, 403, 404, 480, 486, 488, 500, 503, 503, 600, 603] as const;

/** To this country every carrier is congested half of the time, so that a call fails on each of its routes. */
const congestedPrefix = 'sip:0044';

/** A SIP server of a carrier: answers, refuses, redirects, forks, falls silent or hangs up, as chance says. */
export class ScriptedTrunk {
  readonly stack: SipStack;
  readonly legs: TrunkLeg[] = [];
  readonly earlyDialogs: EarlyTrunkDialog[] = [];
  readonly realm: string;
  readonly #local: Endpoint;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(network: Network, clock: Clock, random: Random, local: Endpoint, realm: string) {
    this.#local = local;
    this.#clock = clock;
    this.#random = random;
    this.realm = realm;
    this.stack = new SipStack(
      {
        ...{ network, clock, random, timers: defaultTimers, transportLimits: defaultTransportLimits },
        bounds: { maxTransactions: 10_000 },
        advertise: () => local,
        forceRport: () => true,
        serverName: 'carrier',
        onFault: (error) => {
          throw error;
        },
      },
      {
        admit: () => 'serve',
        onRequest: (request, flow) => this.#onRequest(request, flow),
        onMalformed: () => {},
        onKeepAlive: () => {},
        onConnectionClosed: () => {},
      },
    );
  }

  async start(): Promise<void> {
    await this.stack.listen('udp', this.#local);
  }

  /** Legs that the carrier takes to be connected. */
  get connected(): readonly TrunkLeg[] {
    return this.legs.filter((leg) => leg.isUp);
  }

  close(): void {
    for (const leg of this.legs) leg.stop();
    for (const early of this.earlyDialogs) early.sender.stop();
    this.stack.close();
  }

  #onRequest(request: SipRequest, flow: Flow): void {
    if (request.method !== 'INVITE') return this.stack.reply(request, flow, request.method === 'OPTIONS' ? 200 : 481);
    const draw = this.#random.below(100);
    if (draw < 8) return;
    const transaction = this.stack.openInvite(request, flow);
    const tag = this.stack.newTag();
    const respond = (status: number, headers?: HeaderList): void => {
      if (transaction.open) transaction.respond(this.stack.response(request, status, tag, headers));
    };
    transaction.attach({ onCancel: () => respond(487), onAckTimeout: () => {} });
    if (this.realm !== '' && !request.headers.has('proxy-authorization')) return this.#challenge(respond);
    if (draw < 90) respond(100);
    const later = (maxMs: number, act: () => void): void => {
      this.#clock.after(this.#random.below(maxMs), act);
    };
    if (draw < 14) return;
    if (request.uri.startsWith(congestedPrefix) && this.#random.below(2) === 0) return respond(503);
    if (draw < 40) return later(3000, () => respond(refusals[this.#random.below(refusals.length)] ?? 503));
    later(2000, () => this.#ring(transaction, tag, draw));
    if (draw < 50) return;
    later(15_000, () => this.#answer(transaction, flow, tag, draw));
  }

  #challenge(respond: (status: number, headers: HeaderList) => void): void {
    const headers = new HeaderList();
    const challenge = { realm: this.realm, nonce: this.#random.hex(8), stale: false, qop: true } as const;
    for (const value of buildChallenges({ ...challenge, algorithms: ['MD5'] })) {
      headers.append('proxy-authenticate', value);
    }
    respond(407, headers);
  }

  #ring(transaction: InviteServerTransaction, tag: string, draw: number): void {
    if (!transaction.open) return;
    const status = draw % 2 === 0 ? 183 : 180;
    const { request } = transaction;
    const plain = this.stack.response(request, status, tag, this.#contact(transaction.flow));
    const response = status === 183 ? withSdp(plain, this.sdp()) : plain;
    if (draw % 4 < 2 || !namesToken(request.headers, 'supported', '100rel')) return transaction.respond(response);
    const sender = new ReliableSender({
      ...{ clock: this.#clock, timers: defaultTimers, inviteSeq: request.cseq.seq },
      firstRSeq: 1 + this.#random.below(1000),
      send: (one) => {
        if (transaction.open) transaction.respond(one);
      },
      onTimeout: () => {
        if (transaction.open) transaction.respond(this.stack.response(request, 504, tag));
      },
    });
    sender.send(response, status === 183);
    const early = new EarlyTrunkDialog(this, request, tag, transaction.flow, sender, this.#random);
    this.earlyDialogs.push(early);
    this.stack.dialogs.add(tag, early);
  }

  #answer(transaction: InviteServerTransaction, flow: Flow, tag: string, draw: number): void {
    if (!transaction.open) return;
    // One in twelve answers comes from two phones behind the carrier, one in twenty has no SDP.
    const tags = draw % 12 === 0 ? [tag, this.stack.newTag()] : [tag];
    const early = this.earlyDialogs.find((one) => one.localTag === tag);
    // RFC 3262 §3: no 2xx before the PRACK of what carried SDP.
    if (early?.sender.isClear === false) {
      this.#clock.after(1000, () => this.#answer(transaction, flow, tag, draw));
      return;
    }
    early?.sender.stop();
    for (const own of tags) {
      const leg = new TrunkLeg(this, Dialog.fromRequest(transaction.request, own), flow, this.#clock, this.#random);
      this.legs.push(leg);
      const plain = this.stack.response(transaction.request, 200, own, this.#contact(flow));
      this.#agreeOnTimer(transaction.request, plain, leg, draw);
      leg.succeed(transaction, draw % 20 === 0 ? plain : withSdp(plain, this.sdp()));
      const hangUpAfterMs = this.#random.below(draw % 2 === 0 ? 1500 : 120_000);
      if (draw % 3 === 0) this.#clock.after(hangUpAfterMs, () => leg.hangUp());
    }
  }

  /** Some know session timers: one in two of those takes the refresh upon itself, and one in four of these forgets it. */
  #agreeOnTimer(request: SipRequest, response: SipResponse, leg: TrunkLeg, draw: number): void {
    const asked = Number.parseInt(request.headers.get('session-expires') ?? '0', 10);
    if (asked === 0 || draw % 3 === 0) return;
    const refreshes = draw % 2 === 0;
    response.headers.append('session-expires', `${asked};refresher=${refreshes ? 'uas' : 'uac'}`);
    response.headers.append('require', 'timer');
    if (refreshes && this.#random.below(4) > 0) leg.refreshEvery(asked * 500);
  }

  #contact(flow: Flow): HeaderList {
    return new HeaderList()
      .append('contact', this.stack.contact(flow, 'carrier'))
      .append(
        'allow',
        this.#random.below(2) === 0 ? 'INVITE, ACK, BYE, CANCEL' : 'INVITE, ACK, BYE, CANCEL, UPDATE, PRACK',
      );
  }

  sdp(): string {
    const { address } = this.#local;
    const port = 4000 + 2 * this.#random.below(1000);
    const origin = `o=- ${this.#random.below(100_000)} 1 IN IP4 ${address}`;
    return `v=0\r\n${origin}\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\n`;
  }
}

/** A dialog that is not answered: takes PRACK and UPDATE, and now and then sends an UPDATE of its own. */
class EarlyTrunkDialog implements DialogOwner {
  readonly callId: string;
  readonly remoteTag: string;
  readonly localTag: string;
  readonly sender: ReliableSender;
  readonly #trunk: ScriptedTrunk;
  readonly #dialog: Dialog;
  readonly #flow: Flow;
  readonly #random: Random;

  constructor(
    trunk: ScriptedTrunk,
    invite: SipRequest,
    localTag: string,
    flow: Flow,
    sender: ReliableSender,
    random: Random,
  ) {
    this.#trunk = trunk;
    this.#dialog = Dialog.fromRequest(invite, localTag);
    this.#flow = flow;
    this.#random = random;
    this.callId = invite.callId;
    this.remoteTag = invite.fromTag ?? '';
    this.localTag = localTag;
    this.sender = sender;
  }

  onAck(): void {}

  onRequest(request: SipRequest, flow: Flow): void {
    const { stack } = this.#trunk;
    const rack = request.method === 'PRACK' ? readRAck(request.headers) : undefined;
    const isTaken = rack === undefined ? request.method !== 'PRACK' : this.sender.sentFor(rack) !== undefined;
    if (rack !== undefined && isTaken) this.sender.acknowledge();
    const plain = stack.response(request, isTaken ? 200 : 481, this.localTag);
    const offers = request.method === 'UPDATE' && request.body !== '';
    stack.openRequest(request, flow).respond(offers ? withSdp(plain, this.#trunk.sdp()) : plain);
    if (rack !== undefined && isTaken && this.#random.below(3) === 0) this.#update();
  }

  #update(): void {
    const { stack, sdp } = { stack: this.#trunk.stack, sdp: this.#trunk.sdp() };
    const plain = this.#dialog.createRequest('UPDATE');
    plain.headers.append('contact', stack.contact(this.#flow, 'carrier')).append('content-type', sdpContentType);
    const update = new SipRequest('UPDATE', plain.uri, plain.headers, this.#random.below(2) === 0 ? sdp : '');
    stack.sendRequest(update, this.#flow, { onResponse: () => {}, onTimeout: () => {} });
  }
}

/** One dialog of the carrier. */
export class TrunkLeg implements DialogOwner {
  readonly callId: string;
  readonly remoteTag: string;
  readonly answeredAtMs: number;
  isUp = true;
  #isLeaving = false;
  gotBye = false;
  sentBye = false;
  readonly #trunk: ScriptedTrunk;
  readonly #dialog: Dialog;
  readonly #flow: Flow;
  readonly #clock: Clock;
  readonly #random: Random;
  #repeater: SuccessRepeater | undefined;

  constructor(trunk: ScriptedTrunk, dialog: Dialog, flow: Flow, clock: Clock, random: Random) {
    this.#trunk = trunk;
    this.#dialog = dialog;
    this.#flow = flow;
    this.#clock = clock;
    this.#random = random;
    this.callId = dialog.callId;
    this.remoteTag = dialog.remoteTag;
    this.answeredAtMs = clock.wallMs();
    trunk.stack.dialogs.add(dialog.localTag, this);
  }

  get localTag(): string {
    return this.#dialog.localTag;
  }

  succeed(transaction: InviteServerTransaction, response: SipResponse): void {
    this.#repeater?.stop();
    this.#repeater = new SuccessRepeater(this.#clock, defaultTimers, transaction.request.cseq.seq, () =>
      transaction.respond(response),
    );
    this.#repeater.start(() => this.hangUp());
  }

  onAck(request: SipRequest): void {
    this.#repeater?.acknowledge(request.cseq.seq);
    if (this.#isLeaving) this.hangUp();
  }

  onRequest(request: SipRequest, flow: Flow): void {
    const { stack } = this.#trunk;
    if (request.method === 'INVITE') return this.#onReinvite(request, flow);
    stack.openRequest(request, flow).respond(stack.response(request, 200, this.#dialog.localTag));
    if (request.method !== 'BYE') return;
    this.gotBye = true;
    this.stop();
  }

  /** Refreshes the session by UPDATE or re-INVITE, whichever comes to mind. */
  refreshEvery(intervalMs: number): void {
    this.#clock.after(intervalMs, () => {
      if (!this.isUp) return;
      const { stack } = this.#trunk;
      const plain = this.#dialog.createRequest('UPDATE');
      plain.headers
        .append('contact', stack.contact(this.#flow, 'carrier'))
        .append('supported', 'timer')
        .append('session-expires', `${Math.floor(intervalMs / 500)};refresher=uac`);
      stack.sendRequest(plain, this.#flow, { onResponse: () => {}, onTimeout: () => {} });
      this.refreshEvery(intervalMs);
    });
  }

  hangUp(): void {
    if (!this.isUp) return;
    // RFC 3261 §15: a callee waits for the ACK before it says BYE.
    this.#isLeaving = true;
    if (this.#repeater?.waiting === true) return;
    this.sentBye = true;
    this.stop();
    const { stack } = this.#trunk;
    stack.sendRequest(this.#dialog.createRequest('BYE'), this.#flow, { onResponse: () => {}, onTimeout: () => {} });
  }

  stop(): void {
    this.isUp = false;
    this.#repeater?.stop();
    this.#trunk.stack.dialogs.remove(this.#dialog.localTag);
  }

  /** Answers, refuses, or gets stuck on it for ever. */
  #onReinvite(request: SipRequest, flow: Flow): void {
    const { stack } = this.#trunk;
    const draw = this.#random.below(10);
    const transaction = stack.openInvite(request, flow);
    const status = draw === 0 ? 488 : draw === 1 ? 491 : draw === 2 ? 100 : 200;
    const headers = new HeaderList().append('contact', stack.contact(flow, 'carrier'));
    const response = stack.response(request, status, this.#dialog.localTag, headers);
    if (status === 200) this.succeed(transaction, withSdp(response, this.#trunk.sdp()));
    else transaction.respond(response);
  }
}

function withSdp(response: SipResponse, sdp: string): SipResponse {
  response.headers.set('content-type', sdpContentType);
  return new SipResponse(response.status, response.reason, response.headers, sdp);
}
