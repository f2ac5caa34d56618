import { createSocket } from 'node:dgram';
import {
  createResponse,
  defaultParseLimits,
  parseMessage,
  SipResponse,
  serialise,
  withToTag,
} from '../../src/sip/message/index.ts';

/**
 * Answers every call at once, and whatever else is asked, and remembers nothing: the tag comes of the Call-ID, so that a
 * repeated INVITE gets the same answer. @returns what ends it.
 */
export function answerCalls({ address, port }: { readonly address: string; readonly port: number }): () => void {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4_194_304 });
  socket.on('message', (octets, { address: from, port: fromPort }) => {
    const message = parseMessage(octets.toString('latin1'), defaultParseLimits);
    if (!message.ok || message.value.kind !== 'request' || message.value.method === 'ACK') return;
    const request = message.value;
    const plain = withToTag(createResponse(request, 200), request.callId.slice(0, 16));
    plain.headers.append('contact', `<sip:${address}:${port}>`);
    const isInvite = request.method === 'INVITE';
    if (isInvite) plain.headers.append('content-type', 'application/sdp');
    const sdp = `v=0\r\no=- 1 1 IN IP4 ${address}\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\nm=audio 6002 RTP/AVP 0\r\n`;
    const response = new SipResponse(200, plain.reason, plain.headers, isInvite ? sdp : '');
    socket.send(serialise(response), fromPort, from);
  });
  socket.bind(port, address);
  return () => socket.close();
}
