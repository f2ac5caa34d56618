import assert from 'node:assert/strict';
import { firstLine, RoguePeer, sdp, token } from '../hostile/rogue-peer.ts';
import type { Environment } from './environment.ts';
import { password } from './office.ts';
import { headerValue } from './sip-log.ts';

/** A call that is up, as alice needs it to speak in it. */
export interface CleanCall {
  readonly uri: string;
  readonly to: string;
  readonly callId: string;
  readonly fromTag: string;
  /** Where the server takes the media of each. */
  readonly relayForAlice: number;
  readonly relayForBob: number;
  /** The server's INVITE to bob. */
  readonly atBob: string;
}

const mediaPorts = { alice: 30_000, bob: 31_000 } as const;

/** Two phones that do nothing wrong: what they notice of an attack is the harm that it does. */
export class CleanPair {
  readonly alice: RoguePeer;
  readonly bob: RoguePeer;
  readonly #server: string;
  /** Calls that bob has had: an INVITE that was sent twice is no new one. */
  readonly #atBob = new Set<string>();
  #cseq = 10;

  private constructor(alice: RoguePeer, bob: RoguePeer, server: string) {
    this.alice = alice;
    this.bob = bob;
    this.#server = server;
  }

  /** Both are registered. */
  static async start(env: Environment): Promise<CleanPair> {
    const { serverAddress } = env;
    const alice = await RoguePeer.bind('alice', env.address('alice'), serverAddress);
    const bob = await RoguePeer.bind('bob', env.address('bob'), serverAddress);
    env.atEnd(() => alice.close());
    env.atEnd(() => bob.close());
    alice.isPatient = true;
    bob.isPatient = true;
    const pair = new CleanPair(alice, bob, serverAddress);
    await pair.register();
    return pair;
  }

  async register(): Promise<void> {
    for (const peer of [this.alice, this.bob]) {
      assert.match(firstLine(await peer.register({ user: peer.name, password })), /200/, `${peer.name} registers`);
    }
  }

  /** Alice calls bob, who answers. */
  async connect(): Promise<CleanCall> {
    const { alice, bob } = this;
    const uri = `sip:bob@${this.#server}`;
    const call = { callId: token(), fromTag: token() };
    const headers = `Contact: <sip:alice@${alice.address}>\r\nContent-Type: application/sdp\r\n`;
    const body = sdp(alice.address, mediaPorts.alice);
    const answered = alice.ask({ method: 'INVITE', uri, ...call, headers, body }, { user: 'alice', password });
    const atBob = await this.ringing();
    bob.respond(atBob, 200, sdp(bob.address, mediaPorts.bob));
    const answer = await answered;
    assert.match(firstLine(answer), /200/, 'the call is answered');
    const target = /<(.*)>/.exec(headerValue(answer, 'Contact'))?.[1] ?? '';
    const dialog = { uri: target, to: headerValue(answer, 'To'), ...call };
    alice.send(alice.request({ method: 'ACK', cseq: 2, ...dialog }));
    await bob.expect('ACK', (text) => text.startsWith('ACK') && isOf(text, atBob));
    return { ...dialog, relayForAlice: mediaPortOf(answer), relayForBob: mediaPortOf(atBob), atBob };
  }

  /** The next call that comes to bob. */
  async ringing(): Promise<string> {
    const isNew = (text: string): boolean =>
      text.startsWith('INVITE') && !this.#atBob.has(headerValue(text, 'Call-ID'));
    const invite = await this.bob.expect('INVITE', isNew);
    this.#atBob.add(headerValue(invite, 'Call-ID'));
    return invite;
  }

  /** Alice asks in the call for what both can do: it is up. */
  async assertUp({ uri, to, callId, fromTag }: CleanCall): Promise<void> {
    const cseq = this.#cseq++;
    const answer = await this.alice.ask({ method: 'OPTIONS', uri, to, callId, fromTag, cseq });
    assert.match(firstLine(answer), /200/, 'the call is up');
    assert.ok(!this.bob.received.some((text) => text.startsWith('BYE')), 'bob was not hung up on');
  }

  async hangUp({ uri, to, callId, fromTag, atBob }: CleanCall): Promise<void> {
    const { alice, bob } = this;
    const ended = alice.ask({ method: 'BYE', uri, to, callId, fromTag, cseq: this.#cseq++ });
    bob.respond(await bob.expect('BYE', (text) => text.startsWith('BYE') && isOf(text, atBob)), 200);
    assert.match(firstLine(await ended), /200/, 'the call is ended');
  }

  /** One whole call. */
  async call(): Promise<void> {
    await this.hangUp(await this.connect());
  }
}

/** Whether both are of one call. */
function isOf(text: string, other: string): boolean {
  return headerValue(text, 'Call-ID') === headerValue(other, 'Call-ID');
}

function mediaPortOf(message: string): number {
  return Number(/^m=audio (\d+)/m.exec(message)?.[1]);
}
