import { isAbsolute } from 'node:path';
import { ok } from '../../base/result/result.ts';
import { blockListView } from './block-lists.ts';
import type { OperationPorts } from '../ports.ts';
import type { StatusView } from '../views.ts';
import { text, whole } from './arguments.ts';
import { commandLine, done, type OperationsOf, refused } from './outcome.ts';

export function serverOperations(ports: OperationPorts): OperationsOf<'status' | 'backup' | 'keys rotate' | 'console'> {
  return {
    status: () => done(statusView(ports)),
    console: async (given) => {
      const command = text(given, 'command');
      if (!command.ok) return command;
      const words = whole(given, 'words', { min: 1, max: 10_000, otherwise: 1 });
      if (!words.ok) return words;
      const detail = `${command.value.slice(0, 200)} (${words.value} words)`;
      const entry = {
        atMs: ports.clock.wallMs(),
        by: commandLine,
        action: 'console command',
        subject: 'console',
        detail,
      };
      await ports.store.apply([], [entry]);
      return ok({ command: command.value });
    },
    'keys rotate': async () => {
      await ports.store.rotateKeys();
      const entry = { atMs: ports.clock.wallMs(), by: commandLine, action: 'rotate keys', subject: 'keys', detail: '' };
      await ports.store.apply([], [entry]);
      return ok({ changes: ['All stored secrets are sealed with a new key; old keys stay for old backups.'] });
    },
    backup: async (given) => {
      const path = text(given, 'path');
      if (!path.ok) return path;
      // The server works in another folder than the one who asks.
      if (!isAbsolute(path.value)) return refused(`path: ${path.value} is not absolute; write it from / on`);
      const begunMs = ports.clock.monotonicMs();
      try {
        await ports.store.backup(path.value);
      } catch (error) {
        return refused(`the backup was not made: ${error instanceof Error ? error.message : String(error)}`);
      }
      return ok({ path: path.value, durationMs: Math.round(ports.clock.monotonicMs() - begunMs) });
    },
  };
}

function statusView(ports: OperationPorts): StatusView {
  const live = ports.live?.status();
  const { accounts, numbers, dialRules } = ports.directory.size;
  return {
    version: ports.version,
    running: live !== undefined,
    startedAtMs: live?.startedAtMs ?? null,
    uptimeMs: live === undefined ? null : Math.max(0, ports.clock.wallMs() - live.startedAtMs),
    calls: live?.calls ?? null,
    bindings: live?.bindings ?? null,
    listeners: live?.listeners ?? [],
    clearListeners: live?.clearListeners ?? [],
    certificate: live?.certificate ?? null,
    sipServers: live?.sipServers ?? [],
    registrations: live?.registrations ?? [],
    blockLists: ports.live?.blockLists?.states().map(blockListView) ?? [],
    accounts,
    numbers,
    dialRules,
    realm: ports.store.realm,
    warnings: ports.settings.warnings(),
    store: { healthy: ports.store.healthy, fault: ports.store.fault?.message ?? null },
  };
}
