// The relay alone in a process, for bench/media/run.ts: opens the calls named by its arguments, prints the ports of
// each in the form that rtpload reads, and relays until its standard input ends.
import { once } from 'node:events';
import { systemRandom } from '../../src/base/random/random.ts';
import { systemClock } from '../../src/base/time/system-clock.ts';
import { createMediaPlane, type SideConfig } from '../../src/media/index.ts';

const [callCount, portStart, portEnd, firstA, firstB] = process.argv.slice(2).map(Number);
const address = '127.0.0.1';

function phoneAt(port: number): SideConfig {
  return {
    target: { address, port },
    rtcpTarget: { address, port: port + 1 },
    rtcpMux: false,
    learnFrom: [address],
    sourceCheck: 2,
    relay: true,
    payloadTypes: [0],
    framing: 'rtp',
    clockRateHz: 8000,
    maxPacketsPerSecond: 150,
    expectsMedia: true,
  };
}

const plane = await createMediaPlane({
  portStart: portStart ?? 0,
  portEnd: portEnd ?? 0,
  addresses: [address],
  poolAhead: (callCount ?? 0) * 2,
  drainMs: 5000,
  workers: 1,
  random: systemRandom(),
  clock: systemClock,
  onFailure: (error) => {
    throw error;
  },
});

const lines: string[] = [];
for (let call = 0; call < (callCount ?? 0); call++) {
  const options = { streamCount: 1, silenceMs: 60_000, holdSilenceMs: 0, addressA: address, addressB: address };
  const session = plane.openSession({ ...options, onEvent: () => {} });
  if (session === undefined) throw new Error(`no ports for call ${call}`);
  const [a, b] = [(firstA ?? 0) + 2 * call, (firstB ?? 0) + 2 * call];
  session.configure(0, 'a', phoneAt(a));
  session.configure(0, 'b', phoneAt(b));
  lines.push(`${a} ${session.ports(0, 'a').rtp} ${b} ${session.ports(0, 'b').rtp}`);
}
process.stdout.write(`${lines.join('\n')}\nready\n`);
process.stdin.resume();
await once(process.stdin, 'end');
await plane.close();
