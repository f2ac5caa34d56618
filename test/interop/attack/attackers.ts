import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { writeRtp } from '../../../src/media/index.ts';
import type { Environment } from '../kit/environment.ts';

/** Opens connections from one address, a few at a time, and leaves them open and silent. */
export async function floodOfConnections(
  env: Environment,
  from: string,
  count: number,
  durationMs: number,
): Promise<void> {
  const pauseMs = durationMs / count;
  for (let opened = 0; opened < count; opened++) {
    const socket = connect({ host: env.serverAddress, port: 5060, localAddress: from });
    socket.on('error', () => {});
    env.atEnd(async () => {
      socket.destroy();
    });
    await wait(pauseMs);
  }
}

/** Sends RTP of one source to every port of a range, over and over. */
export async function sprayMedia(
  env: Environment,
  from: string,
  [first, last]: readonly [number, number],
  durationMs: number,
): Promise<void> {
  const socket = createSocket('udp4');
  socket.bind(9000, from);
  await once(socket, 'listening');
  env.atEnd(async () => {
    socket.close();
  });
  const untilMs = performance.now() + durationMs;
  for (let sequence = 0; performance.now() < untilMs; sequence++) {
    const header = {
      payloadType: 0,
      marker: false,
      sequenceNumber: sequence & 65_535,
      timestamp: sequence * 160,
      ssrc: 9,
    };
    const packet = writeRtp(header, new Uint8Array(160));
    for (let port = first; port <= last; port++) socket.send(packet, port, env.serverAddress);
    await wait(200);
  }
}
