import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Environment } from '../../kit/environment.ts';
import { office, register } from '../../kit/office.ts';
import { token } from '../rogue-peer.ts';

export const title = 'strangers who fill all TCP connections with valid questions make room for a phone that registers';
export const alone = true;

const maxConnections = 40;

export async function run(env: Environment): Promise<void> {
  const { serverAddress } = env;
  await env.startServer(office(env), { max_tcp_connections: String(maxConnections) });
  const network = serverAddress.slice(0, serverAddress.lastIndexOf('.'));
  const sockets: Socket[] = [];
  env.atEnd(async () => {
    for (const socket of sockets) socket.destroy();
  });
  for (let at = 0; at < maxConnections + 10; at++) {
    sockets.push(await askAndStay(`${network}.${100 + Math.floor(at / 10)}`, serverAddress));
  }
  await wait(300);
  const phone = await register(env, 'alice', { transport: 'tcp' });
  assert.ok(phone.messages().some(({ text }) => text.startsWith('SIP/2.0 200')));
}

/** One valid question on a connection that then stays open. */
function askAndStay(from: string, server: string): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect({ host: server, port: 5060, localAddress: from });
    socket.on('error', () => {});
    socket.on('close', () => resolve(socket));
    socket.once('data', () => resolve(socket));
    socket.write(
      `OPTIONS sip:${server} SIP/2.0\r\nVia: SIP/2.0/TCP ${from};branch=z9hG4bK${token()}\r\nMax-Forwards: 70\r\n` +
        `From: <sip:x@${from}>;tag=1\r\nTo: <sip:${server}>\r\nCall-ID: ${token()}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`,
    );
  });
}
