import type { Operations } from '../api/operation.ts';
import { buildOperations } from '../api/operations/index.ts';
import type { LiveCall, LiveServer, OperationPorts } from '../api/ports.ts';
import { WeakPasswordWatch } from '../accounts/weak-password-watch.ts';
import { systemRandom } from '../base/random/random.ts';
import { systemClock } from '../base/time/system-clock.ts';
import { systemTurn } from '../base/time/system-turn.ts';
import type { MeteredCalls } from '../call/money/metered-calls.ts';
import type { Call, CallPhase } from '../call/b2bua/call.ts';
import { formatEndpoint } from '../base/net/endpoint.ts';
import { machineAddresses } from './addresses.ts';
import type { RunningServer } from './start.ts';
import { threadReader } from './reading-thread.ts';
import { version } from './version.ts';

const phases: Readonly<Record<CallPhase, LiveCall['phase']>> = {
  starting: 'starting',
  ringing: 'ringing',
  answering: 'connected',
  up: 'connected',
  over: 'ending',
};

/** The operations of the command line, on the running server. */
export function liveOperations(server: RunningServer): Operations {
  return buildOperations(operationPorts(server));
}

/** Replaces passwords that a guesser tries first. Its operator is told the account, and sets a new password by hand. */
export function weakPasswordWatch(server: RunningServer, operations: Operations): WeakPasswordWatch {
  const { sip, settings, log } = server;
  const replacePassword = operations.get('user password');
  const isOn = (): boolean => settings.current.enforcestrongauth;
  return new WeakPasswordWatch(systemClock, sip.directory, isOn, ({ name }) => {
    replacePassword?.({ name }).then(
      () => log.warn('weak password replaced; set a new one with: ringfence user password', { account: name }),
      (error: unknown) => log.error('weak password could not be replaced', { account: name, error: String(error) }),
    );
  });
}

function operationPorts(server: RunningServer): OperationPorts {
  const { sip, store, settings, ledger } = server;
  return {
    version,
    ledger,
    clock: systemClock,
    random: systemRandom(),
    nextTurn: systemTurn,
    directory: sip.directory,
    prices: sip.prices,
    reader: threadReader,
    settings,
    store,
    ownAddress: outwardAddress(),
    live: liveServer(server),
  };
}

/** An address of this machine that a phone can be told. */
export function outwardAddress(): string | undefined {
  return machineAddresses().find(({ internal }) => !internal)?.address;
}

function liveServer({ sip, settings, startedAtMs, tls }: RunningServer): LiveServer {
  return {
    calls: () => Promise.all(sip.calls.calls().map((call) => liveCall(call, sip.money))),
    bindings: function* () {
      for (const list of sip.registrar.bindings.all()) yield* list;
    },
    endCall: (callId) => sip.calls.endCall(callId),
    accountChanged: (accountId) => sip.accountChanged(accountId),
    ledgerResumed: (unfinished) => sip.ledgerResumed(unfinished),
    moneyLimits: (accountId) => sip.money.standing(accountId),
    heldMicros: (accountId) => sip.money.heldOf(accountId),
    forgetSpending: (accountId) => sip.money.forgetSpending(accountId),
    bans: () => sip.guard.bans.all(),
    bansOf: (address) => sip.guard.bans.concerning(address),
    putBan: (ban) => sip.guard.put(ban),
    blockLists: sip.blockLists,
    liftBans: (subject) => sip.guard.liftAbout(subject),
    liftAllBans: () => sip.guard.liftAll(),
    cutOffBy: (ban) => sip.cutOffBy(ban),
    strangerRefusals: () => sip.strangers.counts.newest(),
    status: () => {
      const { listen, udp_port, tcp_port, usetls, localtlsport, wss_port, ws_port } = settings.current;
      const { start_rtp_port, end_rtp_port } = settings.current;
      const at = (transport: string, port: number): string[] =>
        port === 0 ? [] : listen.map((address) => `${transport} ${formatEndpoint({ address, port })}`);
      const secure = usetls ? [...at('tls', localtlsport), ...at('wss', wss_port)] : [];
      const clear = [...at('udp', udp_port), ...at('tcp', tcp_port), ...at('ws', ws_port)];
      const media = `rtp ports ${start_rtp_port} to ${end_rtp_port}`;
      const sipServers = sip.sipServers.pings
        .health()
        .map(({ account, ...health }) => ({ name: account.name, ...health }));
      const registrations = sip.sipServers.registrations
        .status()
        .map(({ account, expiresAtMs = null, ...status }) => ({ name: account.name, expiresAtMs, ...status }));
      return {
        ...{ startedAtMs, sipServers, registrations, calls: sip.calls.count, bindings: sip.registrar.bindings.count },
        listeners: [...clear, ...secure],
        clearListeners: [...clear, media],
        certificate: usetls ? tls.certificate() : null,
      };
    },
  };
}

async function liveCall(call: Call, money: MeteredCalls): Promise<LiveCall> {
  const { cdr } = await call.recordSoFar();
  return {
    callId: cdr.callId,
    phase: phases[call.phase],
    callerName: cdr.callerName,
    callerNumber: cdr.callerNumber,
    dialledNumber: cdr.dialledNumber,
    calleeName: cdr.calleeName.replace(/^(?:user|trunk):/, ''),
    startedAtMs: cdr.startedAtMs,
    answeredAtMs: cdr.answeredAtMs,
    codecs: cdr.codecs,
    callerQuality: cdr.callerQuality,
    calleeQuality: cdr.calleeQuality,
    charge: money.chargeSoFar(cdr.callId),
  };
}
