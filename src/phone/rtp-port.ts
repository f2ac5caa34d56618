import type { Endpoint } from '../base/net/endpoint.ts';
import type { Network } from '../sip/transport/index.ts';

/** One socket for the audio of one call at a time. */
export interface RtpPort {
  readonly local: Endpoint;
  /** Called for each datagram, whoever sent it. */
  onPacket: (packet: Uint8Array, remote: Endpoint) => void;
  send(packet: Uint8Array, remote: Endpoint): void;
  close(): void;
}

const maxTries = 20;

/**
 * Binds a free port on `address`. It is even where the network allows, because the peer's RTCP goes to the next one
 * (RFC 3550 §11). Rejects with the system's error.
 */
export async function openRtpPort(network: Network, address: string): Promise<RtpPort> {
  for (let tries = 1; ; tries++) {
    const port = await bind(network, address);
    if (port.local.port % 2 === 0 || tries >= maxTries) return port;
    port.close();
  }
}

async function bind(network: Network, address: string): Promise<RtpPort> {
  const port = { onPacket: (_packet: Uint8Array, _remote: Endpoint): void => {} };
  const socket = await network.bindUdp({ address, port: 0 }, (octets, remote) => port.onPacket(octets, remote));
  return Object.assign(port, {
    local: socket.local,
    send: (packet: Uint8Array, remote: Endpoint) =>
      socket.send(Buffer.from(packet.buffer, packet.byteOffset, packet.length), remote),
    close: () => socket.close(),
  });
}
