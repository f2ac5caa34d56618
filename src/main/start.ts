import type { Log } from '../base/log/log.ts';
import type { LogLevel } from '../base/log/pino-log.ts';
import type { Secret } from '../base/log/secret.ts';
import { systemRandom } from '../base/random/random.ts';
import { fail, ok, type Result } from '../base/result/result.ts';
import { inSlices } from '../base/time/in-slices.ts';
import { systemClock } from '../base/time/system-clock.ts';
import { systemTurn } from '../base/time/system-turn.ts';
import type { Ceiling } from '../billing/ceiling.ts';
import type { Ledger } from '../billing/ledger/ledger.ts';
import { SpendPeaks } from '../billing/limits/spend-peaks.ts';
import { listOfDeck } from '../billing/tariff/price-book.ts';
import { rememberCalls, unfinishedTalk } from '../call/limits/past-calls.ts';
import type { BlockListParts } from '../guard/lists/block-lists.ts';
import { createMediaPlane, type MediaPlane } from '../media/index.ts';
import { warmNumberTypes } from '../numbering/number-types.ts';
import { describeOrigin, type LoadedSettings, type Settings } from '../settings/index.ts';
import { systemNetwork } from '../sip/transport/index.ts';
import { lockWaitMs, openStore } from '../store/open-store.ts';
import type { StoreSnapshot } from '../store/snapshot.ts';
import type { Store } from '../store/store.ts';
import { refreshedAddresses, relayAddress } from './addresses.ts';
import { openCeiling } from './ceiling-file.ts';
import { DecisionWatch } from './decision-watch.ts';
import { LedgerWatch } from './ledger-watch.ts';
import { systemListFetcher } from './list-fetcher.ts';
import { openLedger } from './open-ledger.ts';
import { readSettings, type SettingSources } from './read-settings.ts';
import { signallingLoad } from './signalling-load.ts';
import { SipServer } from './sip-server.ts';
import { systemDns } from './system-dns.ts';
import { serverLog } from './server-log.ts';
import { startTls, type Tls } from './tls.ts';

const drainMediaMs = 4000;
const dayMs = 86_400_000;
/** A month and a day: all of the month that runs, in any time zone. */
const periodsBackMs = 32 * dayMs;

export interface StartOptions extends SettingSources {
  readonly dataFolder: string;
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

/** What undoes the start so far, the last step first. */
type Undo = (() => Promise<void>)[];

type Started = Omit<RunningServer, 'firstStart' | 'stop'>;

/** Starts everything, or says in a sentence for each fault why it cannot. */
export async function startServer(options: StartOptions): Promise<Result<RunningServer, readonly string[]>> {
  const first = await readSettings(options, []);
  if (!first.ok) return first;
  const log = serverLog(options.logLevel ?? first.value.current.log_level);
  const { realm } = first.value.current;
  const parts = { clock: systemClock, random: systemRandom(), log, realm, lockWaitMs };
  const opened = await openStore(options.dataFolder, parts);
  if (!opened.ok) return fail([opened.error]);
  const { store, firstStart } = opened.value;
  const undo: Undo = [() => store.close()];
  const stop = async (): Promise<void> => {
    for (const step of undo.toReversed()) await step();
  };
  const started = await startOn(store, options, log, undo).catch((error: unknown) =>
    fail([error instanceof Error ? error.message : String(error)]),
  );
  if (started.ok) return ok({ ...started.value, firstStart, stop });
  await stop();
  if (firstStart === undefined) return started;
  // The account was made whatever came after, and nobody can be told this again.
  const made = `made '${firstStart.adminName}' before that; its password, shown this once: ${firstStart.adminPassword.reveal()}`;
  return fail([...started.error, made]);
}

async function startOn(
  store: Store,
  options: StartOptions,
  log: Log,
  undo: Undo,
): Promise<Result<Started, readonly string[]>> {
  const clock = systemClock;
  const snapshot = await store.loadSnapshot();
  const loaded = await readSettings(options, snapshot.settings);
  if (!loaded.ok) return loaded;
  const settings = loaded.value;
  const ceiling = await openCeiling(settings.current.ceiling_file, options.dataFolder);
  if (!ceiling.ok) return fail(ceiling.error);
  const plane = await startMedia(settings.current, log);
  undo.push(() => plane.close());
  const ledger = openLedger(store, snapshot.ledger, settings.current, { clock, log });
  const tls = await startTls(options.dataFolder, settings.current, log);
  if (!tls.ok) return fail([tls.error]);
  undo.push(async () => tls.value.stop());
  const { gate } = tls.value;
  const sip = await newSipServer({ store, snapshot, settings, log, plane, gate, ledger, ceiling: ceiling.value });
  undo.push(async () => {
    await sip.sipServers.registrations.leaveAll();
    sip.close();
  });
  const unwatch = settings.onChange(() => sip.settingsChanged());
  undo.push(async () => unwatch());
  await rememberPast(sip, store, snapshot, settings.current);
  await inSlices(warmNumberTypes(), systemTurn);
  const listening = await listenAt(sip, settings.current);
  if (!listening.ok) return fail([listening.error]);
  await sip.endDeadCalls(snapshot);
  store.startHeartbeat();
  const ledgerWatch = new LedgerWatch(ledger, { clock, log });
  ledgerWatch.start();
  undo.push(async () => ledgerWatch.stop());
  const decisionWatch = new DecisionWatch({
    ...{ clock, log, settings: () => settings.current },
    prune: (beforeMs, maxRows) => store.pruneDecisions(beforeMs, maxRows),
  });
  decisionWatch.start();
  undo.push(async () => decisionWatch.stop());
  return ok({ sip, store, settings, plane, tls: tls.value, ledger, ledgerWatch, log, startedAtMs: clock.wallMs() });
}

interface Foundation extends Pick<RunningServer, 'store' | 'settings' | 'log' | 'plane' | 'ledger'> {
  readonly snapshot: StoreSnapshot;
  readonly gate: Tls['gate'];
  readonly ceiling: Ceiling;
}

/** The signalling plane on the real network, clock and disk. */
async function newSipServer({ store, snapshot, settings, ...parts }: Foundation): Promise<SipServer> {
  const clock = systemClock;
  const random = systemRandom();
  const { ledger, log } = parts;
  const audit: BlockListParts['audit'] = (by, action, list, detail) => {
    const entry = { atMs: clock.wallMs(), by, action, subject: `block list ${list}`, detail };
    store.apply([], [entry]).catch((error: unknown) => {
      log.error('a change of a block list could not be written into the audit', { error: String(error) });
    });
  };
  return new SipServer({
    ...{ clock, random, network: systemNetwork, realm: store.realm, epoch: store.epoch },
    ...parts,
    settings: () => settings.current,
    settingOrigin: (key) => {
      const origin = settings.origin(key);
      return { by: describeOrigin({ ...origin, atMs: undefined }), atMs: origin.atMs };
    },
    directory: snapshot.directory,
    priceLists: snapshot.decks.map(({ tariffId, deck }) => [tariffId, listOfDeck(deck)] as const),
    ...{ calls: store.calls, bindings: store.bindings, decisions: store.decisions, bans: store.bans },
    blockLists: { store: store.blockLists, fetcher: systemListFetcher(clock), nextTurn: systemTurn, audit },
    load: signallingLoad(clock),
    peaks: new SpendPeaks(ledger.balances, store.spendPeaks, snapshot.spendPeaks),
    dns: await systemDns({ clock, random, servers: () => settings.current.dns_servers }),
    ownAddresses: refreshedAddresses(clock),
  });
}

/** What the limits count reaches back before this start. */
async function rememberPast(sip: SipServer, store: Store, snapshot: StoreSnapshot, settings: Settings): Promise<void> {
  sip.remember(snapshot.bindings, snapshot.bans, snapshot.blockLists);
  const nowMs = systemClock.wallMs();
  const { maxcallperperiod: days } = settings;
  const finished = await store.past.talkSince(nowMs - periodsBackMs);
  rememberCalls(sip.limits, sip.directory, {
    talk: [...finished, ...unfinishedTalk(snapshot.unfinishedCalls, snapshot.lastHeartbeat)],
    sourceCalls: await store.past.sourceCallsSince(nowMs - days * dayMs),
  });
  sip.charges.remember(await store.past.callChargesSince(nowMs - Math.max(days, 2) * dayMs));
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
    const remedy = reason.includes('EMFILE')
      ? 'raise the limit of open files (ulimit -n)'
      : `stop what uses the port, or choose other ports or another listen (now ${ports})`;
    return fail(`cannot listen: ${reason}; ${remedy}`);
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
