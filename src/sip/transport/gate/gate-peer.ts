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
  /** Asks the peer for a sign of life where the transport has a way to, and ends it when the last one never came. */
  keepAlive(): void;
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

  /** A phone over TLS holds its own connection (RFC 5626 §4.4.1). */
  keepAlive(): void {}
}

/** What a pong is told as: the answer to a keep-alive, which it is (RFC 7118 §6). */
const signOfLife = '\r\n';
/** Octets that a peer leaves untaken beyond which its pings are not answered. */
const maxOctetsBeforePong = 4096;

/**
 * A WebSocket whose messages are SIP messages (RFC 7118 §5). A page in a browser cannot send pings, so ours are what
 * keeps it reachable through proxies, and the pongs are what shows that it is still there.
 */
export class WebSocketPeer implements GatePeer {
  readonly #socket: WebSocket;
  #awaitsPong = false;

  constructor(socket: WebSocket, events: PeerEvents) {
    this.#socket = socket;
    socket.on('message', (octets) => {
      if (Buffer.isBuffer(octets)) events.onData(octets.toString('latin1'));
    });
    socket.on('ping', (octets) => {
      if (socket.bufferedAmount <= maxOctetsBeforePong) socket.pong(octets);
    });
    socket.on('pong', () => {
      if (!this.#awaitsPong) return;
      this.#awaitsPong = false;
      events.onData(signOfLife);
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

  keepAlive(): void {
    // One that we do not read from cannot answer.
    if (this.#socket.readyState !== WebSocket.OPEN || this.#socket.isPaused) return;
    if (this.#awaitsPong) return this.destroy();
    this.#awaitsPong = true;
    this.#socket.ping();
  }
}
