import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { writeRtp } from '../../../../src/media/index.ts';
import { CleanPair } from '../../kit/clean-pair.ts';
import type { Environment } from '../../kit/environment.ts';
import { OperatorView } from '../../kit/operator-view.ts';
import { until } from '../../kit/until.ts';

export const title =
  'a stranger who sends RTP and RTCP to every media port hears nothing, is not heard, moves no stream, and is told to the operator [media.checkrtpaddr]';

const firstPort = 20_000;
const lastPort = 20_400;
const rounds = 60;

/** A socket that speaks and listens as the media of a phone, or of a stranger. */
class Speaker {
  readonly heard: string[] = [];
  readonly #socket: Socket;
  readonly #server: string;
  readonly #ssrc: number;
  #sequence = 0;

  private constructor(socket: Socket, server: string, ssrc: number) {
    this.#socket = socket;
    this.#server = server;
    this.#ssrc = ssrc;
    socket.on('message', (packet) => this.heard.push(packet.toString('latin1', 12)));
  }

  static async at(env: Environment, address: string, port: number, ssrc: number): Promise<Speaker> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1_000_000 });
    socket.bind(port, address);
    await once(socket, 'listening');
    env.atEnd(async () => {
      socket.close();
    });
    return new Speaker(socket, env.serverAddress, ssrc);
  }

  say(text: string, port: number): void {
    const header = { payloadType: 0, marker: false, timestamp: this.#sequence * 160, ssrc: this.#ssrc };
    const packet = writeRtp({ ...header, sequenceNumber: this.#sequence++ & 65_535 }, Buffer.from(text.padEnd(160)));
    this.#socket.send(packet, port, this.#server);
  }

  /** A receiver report. */
  report(port: number): void {
    const packet = Buffer.alloc(8);
    packet.writeUInt16BE(0x80c9, 0);
    packet.writeUInt16BE(1, 2);
    packet.writeUInt32BE(this.#ssrc, 4);
    this.#socket.send(packet, port, this.#server);
  }
}

export async function run(env: Environment): Promise<void> {
  const view = await OperatorView.start(env, { start_rtp_port: String(firstPort), end_rtp_port: String(lastPort) });
  const pair = await CleanPair.start(env);
  const call = await pair.connect();
  const alice = await Speaker.at(env, pair.alice.address, 30_000, 1);
  const bob = await Speaker.at(env, pair.bob.address, 31_000, 2);
  const stranger = await Speaker.at(env, env.address('stranger'), 9000, 3);
  // A stranger whose SSRC and numbers are those of the caller.
  const mimic = await Speaker.at(env, env.address('stranger'), 9002, 1);
  // Another phone of alice's office: her address, and another port.
  const neighbour = await Speaker.at(env, pair.alice.address, 30_444, 4);
  const talk = async (count: number, meanwhile: () => void): Promise<void> => {
    for (let sent = 0; sent < count; sent++) {
      alice.say('alice', call.relayForAlice);
      bob.say('bob', call.relayForBob);
      meanwhile();
      await wait(20);
    }
  };
  await talk(12, () => {});
  const ports = [call.relayForAlice, call.relayForBob];
  await talk(rounds, () => {
    for (const port of ports) {
      for (const foreign of [stranger, mimic, neighbour]) {
        foreign.say('evil', port);
        foreign.report(port + 1);
        foreign.report(port);
      }
    }
  });
  for (let port = firstPort; port <= lastPort; port++) stranger.say('evil', port);
  await talk(20, () => {});
  await wait(100);

  for (const foreign of [stranger, mimic, neighbour]) assert.deepEqual(foreign.heard, [], 'a stranger hears nothing');
  for (const [phone, other, name] of [
    [alice, bob, 'bob'],
    [bob, alice, 'alice'],
  ] as const) {
    const voices = new Set(phone.heard.filter((text) => text.length === 160).map((text) => text.trim()));
    assert.deepEqual([...voices], [name], `all that is heard is ${name}`);
    assert.ok(phone.heard.length >= rounds, `${phone.heard.length} packets of ${other.heard.length}`);
  }
  await pair.assertUp(call);
  await until('the stranger is told', 3000, async () => (await view.findings('injected media')) > 0);
  const foreign = 'media_packets_dropped_total{cause="foreign"}';
  await until('all of it is counted', 3000, async () => (await view.metric(foreign)) >= rounds * 2 * 3);
  // The relay reports once a second: what came to ports without a call is known a moment after it was dropped.
  const noCall = 'media_packets_dropped_total{cause="no call"}';
  await until('what came to other ports is counted', 3000, async () => (await view.metric(noCall)) > 0);
  const line = view.server
    .log()
    .split('\n')
    .find((each) => each.includes('media of a stranger dropped'));
  assert.ok(line?.includes(env.address('stranger')), line ?? 'no line in the log');
  await pair.hangUp(call);
  const cdr = await view.server.onlyCdr();
  assert.deepEqual([cdr.cause, cdr.endedBy], ['answered', 'caller']);
  await view.assertNotStopped(pair.alice.address);
}
