import { isBound } from './sockets.ts';

const first = 25_000;
const last = 32_000;
let next = first + (process.pid % 350) * 20;

/**
 * Ten neighbouring ports of 127.0.0.1 that nobody has, for a program that cannot be given an address of its own. They
 * lie below the ephemeral range, and another run on this machine starts to look elsewhere.
 */
export function portsOnLoopback(): number {
  for (let tries = 0; tries < 700; tries++) {
    const base = next;
    next = next + 20 > last ? first : next + 10;
    const ports = Array.from({ length: 10 }, (_, offset) => base + offset);
    if (!ports.some((port) => isBound('udp', '127.0.0.1', port) || isBound('tcp', '127.0.0.1', port))) return base;
  }
  throw new Error('no ten free ports on 127.0.0.1');
}
