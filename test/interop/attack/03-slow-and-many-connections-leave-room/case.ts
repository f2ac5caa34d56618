import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { CleanPair } from '../../kit/clean-pair.ts';
import type { Environment } from '../../kit/environment.ts';
import { register } from '../../kit/office.ts';
import { OperatorView } from '../../kit/operator-view.ts';
import { until } from '../../kit/until.ts';
import { token } from '../../hostile/rogue-peer.ts';

export const title =
  'connections by the thousand, bytes one a second, half messages and handshakes that never end hold no more than their share, and phones call on over UDP and TCP meanwhile';

const halfMessageS = 3;
const floodPerAddress = 100;
const floodAddresses = 20;
const floodFromOne = 1000;
const perSource = 20;

export async function run(env: Environment): Promise<void> {
  const { serverAddress } = env;
  const view = await OperatorView.start(env, { max_half_message_time: String(halfMessageS) });
  const pair = await CleanPair.start(env);
  const network = serverAddress.slice(0, serverAddress.lastIndexOf('.'));
  const sockets: Socket[] = [];
  env.atEnd(async () => {
    for (const socket of sockets) socket.destroy();
  });
  const open = (from: string, port = 5060): Socket => {
    const socket = connect({ host: serverAddress, port, localAddress: from });
    socket.on('error', () => {});
    sockets.push(socket);
    return socket;
  };

  // A phone that is there before the flood: its connection stays.
  const phone = open(env.address('bobsOther'));
  const answers: string[] = [];
  phone.on('data', (octets: Buffer) => answers.push(octets.toString('latin1')));
  const ask = async (): Promise<void> => {
    const callId = token();
    phone.write(options(serverAddress, callId));
    await until('the connection of a phone is answered', 3000, () => answers.some((text) => text.includes(callId)));
  };
  await ask();

  const slow = open(`${network}.80`);
  const half = open(`${network}.81`);
  const gone = { slow: false, half: false };
  slow.on('close', () => {
    gone.slow = true;
  });
  half.on('close', () => {
    gone.half = true;
  });
  const message = options(serverAddress, token());
  let at = 0;
  const drip = setInterval(() => slow.write(message.charAt(at++ % message.length)), 1000);
  env.atEnd(async () => clearInterval(drip));
  half.write(message.slice(0, 120));

  for (let opened = 0; opened < floodFromOne; opened++) {
    open(`${network}.90`);
    if (opened % 100 === 99) await wait(10);
  }
  for (let address = 0; address < floodAddresses; address++) {
    for (let opened = 0; opened < floodPerAddress; opened++) {
      const port = opened % 2 === 0 ? 5060 : 5061;
      const socket = open(`${network}.${100 + address}`, port);
      // The first octets of a handshake that is never finished.
      if (port === 5061) socket.write(Buffer.from('160301020001', 'hex'));
    }
    await wait(10);
  }
  await wait(500);
  const held = await view.metric('tcp_connections');
  assert.ok(held <= (floodAddresses + 4) * perSource, `${held} connections are held`);
  await ask();
  await pair.call();
  await register(env, 'bobsOther', {
    transport: 'tcp',
    localPort: 5070,
    variables: { user: 'carol', username: 'carol' },
  });
  await until('slow and half messages are hung up on', (halfMessageS + 3) * 1000, () => gone.slow && gone.half);
  await ask();
  await pair.register();
  await pair.call();
  const refused = await view.metric('bound_refusals_total{bound="connections"}');
  assert.ok(refused >= floodFromOne, `${refused} connections were refused`);
}

function options(server: string, callId: string): string {
  return (
    `OPTIONS sip:${server} SIP/2.0\r\nVia: SIP/2.0/TCP phone.example;branch=z9hG4bK${token()}\r\nMax-Forwards: 70\r\n` +
    `From: <sip:x@phone.example>;tag=1\r\nTo: <sip:${server}>\r\nCall-ID: ${callId}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`
  );
}
