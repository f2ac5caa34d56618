import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { answer, office, register } from '../../kit/office.ts';
import { StreamCarrier } from '../../kit/stream-carrier.ts';
import { until } from '../../kit/until.ts';

export const title =
  'a carrier whose TCP connection was lost while its call rang gets the answer over a new one, and the call goes on there';

export async function run(env: Environment): Promise<void> {
  const [address, server] = [env.address('carrier'), env.serverAddress];
  const ringfence = await env.startServer(office(env, { carrier: { transport: 'tcp' } }));
  await register(env, 'bob');
  // Long enough for the connection to be lost, however busy the machine is.
  const bob = await answer(env, 'bob', { variables: { ringMs: 2000 } });
  const carrier = await StreamCarrier.start({ address, port: 5060 });
  env.atEnd(() => carrier.stop());
  const request = (method: string, seq: number, more: readonly string[], body: readonly string[] = []): void => {
    const said = body.join('\r\n');
    carrier.send(
      ...[`${method} sip:4312345@${server} SIP/2.0`, `Via: SIP/2.0/TCP ${address};branch=z9hG4bK${method}${seq}`],
      ...[`From: <sip:4930111@${address}>;tag=carrier`, 'Call-ID: lost', `CSeq: ${seq} ${method}`, 'Max-Forwards: 70'],
      ...[`Contact: <sip:${address};transport=tcp>`, ...more, `Content-Length: ${said.length}`, '', said],
    );
  };
  await carrier.connect(server, 5060);
  const media = ['m=audio 40000 RTP/AVP 8', 'a=rtpmap:8 PCMA/8000', ''];
  const sdp = ['v=0', `o=- 1 1 IN IP4 ${address}`, 's=-', `c=IN IP4 ${address}`, 't=0 0', ...media];
  request('INVITE', 1, [`To: <sip:4312345@${server}>`, 'Content-Type: application/sdp'], sdp);
  await until('it rings', 10_000, () => carrier.told.includes(180));
  await carrier.loseConnections();
  assert.deepEqual([carrier.told.includes(200), carrier.connections], [false, 0]);
  await until('the answer has come over a new connection', 15_000, () => carrier.told.includes(200));
  assert.equal(carrier.connections, 1);
  const tag = carrier.received.find((message) => message.kind === 'response' && message.status === 200)?.to.params;
  const to = `To: <sip:4312345@${server}>;tag=${tag?.get('tag') ?? ''}`;
  request('ACK', 1, [to]);
  request('BYE', 2, [to]);
  await bob.passed();
  const { cause, endedBy } = await ringfence.onlyCdr();
  assert.deepEqual([cause, endedBy, carrier.connections], ['answered', 'caller', 1]);
}
