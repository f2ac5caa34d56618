import { createSocket } from 'node:dgram';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentialFor } from '../accounts/ha1.ts';
import type { StoreChange } from '../accounts/change.ts';
import { blankAccount } from '../accounts/blank-account.ts';
import { systemRandom } from '../base/random/random.ts';
import { systemClock } from '../base/time/system-clock.ts';
import type { DemoOptions, Output } from '../cli/environment.ts';
import { runDemo } from '../phone/demo/demo.ts';
import type { DemoServer, DemoUser } from '../phone/demo/demo-server.ts';
import { defaultDurationS } from '../phone/demo/scenario.ts';
import { systemNetwork } from '../sip/transport/index.ts';
import { type RunningServer, startServer } from './start.ts';

const firstRtpPort = 26_000;
const lastRtpPort = 26_199;

/** Starts a server on the loopback in a folder that goes away with it, and lets our own phones call each other through it. */
export function demo({ json, seconds }: DemoOptions, output: Output): Promise<number> {
  return runDemo({
    startServer: ({ address }) => startDemoServer(address),
    network: systemNetwork,
    clock: systemClock,
    random: systemRandom(),
    output,
    isTerminal: output.isTerminal,
    json,
    durationS: seconds ?? defaultDurationS,
  });
}

async function startDemoServer(address: string): Promise<DemoServer> {
  const folder = await mkdtemp(join(tmpdir(), 'ringfence-demo-'));
  const port = await freeUdpPort(address);
  const set = [`listen=${address}`, `udp_port=${port}`, 'tcp_port=0', 'usetls=false'];
  const started = await startServer({
    dataFolder: folder,
    configFile: undefined,
    set: [...set, `start_rtp_port=${firstRtpPort}`, `end_rtp_port=${lastRtpPort}`],
    environment: {},
    logLevel: 'silent',
  });
  if (!started.ok) {
    await rm(folder, { recursive: true });
    throw new Error(started.error.join('\n'));
  }
  const server = started.value;
  return {
    sip: { address, port },
    domain: address,
    realm: server.store.realm,
    addUser: (user) => addUser(server, user),
    readCdrs: () => server.store.queryCdrs({ limit: 100 }),
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true });
    },
  };
}

async function addUser({ store, sip }: RunningServer, { name, password }: DemoUser): Promise<void> {
  const account = { ...blankAccount(sip.directory.nextId, name, 'enduser'), displayName: name };
  const origin = { by: 'demo', atMs: systemClock.wallMs() };
  const changes: StoreChange[] = [
    { kind: 'account put', account, fields: ['name'], origin },
    { kind: 'credential put', credential: credentialFor(account, store.realm, password.reveal()) },
  ];
  await store.apply(changes, []);
  for (const change of changes) sip.directory.apply(change);
}

/** A port that was free a moment ago: the server's own settings have no word for "any". */
function freeUdpPort(address: string): Promise<number> {
  const socket = createSocket('udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address, port: 0, exclusive: true }, () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}
