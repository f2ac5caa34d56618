import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer, type TLSSocket } from 'node:tls';
import { systemRandom } from '../../../../src/base/random/random.ts';
import {
  createResponse,
  defaultParseLimits,
  parseMessage,
  serialise,
  type SipRequest,
  SipResponse,
  StreamFramer,
  withToTag,
} from '../../../../src/sip/message/index.ts';
import { makeSelfSigned } from '../../../../src/tls/self-signed.ts';
import type { Environment } from '../../kit/environment.ts';
import { dial, office } from '../../kit/office.ts';
import { until } from '../../kit/until.ts';

export const title =
  'a server that died in mid-call opens TLS to the carrier anew, checks its certificate again, and ends the call on both sides';

export async function run(env: Environment): Promise<void> {
  const address = env.address('carrier');
  const material = makeSelfSigned([address], systemRandom(), Date.now());
  const data = join(env.folder, 'server', 'data');
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, 'root.pem'), material.cert);
  const carrier = await startCarrier(address, material);
  env.atEnd(carrier.stop);
  const trunk = { carrier: { port: '5061', transport: 'tls', tlstrust: 'root' } };
  const server = await env.startServer(office(env, trunk));
  const alice = dial(env, '00441234567', { timeoutS: 60 }, 'call-hung-up-on.xml');
  await until('the call is up', 15_000, async () => (await server.calls()).some(({ phase }) => phase === 'connected'));
  await until('the carrier has its ACK', 5000, () => carrier.heard.includes('ACK'));
  assert.deepEqual([carrier.connections(), carrier.heard.includes('BYE')], [1, false]);
  await server.kill();
  await server.start();
  await until('the carrier has its BYE', 15_000, () => carrier.heard.includes('BYE'));
  assert.equal(carrier.connections(), 2);
  await alice.passed();
  const { cause, endedBy } = await server.onlyCdr();
  assert.deepEqual([cause, endedBy], ['server restart', 'system']);
}

interface Carrier {
  /** Methods of the requests that came, in their order. */
  readonly heard: readonly string[];
  readonly connections: () => number;
  readonly stop: () => Promise<void>;
}

/** A carrier that answers every call, over TLS alone. */
async function startCarrier(address: string, { cert, key }: { cert: string; key: string }): Promise<Carrier> {
  const heard: string[] = [];
  const sockets: TLSSocket[] = [];
  const server = createServer({ cert, key }, (socket) => {
    sockets.push(socket);
    const framer = new StreamFramer(defaultParseLimits);
    socket.on('error', () => {});
    socket.setEncoding('latin1').on('data', (octets: string) => {
      const frames = framer.push(octets);
      for (const frame of frames.ok ? frames.value : []) {
        const message = frame.kind === 'message' ? parseMessage(frame.octets, defaultParseLimits) : undefined;
        if (message?.ok !== true || message.value.kind !== 'request') continue;
        heard.push(message.value.method);
        if (message.value.method !== 'ACK') socket.write(answerTo(message.value, address), 'latin1');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(5061, address, resolve));
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { heard, connections: () => sockets.length, stop };
}

function answerTo(request: SipRequest, address: string): string {
  const { status, reason, headers } = withToTag(createResponse(request, 200), 'carrier');
  if (request.method !== 'INVITE') return serialise(new SipResponse(status, reason, headers, ''));
  headers.append('contact', `<sip:${address}:5061;transport=tls>`).append('content-type', 'application/sdp');
  const media = ['m=audio 40000 RTP/AVP 0', 'a=rtpmap:0 PCMU/8000', ''];
  const body = ['v=0', `o=- 1 1 IN IP4 ${address}`, 's=-', `c=IN IP4 ${address}`, 't=0 0', ...media].join('\r\n');
  return serialise(new SipResponse(status, reason, headers, body));
}
