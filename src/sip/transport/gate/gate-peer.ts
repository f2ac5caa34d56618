import { isUtf8 } from 'node:buffer';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';

/** A connection of the gate that is past its handshake. */
export interface GatePeer {
  write(octets: string): void;
  /** Octets that the peer has not taken. */
  readonly pendingOctets: number;
  end(): void;
  destroy(): void;
  pause(): void;
  resume(): void;
}

/** What a peer tells of itself. */
export interface PeerEvents {
  onData(octets: string): void;
  /** Everything that was written has been taken. */
  onDrain(): void;
  onClosed(): void;
}

/** A TLS connection, decrypted. */
export class StreamPeer implements GatePeer {
  readonly #socket: Socket;

  constructor(socket: Socket, events: PeerEvents) {
    this.#socket = socket;
    // Strings come out of the socket without a Buffer between: the other thread wants strings.
    socket.setEncoding('latin1');
    socket.on('data', (octets: string) => events.onData(octets));
    socket.on('drain', () => events.onDrain());
    socket.on('error', () => {});
    socket.on('close', () => events.onClosed());
  }

  get pendingOctets(): number {
    return this.#socket.writableLength;
  }

  write(octets: string): void {
    if (!this.#socket.destroyed && !this.#socket.writableEnded) this.#socket.write(octets, 'latin1');
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }
}

/** A WebSocket whose messages are SIP messages (RFC 7118 §5). */
export class WebSocketPeer implements GatePeer {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket, events: PeerEvents) {
    this.#socket = socket;
    socket.on('message', (octets) => {
      if (Buffer.isBuffer(octets)) events.onData(octets.toString('latin1'));
    });
    socket.on('error', () => {});
    socket.on('close', () => events.onClosed());
  }

  get pendingOctets(): number {
    return this.#socket.bufferedAmount;
  }

  /** Text where it may be, as browsers expect it; a text frame has to be UTF-8 (RFC 6455 §5.6). */
  write(octets: string): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const message = Buffer.from(octets, 'latin1');
    this.#socket.send(message, { binary: !isUtf8(message) });
  }

  end(): void {
    this.#socket.close();
  }

  destroy(): void {
    this.#socket.terminate();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }
}
