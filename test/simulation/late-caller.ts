import type { Endpoint } from '../../src/base/net/endpoint.ts';
import type { Random } from '../../src/base/random/random.ts';
import type { Clock } from '../../src/base/time/clock.ts';
import { Dialog, readRSeq, ReliableReceiver } from '../../src/sip/dialog/index.ts';
import { HeaderList, SipRequest, type SipResponse } from '../../src/sip/message/index.ts';
import { type DialogOwner, SipStack } from '../../src/sip/stack/index.ts';
import { buildCancel, defaultTimers, type InviteClientTransaction } from '../../src/sip/transaction/index.ts';
import { defaultTransportLimits, type Flow, type Network } from '../../src/sip/transport/index.ts';
import { ownNumber } from './directory.ts';

/**
 * A carrier's gateway that calls in and makes no offer, or a common one; knows reliable responses, answers in PRACK and
 * ACK, and forgets an ACK or a PRACK now and then.
 */
export class LateCaller {
  readonly stack: SipStack;
  readonly #local: Endpoint;
  readonly #server: Endpoint;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(network: Network, clock: Clock, random: Random, local: Endpoint, server: Endpoint) {
    this.#local = local;
    this.#server = server;
    this.#clock = clock;
    this.#random = random;
    this.stack = new SipStack(
      {
        ...{ network, clock, random, timers: defaultTimers, transportLimits: defaultTransportLimits },
        bounds: { maxTransactions: 10_000 },
        advertise: () => local,
        forceRport: () => true,
        serverName: 'gateway',
        onFault: (error) => {
          throw error;
        },
      },
      {
        admit: () => 'serve',
        onRequest: (request, flow) => this.stack.reply(request, flow, 481),
        onMalformed: () => {},
        onKeepAlive: () => {},
        onConnectionClosed: () => {},
      },
    );
  }

  async start(): Promise<void> {
    await this.stack.listen('udp', this.#local);
  }

  close(): void {
    this.stack.close();
  }

  /** Calls the number that belongs to a user. @returns the Call-ID. */
  call(): string {
    const flow = this.stack.flowTo('udp', this.#server);
    if (flow === undefined) return '';
    const call = new LateCall(this.stack, flow, this.#clock, this.#random, this.#local);
    call.dial(`sip:${ownNumber}@${this.#server.address}`, this.#random.below(3) > 0);
    return call.callId;
  }
}

class LateCall implements DialogOwner {
  readonly callId: string;
  readonly remoteTag = undefined;
  readonly #localTag: string;
  readonly #stack: SipStack;
  readonly #flow: Flow;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #local: Endpoint;
  readonly #early = new Map<
    string,
    { readonly dialog: Dialog; readonly receiver: ReliableReceiver; settled: boolean }
  >();
  #transaction: InviteClientTransaction | undefined;
  #dialog: Dialog | undefined;
  #hasOffer = false;
  #isOver = false;

  constructor(stack: SipStack, flow: Flow, clock: Clock, random: Random, local: Endpoint) {
    this.#stack = stack;
    this.#flow = flow;
    this.#clock = clock;
    this.#random = random;
    this.#local = local;
    this.callId = stack.newCallId();
    this.#localTag = stack.newTag();
  }

  dial(uri: string, isLate: boolean): void {
    this.#hasOffer = !isLate;
    this.#stack.dialogs.add(this.#localTag, this);
    const headers = new HeaderList()
      .append('max-forwards', '70')
      .append('from', `<sip:43188888@carrier>;tag=${this.#localTag}`)
      .append('to', `<${uri}>`)
      .append('call-id', this.callId)
      .append('cseq', '1 INVITE')
      .append('contact', this.#stack.contact(this.#flow, 'gateway'))
      .append('allow', 'INVITE, ACK, BYE, CANCEL, UPDATE, PRACK')
      .append(this.#random.below(3) === 0 ? 'require' : 'supported', '100rel')
      .append('supported', 'timer');
    if (!isLate) headers.append('content-type', 'application/sdp');
    this.#transaction = this.#stack.sendInvite(
      new SipRequest('INVITE', uri, headers, isLate ? '' : this.#sdp()),
      this.#flow,
      { onResponse: (response) => this.#onResponse(response), onTimeout: () => this.#forget() },
    );
    if (this.#random.below(4) === 0) this.#clock.after(this.#random.below(12_000), () => this.#cancel());
  }

  onAck(): void {}

  onRequest(request: SipRequest, flow: Flow): void {
    const plain = this.#stack.response(request, 200, this.#localTag);
    plain.headers.append('contact', this.#stack.contact(this.#flow, 'gateway'));
    if (request.method === 'INVITE') {
      this.#stack.openInvite(request, flow).respond(this.#stack.response(request, 488, this.#localTag));
      return;
    }
    this.#stack.openRequest(request, flow).respond(plain);
    if (request.method === 'BYE') this.#forget();
  }

  #onResponse(response: SipResponse): void {
    if (response.status >= 300) return this.#forget();
    if (response.status >= 200) return this.#onAnswer(response);
    const rseq = readRSeq(response.headers);
    const invite = this.#transaction?.request;
    if (rseq === undefined || invite === undefined) return;
    const tag = response.toTag ?? '';
    const early = this.#early.get(tag) ?? {
      ...{ dialog: Dialog.fromResponse(invite, response), receiver: new ReliableReceiver() },
      settled: this.#hasOffer,
    };
    this.#early.set(tag, early);
    // One in ten never says PRACK.
    if (!early.receiver.accept(rseq) || this.#random.below(10) === 0) return;
    const plain = early.dialog.createRequest('PRACK');
    plain.headers.append('rack', `${rseq} ${invite.cseq.seq} INVITE`);
    const owesAnswer = response.body !== '' && !early.settled;
    if (owesAnswer) {
      early.settled = true;
      plain.headers.append('content-type', 'application/sdp');
    }
    this.#send(new SipRequest('PRACK', plain.uri, plain.headers, owesAnswer ? this.#sdp() : ''));
  }

  #onAnswer(response: SipResponse): void {
    const invite = this.#transaction?.request;
    if (invite === undefined) return;
    const isFirst = this.#dialog === undefined;
    const early = this.#early.get(response.toTag ?? '');
    const dialog = this.#dialog ?? early?.dialog ?? Dialog.fromResponse(invite, response);
    this.#dialog = dialog;
    // One in twelve ACKs is forgotten for good.
    if (isFirst && this.#random.below(12) === 0) return;
    const plain = dialog.createAck(invite.cseq.seq);
    const owesAnswer = response.body !== '' && !this.#hasOffer && early?.settled !== true;
    if (owesAnswer) plain.headers.append('content-type', 'application/sdp');
    this.#stack.sendAck(new SipRequest('ACK', plain.uri, plain.headers, owesAnswer ? this.#sdp() : ''), this.#flow);
    if (!isFirst) return;
    this.#clock.after(this.#random.below(60_000), () => this.#update());
    this.#clock.after(this.#random.below(120_000), () => this.#hangUp());
  }

  #update(): void {
    const plain = this.#isOver ? undefined : this.#dialog?.createRequest('UPDATE');
    if (plain === undefined) return;
    plain.headers
      .append('contact', this.#stack.contact(this.#flow, 'gateway'))
      .append('content-type', 'application/sdp');
    this.#send(new SipRequest('UPDATE', plain.uri, plain.headers, this.#sdp()));
  }

  #cancel(): void {
    const transaction = this.#transaction;
    if (transaction?.state !== 'proceeding') return;
    const unheard = { onResponse: () => {}, onTimeout: () => {} };
    this.#stack.sendCancel(buildCancel(transaction.request, undefined), this.#flow, unheard);
  }

  #hangUp(): void {
    if (this.#isOver) return;
    const bye = this.#dialog?.createRequest('BYE');
    this.#forget();
    if (bye !== undefined) this.#send(bye);
  }

  #send(request: SipRequest): void {
    this.#stack.sendRequest(request, this.#flow, { onResponse: () => {}, onTimeout: () => {} });
  }

  #forget(): void {
    this.#isOver = true;
    this.#stack.dialogs.remove(this.#localTag);
  }

  #sdp(): string {
    const { address } = this.#local;
    const port = 6000 + 2 * this.#random.below(1000);
    return `v=0\r\no=- ${port} 1 IN IP4 ${address}\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\n`;
  }
}
