import type { Secret } from '../base/log/secret.ts';
import { bracketed, type Endpoint } from '../base/net/endpoint.ts';
import type { Random } from '../base/random/random.ts';
import { assert } from '../base/result/assert.ts';
import { fail, ok, type Result } from '../base/result/result.ts';
import type { Clock } from '../base/time/clock.ts';
import { displayText, formatUri, HeaderList, parseUri, SipRequest, toOctets } from '../sip/message/index.ts';
import { allowedMethods, SipStack } from '../sip/stack/index.ts';
import { defaultTimers, type TimerValues } from '../sip/transaction/index.ts';
import { defaultTransportLimits, type Flow, type Network, type TransportName } from '../sip/transport/index.ts';
import { failureOf, sendRequest } from './client-request.ts';
import { audioLine, type Line, silentLine } from './line.ts';
import { requestWithBody } from './message-body.ts';
import { type AnswerPolicy, PhoneCall } from './phone-call.ts';
import type { PhoneContext, PhoneFailure } from './phone-context.ts';
import { PhoneCredentials } from './phone-credentials.ts';
import { type Registered, Registration } from './registration.ts';
import { openRtpPort } from './rtp-port.ts';
import type { Voice } from './tone.ts';

export interface PhoneOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  /** Our numeric address, which also goes into Contact and SDP; port 0 for any. */
  readonly local: Endpoint;
  /** Everything goes to it, and nothing is taken from other addresses. */
  readonly server: Endpoint;
  readonly transport: TransportName;
  readonly user: string;
  readonly password: Secret<string>;
  /** Host of our address of record and of bare numbers that are called. */
  readonly domain: string;
  /** The only realm whose challenges are answered. */
  readonly realm: string;
  /** Calls at once; one more is refused with 486. */
  readonly lines: number;
  /** What the phone says; undefined for one without audio, which binds no ports and sends no RTP. */
  readonly voice: Voice | undefined;
  readonly timers?: TimerValues;
}

/** A softphone for the demo, for simulations and for load: one account, one transport, PCMU. */
export class Phone {
  /** What happens to calls that come in. */
  policy: AnswerPolicy = { ringMs: 0, answer: true };
  /** Told of each incoming call before the policy is applied to it. */
  onIncoming: (call: PhoneCall) => void = () => {};
  onMessage: (fromUri: string, text: string) => void = () => {};
  readonly #options: PhoneOptions;
  readonly #stack: SipStack;
  readonly #context: PhoneContext;
  readonly #registration: Registration;
  readonly #freeLines: Line[] = [];
  readonly #calls = new Set<PhoneCall>();
  #local: Endpoint;

  constructor(options: PhoneOptions) {
    const { network, clock, random, timers = defaultTimers, server, local, user } = options;
    this.#options = options;
    this.#local = local;
    this.#stack = new SipStack(
      {
        network,
        clock,
        random,
        timers,
        transportLimits: defaultTransportLimits,
        bounds: { maxTransactions: 10_000 },
        advertise: () => this.#local,
        forceRport: () => true,
        serverName: 'Ringfence phone',
        onFault: (error) => {
          throw error;
        },
      },
      {
        admit: ({ remote }) => (remote.address === server.address ? 'serve' : 'drop'),
        onRequest: (request, flow) => this.#onRequest(request, flow),
        onMalformed: () => {},
        onKeepAlive: () => {},
        onConnectionClosed: () => {},
      },
    );
    this.#context = {
      stack: this.#stack,
      clock,
      random,
      timers,
      credentials: new PhoneCredentials(options, random),
      user,
      address: this.#uriOf(user),
      flow: () => this.#flow(),
    };
    this.#registration = new Registration(this.#context, `sip:${bracketed(options.domain)}`);
  }

  /** Binds the sockets of the phone and of its lines; rejects with the system's error. */
  async start(): Promise<void> {
    const { network, clock, random, local, transport, lines, voice } = this.#options;
    this.#local = await this.#stack.listen(transport, local);
    for (let index = 0; index < lines; index++) {
      if (voice === undefined) this.#freeLines.push(silentLine(local.address));
      else this.#freeLines.push(audioLine(await openRtpPort(network, local.address), clock, random, voice));
    }
  }

  /** Where the phone is reached. */
  get local(): Endpoint {
    return this.#local;
  }

  get isRegistered(): boolean {
    return this.#registration.isActive;
  }

  /** Calls that have not ended. */
  get calls(): readonly PhoneCall[] {
    return [...this.#calls];
  }

  /** Registers, and stays so until `unregister` or `close`. */
  register(expiresS: number): Promise<Result<Registered, PhoneFailure>> {
    return this.#registration.register(expiresS);
  }

  unregister(): Promise<Result<Registered, PhoneFailure>> {
    return this.#registration.register(0);
  }

  /** Calls a number of our domain or a whole URI. Without a free line the call has ended when this returns. */
  call(target: string): PhoneCall {
    const line = this.#freeLines.pop();
    const local = silentLine(this.#local.address);
    const call = this.#addCall(
      new PhoneCall(this.#context, line ?? local, this.#uriOf(target), () => this.#free(call, line)),
    );
    if (line === undefined) call.abandon();
    else call.dial();
    return call;
  }

  /** Sends a text (RFC 3428); resolves when the server has taken it. */
  message(target: string, text: string): Promise<Result<undefined, PhoneFailure>> {
    const uri = this.#uriOf(target);
    const callId = this.#stack.newCallId();
    const tag = this.#stack.newTag();
    let seq = 0;
    const create = (): SipRequest => {
      seq++;
      const headers = new HeaderList()
        .append('max-forwards', '70')
        .append('from', `<${this.#context.address}>;tag=${tag}`)
        .append('to', `<${uri}>`)
        .append('call-id', callId)
        .append('cseq', `${seq} MESSAGE`);
      return requestWithBody(new SipRequest('MESSAGE', uri, headers, ''), 'text/plain;charset=utf-8', toOctets(text));
    };
    return new Promise((resolve) => {
      sendRequest(this.#context, create, (response) => {
        const isTaken = response !== undefined && response.status < 300;
        resolve(isTaken ? ok(undefined) : fail(failureOf(response)));
      });
    });
  }

  /** Switches the phone off: no BYE, no REGISTER. Promises of requests under way stay open. */
  close(): void {
    this.#registration.stop();
    for (const call of this.calls) call.abandon();
    for (const line of this.#freeLines.splice(0)) line.close();
    this.#stack.close();
  }

  #flow(): Flow {
    const { transport, server } = this.#options;
    const flow = this.#stack.flowTo(transport, server, transport === 'udp' ? this.#local : undefined);
    assert(flow !== undefined, 'a phone sends after start and before close');
    return flow;
  }

  #onRequest(request: SipRequest, flow: Flow): void {
    const { method } = request;
    if (method === 'INVITE') return this.#onInvite(request, flow);
    const isServed = method === 'OPTIONS' || method === 'MESSAGE';
    const headers = new HeaderList().append('allow', allowedMethods).append('accept', 'application/sdp, text/plain');
    const response = this.#stack.response(request, isServed ? 200 : 405, this.#stack.newTag(), headers);
    this.#stack.openRequest(request, flow).respond(response);
    if (method === 'MESSAGE') this.onMessage(request.from.uri, displayText(request.body));
  }

  #onInvite(request: SipRequest, flow: Flow): void {
    const transaction = this.#stack.openInvite(request, flow);
    const line = this.#freeLines.pop();
    if (line === undefined) return transaction.respond(this.#stack.response(request, 486, this.#stack.newTag()));
    const call = this.#addCall(new PhoneCall(this.#context, line, transaction, () => this.#free(call, line)));
    this.onIncoming(call);
    call.receive(this.policy);
  }

  #addCall(call: PhoneCall): PhoneCall {
    this.#calls.add(call);
    return call;
  }

  #free(call: PhoneCall, line: Line | undefined): void {
    this.#calls.delete(call);
    if (line !== undefined) this.#freeLines.push(line);
  }

  #uriOf(target: string): string {
    if (parseUri(target).ok) return target;
    const host = this.#options.domain;
    return formatUri({
      scheme: 'sip',
      user: toOctets(target),
      password: undefined,
      host,
      port: undefined,
      params: new Map(),
      headers: '',
    });
  }
}
