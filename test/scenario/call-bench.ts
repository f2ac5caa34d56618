import { HeaderList, SipRequest, type SipResponse } from '../../src/sip/message/index.ts';
import { type ScriptedPeer, sdp } from './scripted-peer.ts';
import { password, Stage, type StageOptions } from './stage.ts';

/** A call from alice to bob in virtual time; each side says exactly what a test tells it to. */
export class CallBench {
  readonly stage: Stage;
  readonly alice: ScriptedPeer;
  readonly bob: ScriptedPeer;
  /** Alice's INVITE as it was admitted. */
  invite: SipRequest;

  private constructor(stage: Stage, alice: ScriptedPeer, bob: ScriptedPeer, invite: SipRequest) {
    this.stage = stage;
    this.alice = alice;
    this.bob = bob;
    this.invite = invite;
  }

  /** Bob's phone has the INVITE. `given` is what alice's says beyond the plain: headers, or another body ('' for none). */
  static async dial(
    options: StageOptions = {},
    given: { readonly headers?: readonly (readonly [string, string])[]; readonly body?: string } = {},
  ): Promise<CallBench> {
    const stage = await Stage.open(options);
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    const headers = new HeaderList();
    for (const header of given.headers ?? []) headers.append(...header);
    const body = given.body ?? sdp('192.0.2.21');
    const first = alice.build('INVITE', 'sip:bob@server.example', 'alice', {
      headers,
      ...(body === '' ? {} : { body }),
    });
    alice.send(first);
    await stage.run(20);
    const challenge = alice.response('INVITE', 407);
    alice.ack(first, challenge);
    const invite = alice.authorised(first, challenge, 'alice', password);
    alice.send(invite);
    await stage.run(20);
    return new CallBench(stage, alice, bob, invite);
  }

  /** Alice, who may have a call behind her, calls bob; without `given` she says no word of what she can do. */
  static async again(
    { stage, alice, bob }: Pick<CallBench, 'stage' | 'alice' | 'bob'>,
    body: string,
    given: readonly (readonly [string, string])[] = [],
  ): Promise<CallBench> {
    const headers = new HeaderList();
    for (const header of given) headers.append(...header);
    const first = alice.build('INVITE', 'sip:bob@server.example', 'alice', {
      headers,
      ...(body === '' ? {} : { body }),
    });
    alice.send(first);
    await stage.run(20);
    const challenge = alice.response('INVITE', 407);
    alice.ack(first, challenge);
    const invite = alice.authorised(first, challenge, 'alice', password);
    alice.send(invite);
    await stage.run(20);
    return new CallBench(stage, alice, bob, invite);
  }

  /** The same, answered by bob and acknowledged by alice; `answerHeaders` are those of bob's 200. */
  static async connect(
    options: StageOptions = {},
    headers: readonly (readonly [string, string])[] = [],
    answerHeaders: readonly (readonly [string, string])[] = [],
  ): Promise<CallBench> {
    const bench = await CallBench.dial(options, { headers });
    bench.bobSays(200, { body: sdp('192.0.2.22'), headers: answerHeaders });
    await bench.run();
    bench.alice.ack(bench.invite, bench.answer);
    await bench.run();
    return bench;
  }

  run(durationMs = 20): Promise<void> {
    return this.stage.run(durationMs);
  }

  /** The newest 200 to an INVITE of alice. */
  get answer(): SipResponse {
    return this.alice.response('INVITE', 200);
  }

  /** Bob answers the newest INVITE that he got. */
  bobSays(
    status: number,
    given: {
      readonly body?: string;
      readonly headers?: readonly (readonly [string, string])[];
      readonly tag?: string;
    } = {},
  ): void {
    const headers = new HeaderList();
    for (const header of given.headers ?? []) headers.append(...header);
    this.bob.respond(this.bob.request('INVITE'), status, { ...given, headers });
  }

  /** Bob answers with a reliable provisional response. */
  bobSaysReliably(status: number, rseq: number, body?: string): void {
    const headers = [
      ['require', '100rel'],
      ['rseq', String(rseq)],
      ['allow', 'INVITE, UPDATE, PRACK, BYE'],
    ] as const;
    this.bobSays(status, { headers, ...(body === undefined ? {} : { body }) });
  }

  /** Alice acknowledges a reliable provisional response. @returns the PRACK. */
  prack(response: SipResponse, body?: string): SipRequest {
    const prack = this.alice.inDialog('PRACK', this.invite, response, body);
    prack.headers.append('rack', `${response.headers.get('rseq') ?? ''} ${this.invite.cseq.seq} INVITE`);
    this.alice.send(prack);
    return prack;
  }

  /** The ACK of a 200 with a body. */
  ackWith(response: SipResponse, body: string): void {
    const ack = this.alice.inDialogAck(this.invite, response);
    ack.headers.append('content-type', 'application/sdp');
    this.alice.send(new SipRequest('ACK', ack.uri, ack.headers, body));
  }

  /** Causes of the CDRs so far. */
  get causes(): readonly string[] {
    return this.stage.store.cdrs.map(({ cause }) => cause);
  }
}
