import type { Server } from 'node:http';
import { join } from 'node:path';
import { serveControl } from '../api/control/serve-control.ts';
import type { Log } from '../base/log/log.ts';
import { systemClock } from '../base/time/system-clock.ts';
import { type Health, serveHealth } from './health-server.ts';
import { controlSocketName } from '../cli/session.ts';
import { liveOperations, weakPasswordWatch } from './live-server.ts';
import { type RunningServer, type StartOptions, startServer } from './start.ts';

/** Writes for the operator who started it; the log itself goes to standard output as JSON lines. */
export type Say = (line: string) => void;

/** A signal this soon after the first is the same one: Ctrl-C reaches the server from the terminal and from npm. */
const sameSignalMs = 1000;

/**
 * Runs the server until it is told to stop. The first SIGTERM, SIGINT or SIGHUP (the terminal was closed) drains: no new
 * calls, running ones end or are ended after `drain_timeout`. The second stops at once.
 * @returns the exit code.
 */
export async function serve(options: StartOptions, say: Say): Promise<number> {
  const started = await startServer(options);
  if (!started.ok) {
    for (const reason of started.error) say(`ringfence: ${reason}`);
    return 1;
  }
  const server = started.value;
  nameLastWords(server.log);
  const health: Health = { ready: true };
  let http: Server | undefined;
  const giveUp = async (reason: string): Promise<number> => {
    say(`ringfence: ${reason}`);
    http?.close();
    await server.stop();
    return 1;
  };
  try {
    http = await serveHealth(server, health);
  } catch (error) {
    return giveUp(`metrics_port: ${error instanceof Error ? error.message : String(error)}`);
  }
  const surroundings = { clock: systemClock, log: server.log };
  const socketPath = join(options.dataFolder, controlSocketName);
  const operations = liveOperations(server);
  const watch = weakPasswordWatch(server, operations);
  watch.start();
  const control = await serveControl(socketPath, operations, surroundings);
  if (!control.ok) {
    watch.stop();
    return giveUp(control.error);
  }
  welcome(server, say);
  await stopSignal(server, health);
  watch.stop();
  http?.close();
  await control.value.close();
  await server.stop();
  server.log.info('stopped');
  return 0;
}

/** What nothing has caught is named before the process ends; a promise that nobody looked at ends nothing. */
function nameLastWords(log: Log): void {
  const told = (error: unknown): string | undefined => (error instanceof Error ? error.stack : String(error));
  process.on('unhandledRejection', (reason) =>
    log.error('a promise failed and nobody looked', { error: told(reason) }),
  );
  process.on('uncaughtException', (error) => {
    log.error('the server ends for a fault of its own', { error: told(error) });
    process.exit(1);
  });
}

function welcome({ sip, settings, store, log, firstStart }: RunningServer, say: Say): void {
  const { udp_port, tcp_port, usetls, localtlsport, wss_port, listen } = settings.current;
  log.info('serving', {
    udpPort: udp_port,
    tcpPort: tcp_port,
    tlsPort: usetls ? localtlsport : 0,
    wssPort: usetls ? wss_port : 0,
    listen: listen.join(','),
    realm: store.realm,
    epoch: store.epoch,
  });
  for (const warning of settings.warnings()) log.warn('unwise setting', { warning });
  if (firstStart === undefined) return;
  say(`First start: made keys and the account '${firstStart.adminName}'.`);
  say(`Its password, shown this once: ${firstStart.adminPassword.reveal()}`);
  if (sip.directory.size.accounts <= 1) say('Add phones with: npx ringfence user add alice bob');
}

/** Resolves when the server may stop: drained, timed out, or told twice. */
function stopSignal({ sip, settings, log }: RunningServer, health: Health): Promise<void> {
  return new Promise((resolve) => {
    let toldAtMs: number | undefined;
    const onSignal = (signal: NodeJS.Signals): void => {
      const nowMs = systemClock.monotonicMs();
      if (toldAtMs !== undefined) {
        if (nowMs - toldAtMs < sameSignalMs) return;
        log.info('stopping at once', { signal, calls: sip.calls.count });
        sip.calls.endAll();
        return resolve();
      }
      toldAtMs = nowMs;
      health.ready = false;
      const seconds = settings.current.drain_timeout;
      log.info('draining', { signal, calls: sip.calls.count, seconds });
      void sip.sipServers.registrations.leaveAll();
      const timer = systemClock.after(seconds * 1000, () => sip.calls.endAll());
      void sip.calls.drain().then(() => {
        timer.cancel();
        resolve();
      });
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
    process.on('SIGHUP', onSignal);
  });
}
