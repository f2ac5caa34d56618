import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';

const subprotocol = 'sip';

/**
 * Turns connections whose handshake of HTTP succeeds into WebSockets for SIP (RFC 7118 §4). Whatever else is asked for
 * gets one short answer, and the connection ends.
 */
export class WebSocketDoor {
  readonly #http: Server;

  constructor(
    limits: { readonly maxMessageOctets: number; readonly handshakeTimeoutMs: number },
    onOpen: (socket: WebSocket, carrier: Duplex) => void,
  ) {
    const upgrader = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // A peer that asks and does not read would have its answers kept for it.
      autoPong: false,
      perMessageDeflate: false,
      maxPayload: limits.maxMessageOctets,
      // SIP bodies may hold any octets; the parser judges what has to be text.
      skipUTF8Validation: true,
      handleProtocols: () => subprotocol,
    });
    this.#http = createServer({
      maxHeaderSize: 4096,
      headersTimeout: limits.handshakeTimeoutMs,
      requestTimeout: limits.handshakeTimeoutMs,
      keepAlive: false,
      insecureHTTPParser: false,
    });
    this.#http.on('request', (_, response) => {
      response.writeHead(426, { connection: 'close', upgrade: 'websocket', 'content-length': '0' }).end();
    });
    this.#http.on('clientError', (_, carrier) => carrier.destroy());
    this.#http.on('upgrade', (request: IncomingMessage, carrier: Duplex, head: Buffer) => {
      carrier.on('error', () => {});
      if (!offersSip(request)) return refuse(carrier);
      upgrader.handleUpgrade(request, carrier, head, (socket) => onOpen(socket, carrier));
    });
  }

  /** A connection that may become a WebSocket, after TLS where there is some. */
  take(carrier: Duplex): void {
    this.#http.emit('connection', carrier);
  }
}

function offersSip(request: IncomingMessage): boolean {
  const offered = request.headers['sec-websocket-protocol'] ?? '';
  return offered.split(',').some((name) => name.trim().toLowerCase() === subprotocol);
}

function refuse(carrier: Duplex): void {
  carrier.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
}
