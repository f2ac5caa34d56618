import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import {
  createResponse,
  defaultParseLimits,
  parseMessage,
  serialise,
  type SipMessage,
  type SipRequest,
  SipResponse,
  StreamFramer,
  withToTag,
} from '../../../src/sip/message/index.ts';

export interface StreamCarrierOptions {
  readonly address: string;
  readonly port: number;
  /** Certificate and key in PEM; without them it speaks TCP. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** The URI of its Contact, where that is not its own address and port. */
  readonly contact?: string;
}

/** A carrier over TCP or TLS that answers every call, and can lose its connections at the right moment. */
export class StreamCarrier {
  /** Everything that came, in its order. */
  readonly received: SipMessage[] = [];
  readonly #options: StreamCarrierOptions;
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #connections = 0;

  private constructor(options: StreamCarrierOptions) {
    this.#options = options;
    const { tls } = options;
    const onConnection = (socket: Socket): void => this.#serve(socket);
    this.#server = tls === undefined ? createServer(onConnection) : createTlsServer(tls, onConnection);
  }

  static async start(options: StreamCarrierOptions): Promise<StreamCarrier> {
    const carrier = new StreamCarrier(options);
    carrier.#server.listen(options.port, options.address);
    await once(carrier.#server, 'listening');
    return carrier;
  }

  /** Methods of the requests that came, in their order. */
  get heard(): readonly string[] {
    return this.received.flatMap((message) => (message.kind === 'request' ? [message.method] : []));
  }

  /** Statuses of the responses to INVITE that came, in their order. */
  get told(): readonly number[] {
    return this.received.flatMap((message) =>
      message.kind === 'response' && message.cseq.method === 'INVITE' ? [message.status] : [],
    );
  }

  /** How many connections have been taken. */
  get connections(): number {
    return this.#connections;
  }

  /** Opens a connection over TCP, from its address and a port of chance, on which it is answered too. */
  async connect(host: string, port: number): Promise<void> {
    const socket = connect({ host, port, localAddress: this.#options.address });
    await once(socket, 'connect');
    this.#listen(socket);
  }

  /** Sends a message over the newest connection. */
  send(...lines: readonly string[]): void {
    const newest = [...this.#open].at(-1);
    newest?.write(lines.join('\r\n'), 'latin1');
  }

  /** Ends its connections; resolves when the other side has ended them too, and so knows. */
  async loseConnections(): Promise<void> {
    const closed = [...this.#open].map((socket) => once(socket, 'close'));
    for (const socket of this.#open) socket.end();
    await Promise.all(closed);
  }

  /** Takes no connections any more, and has none. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  #serve(socket: Socket): void {
    this.#connections++;
    this.#listen(socket);
  }

  #listen(socket: Socket): void {
    this.#open.add(socket);
    const framer = new StreamFramer(defaultParseLimits);
    socket.on('error', () => {});
    socket.on('close', () => this.#open.delete(socket));
    socket.setEncoding('latin1').on('data', (octets: string) => {
      const frames = framer.push(octets);
      for (const frame of frames.ok ? frames.value : []) {
        const message = frame.kind === 'message' ? parseMessage(frame.octets, defaultParseLimits) : undefined;
        if (message?.ok !== true) continue;
        this.received.push(message.value);
        if (message.value.kind === 'request' && message.value.method !== 'ACK') {
          socket.write(this.#answerTo(message.value), 'latin1');
        }
      }
    });
  }

  #answerTo(request: SipRequest): string {
    const { address, port, tls, contact } = this.#options;
    const { status, reason, headers } = withToTag(createResponse(request, 200), 'carrier');
    if (request.method !== 'INVITE') return serialise(new SipResponse(status, reason, headers, ''));
    const own = `sip:${address}:${port};transport=${tls === undefined ? 'tcp' : 'tls'}`;
    headers.append('contact', `<${contact ?? own}>`).append('content-type', 'application/sdp');
    const media = ['m=audio 40000 RTP/AVP 0', 'a=rtpmap:0 PCMU/8000', ''];
    const body = ['v=0', `o=- 1 1 IN IP4 ${address}`, 's=-', `c=IN IP4 ${address}`, 't=0 0', ...media].join('\r\n');
    return serialise(new SipResponse(status, reason, headers, body));
  }
}
