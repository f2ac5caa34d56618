import { parentPort } from 'node:worker_threads';
import type { Command, Report } from '../../src/media/plane/messages.ts';

/** A media worker that says it has bound what it is told to, and relays nothing. */
parentPort?.on('message', (commands: readonly Command[]) => {
  const reports = commands.flatMap(answer);
  if (reports.length > 0) parentPort?.postMessage(reports);
});

function answer(command: Command): Report[] {
  switch (command.kind) {
    case 'bind':
      return [{ kind: 'bound', address: command.address, rtp: command.rtp }];
    case 'stats':
    case 'close':
      return [{ kind: 'stats', request: command.request, stats: [] }];
    default:
      return [];
  }
}
