import { inSlices } from '../base/time/in-slices.ts';
import { systemTurn } from '../base/time/system-turn.ts';
import { SpendPeaks } from '../billing/limits/spend-peaks.ts';
import { readFile } from 'node:fs/promises';
import { warmNumberTypes } from '../numbering/number-types.ts';
import { performance } from 'node:perf_hooks';
import { listOfDeck } from '../billing/tariff/price-book.ts';
import type { Log } from '../base/log/log.ts';
import type { Secret } from '../base/log/secret.ts';
import { type LogLevel, pinoLog } from '../base/log/pino-log.ts';
import { systemRandom } from '../base/random/random.ts';
import { fail, ok, type Result } from '../base/result/result.ts';
import { systemClock } from '../base/time/system-clock.ts';
import { rememberCalls, unfinishedTalk } from '../call/limits/past-calls.ts';
import type { Ledger } from '../billing/ledger/ledger.ts';
import { createMediaPlane, type MediaPlane } from '../media/index.ts';
import {
  describeOrigin,
  type LoadedSettings,
  loadSettings,
  type SettingOverride,
  type Settings,
} from '../settings/index.ts';
import { systemNetwork } from '../sip/transport/index.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { machineAddresses, relayAddress } from './addresses.ts';
import { openCeiling } from './ceiling-file.ts';
import { DecisionWatch } from './decision-watch.ts';
import { LedgerWatch } from './ledger-watch.ts';
import { openLedger } from './open-ledger.ts';
import { systemDns } from './system-dns.ts';
import { systemListFetcher } from './list-fetcher.ts';
import { SipServer } from './sip-server.ts';
import { startTls, type Tls } from './tls.ts';

const drainMediaMs = 4000;
/** A month and a day: all of the month that runs, in any time zone. */
const periodsBackMs = 32 * 86_400_000;
const addressRefreshMs = 10_000;
const loadPeriodMs = 1000;

export interface StartOptions {
  readonly dataFolder: string;
  readonly configFile: string | undefined;
  /** `name=value` of each `--set`. */
  readonly set: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Overrides the level of the settings: the demo is silent. */
  readonly logLevel?: LogLevel;
}

/** A server that runs. `stop` ends calls, sockets, threads and the store, in this order. */
export interface RunningServer {
  readonly sip: SipServer;
  readonly store: Store;
  readonly settings: LoadedSettings;
  readonly plane: MediaPlane;
  readonly tls: Tls;
  readonly ledger: Ledger;
  readonly ledgerWatch: LedgerWatch;
  readonly log: Log;
  readonly startedAtMs: number;
  readonly firstStart: { readonly adminName: string; readonly adminPassword: Secret<string> } | undefined;
  stop(): Promise<void>;
}

/** Starts everything, or says in a sentence for each fault why it cannot. */
export async function startServer(options: StartOptions): Promise<Result<RunningServer, readonly string[]>> {
  const clock = systemClock;
  const random = systemRandom();
  const first = await readSettings(options, []);
  if (!first.ok) return first;
  const log = pinoLog(options.logLevel ?? first.value.current.log_level);
  const opened = await openStore(options.dataFolder, { clock, random, log, realm: first.value.current.realm });
  if (!opened.ok) return fail([opened.error]);
  const { store, firstStart } = opened.value;
  const undo: (() => Promise<void>)[] = [() => store.close()];
  const giveUp = async (reasons: readonly string[]): Promise<Result<never, readonly string[]>> => {
    for (const step of undo.toReversed()) await step();
    // The account was made whatever came after, and nobody can be told this again.
    const made =
      firstStart &&
      `made '${firstStart.adminName}' before that; its password, shown this once: ${firstStart.adminPassword.reveal()}`;
    return fail(made === undefined ? reasons : [...reasons, made]);
  };
  try {
    const snapshot = await store.loadSnapshot();
    const settings = await readSettings(options, snapshot.settings);
    if (!settings.ok) return await giveUp(settings.error);
    const ceiling = await openCeiling(settings.value.current.ceiling_file, options.dataFolder);
    if (!ceiling.ok) return await giveUp(ceiling.error);
    const plane = await startMedia(settings.value.current, log);
    undo.push(() => plane.close());
    const ledger = openLedger(store, snapshot.ledger, settings.value.current, { clock, log });
    const dns = await systemDns({ clock, random, servers: () => settings.value.current.dns_servers });
    const tls = await startTls(options.dataFolder, settings.value.current, log);
    if (!tls.ok) return await giveUp([tls.error]);
    undo.push(async () => tls.value.stop());
    const sip = new SipServer({
      ...{ clock, random, log, plane, realm: store.realm, network: systemNetwork },
      gate: tls.value.gate,
      settings: () => settings.value.current,
      settingOrigin: (key) => {
        const origin = settings.value.origin(key);
        return { by: describeOrigin({ ...origin, atMs: undefined }), atMs: origin.atMs };
      },
      directory: snapshot.directory,
      priceLists: snapshot.decks.map(({ tariffId, deck }) => [tariffId, listOfDeck(deck)] as const),
      ceiling: ceiling.value,
      calls: store.calls,
      epoch: store.epoch,
      bindings: store.bindings,
      decisions: store.decisions,
      bans: store.bans,
      blockLists: {
        store: store.blockLists,
        fetcher: systemListFetcher(clock),
        nextTurn: systemTurn,
        audit: (by, action, list, detail) => {
          const entry = { atMs: clock.wallMs(), by, action, subject: `block list ${list}`, detail };
          store.apply([], [entry]).catch((error: unknown) => {
            log.error('a change of a block list could not be written into the audit', { error: String(error) });
          });
        },
      },
      load: signallingLoad(),
      ledger,
      peaks: new SpendPeaks(ledger.balances, store.spendPeaks, snapshot.spendPeaks),
      dns,
      ownAddresses: refreshedAddresses(),
    });
    undo.push(async () => sip.close());
    const unwatch = settings.value.onChange(() => sip.settingsChanged());
    undo.push(async () => unwatch());
    sip.remember(snapshot.bindings, snapshot.bans, snapshot.blockLists);
    const sinceMs = clock.wallMs() - periodsBackMs;
    const { maxcallperperiod } = settings.value.current;
    const finished = await store.talkSince(sinceMs);
    rememberCalls(sip.limits, sip.directory, {
      talk: [...finished, ...unfinishedTalk(snapshot.unfinishedCalls, snapshot.lastHeartbeat)],
      sourceCalls: await store.sourceCallsSince(clock.wallMs() - maxcallperperiod * 86_400_000),
    });
    sip.money.remember(await store.callChargesSince(clock.wallMs() - Math.max(maxcallperperiod, 2) * 86_400_000));
    await inSlices(warmNumberTypes(), systemTurn);
    const listening = await listenAt(sip, settings.value.current);
    if (!listening.ok) return await giveUp([listening.error]);
    await sip.endDeadCalls(snapshot);
    store.startHeartbeat();
    const ledgerWatch = new LedgerWatch(ledger, { clock, log });
    ledgerWatch.start();
    undo.push(async () => ledgerWatch.stop());
    const decisionWatch = new DecisionWatch({
      ...{ clock, log, settings: () => settings.value.current },
      prune: (beforeMs, maxRows) => store.pruneDecisions(beforeMs, maxRows),
    });
    decisionWatch.start();
    undo.push(async () => decisionWatch.stop());
    const stop = async (): Promise<void> => {
      for (const step of undo.toReversed()) await step();
    };
    return ok({
      sip,
      store,
      settings: settings.value,
      plane,
      tls: tls.value,
      ledger,
      ledgerWatch,
      log,
      startedAtMs: clock.wallMs(),
      firstStart,
      stop,
    });
  } catch (error) {
    return giveUp([error instanceof Error ? error.message : String(error)]);
  }
}

async function readSettings(
  options: StartOptions,
  stored: readonly SettingOverride[],
): Promise<Result<LoadedSettings, readonly string[]>> {
  const { configFile } = options;
  let file: { path: string; text: string } | undefined;
  if (configFile !== undefined) {
    try {
      file = { path: configFile, text: await readFile(configFile, 'utf8') };
    } catch (error) {
      return fail([`--config ${configFile}: ${error instanceof Error ? error.message : String(error)}`]);
    }
  }
  const loaded = loadSettings({
    ...(file === undefined ? {} : { file }),
    stored,
    environment: options.environment,
    environmentWithout: ['RINGFENCE_DATA'],
    commandLine: options.set,
    nowMs: systemClock.wallMs(),
  });
  return loaded.ok ? loaded : fail(loaded.error.map(({ message }) => message));
}

async function listenAt(sip: SipServer, settings: Settings): Promise<Result<void, string>> {
  const { udp_port, tcp_port, usetls, localtlsport, wss_port, ws_port } = settings;
  try {
    await sip.listen();
    return ok(undefined);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const ports = [
      `udp_port=${udp_port}, tcp_port=${tcp_port}`,
      ...(usetls ? [`localtlsport=${localtlsport}, wss_port=${wss_port}`] : []),
      ...(ws_port === 0 ? [] : [`ws_port=${ws_port}`]),
    ].join(', ');
    return fail(
      `cannot listen: ${reason}; stop what uses the port, or choose other ports or another listen (now ${ports})`,
    );
  }
}

function startMedia(settings: Settings, log: Log): Promise<MediaPlane> {
  const { start_rtp_port, end_rtp_port, media_workers, rtp_pool_ahead, listen } = settings;
  const families = listen.map((address) => relayAddress(settings, address));
  return createMediaPlane({
    portStart: start_rtp_port,
    portEnd: end_rtp_port,
    addresses: [...new Set(families)],
    poolAhead: rtp_pool_ahead,
    drainMs: drainMediaMs,
    workers: media_workers,
    random: systemRandom(),
    clock: systemClock,
    onFailure: (error) => log.error('media worker died; its calls have no media', { error: error.message }),
  });
}

/** The machine's addresses, looked up now and then: asking the system for each message would cost more than the message. */
function refreshedAddresses(): () => ReturnType<typeof machineAddresses> {
  let addresses = machineAddresses();
  let askedAtMs = systemClock.monotonicMs();
  return () => {
    const nowMs = systemClock.monotonicMs();
    if (nowMs - askedAtMs > addressRefreshMs) {
      addresses = machineAddresses();
      askedAtMs = nowMs;
    }
    return addresses;
  };
}

/** How much of its time the signalling thread worked in the last second, from 0 to 1; looked at once a second at most. */
function signallingLoad(): () => number {
  let last = performance.eventLoopUtilization();
  let askedAtMs = systemClock.monotonicMs();
  let load = 0;
  return () => {
    const nowMs = systemClock.monotonicMs();
    if (nowMs - askedAtMs < loadPeriodMs) return load;
    askedAtMs = nowMs;
    const now = performance.eventLoopUtilization();
    load = performance.eventLoopUtilization(now, last).utilization;
    last = now;
    return load;
  };
}
