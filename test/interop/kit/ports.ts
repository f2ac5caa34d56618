const perCase = 20;
let next = 0;

/**
 * Ten ports of 127.0.0.1 for a program that cannot be given an address of its own. Below the ephemeral range, and apart
 * from those of another run on this machine.
 */
export function portsOnLoopback(): number {
  return 12_000 + (process.pid % 90) * 10 * perCase + 10 * (next++ % perCase);
}
