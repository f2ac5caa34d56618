import { isGuessable } from '../../accounts/ha1.ts';
import { inSlices } from '../../base/time/in-slices.ts';
import { ok } from '../../base/result/result.ts';
import { examineServer, type ServerFacts } from '../../doctor/server-checks.ts';
import type { OperationPorts } from '../ports.ts';
import type { OperationsOf } from './outcome.ts';

/** A password costs about 10 ms of the signalling thread. */
const maxPasswords = 200;

/** What the server knows of its own safety; the machine is looked at by whoever asks. */
export function doctorOperations(ports: OperationPorts): OperationsOf<'doctor'> {
  return {
    doctor: async () => {
      const { settings } = ports;
      const checks = examineServer(await serverFacts(ports));
      const { udp_port, tcp_port, usetls, localtlsport, wss_port, ws_port, metrics_port } = settings.current;
      const tcpPorts = [tcp_port, ws_port, metrics_port, ...(usetls ? [localtlsport, wss_port] : [])];
      const ownPorts = [`udp:${udp_port}`, ...tcpPorts.map((port) => `tcp:${port}`)];
      const { start_rtp_port, end_rtp_port } = settings.current;
      return ok({ checks, ownPorts, mediaPorts: [start_rtp_port, end_rtp_port] as const });
    },
  };
}

async function serverFacts(ports: OperationPorts): Promise<ServerFacts> {
  const { directory, live, settings, store, clock } = ports;
  const accounts = [...directory.accounts()];
  const withPassword = accounts.filter(({ id }) => directory.credentialOf(id) !== undefined);
  const weakPasswords = await inSlices(weakAmong(ports, withPassword.slice(0, maxPasswords)), ports.nextTurn);
  return {
    ...{ accounts, weakPasswords, settings: settings.current, storeIsHealthy: store.healthy, nowMs: clock.wallMs() },
    passwordsNotSeen: Math.max(0, withPassword.length - maxPasswords),
    accountsByAddress: accountsByAddress(live),
    blockLists: (live?.blockLists?.states() ?? []).map(({ record: { name, checkedAtMs, fault, heldWhy } }) => {
      return { name, checkedAtMs, wrong: fault === '' ? heldWhy : fault };
    }),
    certificate: live?.status().certificate ?? undefined,
  };
}

function* weakAmong(
  { directory }: OperationPorts,
  accounts: readonly { readonly id: number; readonly name: string }[],
): Generator<undefined, readonly string[]> {
  const weak: string[] = [];
  for (const { id, name } of accounts) {
    const credential = directory.credentialOf(id);
    if (credential !== undefined && isGuessable(credential, name)) weak.push(name);
    yield;
  }
  return weak;
}

function accountsByAddress(live: OperationPorts['live']): ReadonlyMap<string, number> {
  const accounts = new Map<string, Set<number>>();
  for (const { sourceAddress, accountId } of live?.bindings() ?? []) {
    const known = accounts.get(sourceAddress);
    if (known === undefined) accounts.set(sourceAddress, new Set([accountId]));
    else known.add(accountId);
  }
  return new Map([...accounts].map(([address, ids]) => [address, ids.size]));
}
