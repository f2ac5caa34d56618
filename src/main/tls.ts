import type { Log } from '../base/log/log.ts';
import { Secret } from '../base/log/secret.ts';
import { systemRandom } from '../base/random/random.ts';
import { ok, type Result } from '../base/result/result.ts';
import { systemClock } from '../base/time/system-clock.ts';
import type { Settings } from '../settings/index.ts';
import { defaultTransportLimits, WorkerGate } from '../sip/transport/index.ts';
import { type CertificateFacts, certificateFacts, type Loaded, loadCertificate } from '../tls/certificate-files.ts';
import { CertificateWatch } from '../tls/certificate-watch.ts';
import { machineAddresses } from './addresses.ts';

const handshakeTimeoutMs = 5000;
const maxHandshakes = 1000;
/** Half of what proxies allow a silent connection by default. */
const webSocketPingMs = 30_000;
const maxRefusalsToldPerMinute = 20;

/** The thread of TLS and WebSocket, and the watch over its certificate. */
export interface Tls {
  readonly gate: WorkerGate;
  /** What new connections are shown. */
  certificate(): CertificateFacts;
  stop(): void;
}

/** Loads the certificate, or makes one, and starts the gate with it; the error is a sentence for the operator. */
export async function startTls(folder: string, settings: Settings, log: Log): Promise<Result<Tls, string>> {
  const load = (): Result<Loaded, string> => loadCertificate(factsOf(folder, settings));
  const loaded = load();
  if (!loaded.ok) return loaded;
  tell(log, loaded.value);
  const gate = new WorkerGate({
    clock: systemClock,
    material: loaded.value.material,
    limits: {
      maxConnections: settings.max_tcp_connections,
      maxConnectionsPerSource: settings.max_tcp_connections_per_source,
      maxHandshakes,
      handshakeTimeoutMs,
      webSocketPingMs,
      strangerHandshakesPerSecond: settings.tls_handshake_rate,
      maxMessageOctets: settings.max_message_octets,
      maxPendingOctets: defaultTransportLimits.maxPendingOctets,
    },
    onFailure: (error) => log.error('TLS thread died; its connections are closed', { error: error.message }),
    onRefused: refusalLog(log),
  });
  let current = loaded.value.material;
  const watch = new CertificateWatch(systemClock, folder, () => {
    const changed = load();
    if (!changed.ok) return log.warn('certificate not changed', { reason: changed.error });
    // What the operator gave stands in for what is broken now; the server's own would make phones give up.
    if (changed.value.material.selfSigned && !current.selfSigned) {
      return log.warn('certificate not changed', { reason: changed.value.warnings.join('; ') || 'the files are gone' });
    }
    tell(log, changed.value);
    current = changed.value.material;
    gate.useMaterial(current);
  });
  await watch.start();
  const stop = (): void => {
    watch.stop();
    gate.close();
  };
  return ok({ gate, certificate: () => certificateFacts(current), stop });
}

function factsOf(folder: string, settings: Settings): Parameters<typeof loadCertificate>[0] {
  const { localdomain, public_address, sslcertpwd, listen } = settings;
  const bound = listen.filter((address) => address !== '0.0.0.0' && address !== '::');
  // The first one is the name that people see: one by which phones can reach us.
  const machine = machineAddresses().toSorted((one, other) => Number(one.internal) - Number(other.internal));
  const own = [...bound, ...machine.map(({ address }) => address)];
  return {
    folder,
    password: new Secret(sslcertpwd),
    domains: localdomain,
    addresses: [...public_address, ...own],
    random: systemRandom(),
    nowMs: systemClock.wallMs(),
  };
}

function tell(log: Log, { material, warnings }: Loaded): void {
  for (const warning of warnings) log.warn('certificate', { warning });
  log.info('certificate in use', { selfSigned: material.selfSigned, fingerprint: material.fingerprint });
}

/** A SIP server that cannot be reached is tried for every call: a few lines a minute tell enough. */
function refusalLog(log: Log): ConstructorParameters<typeof WorkerGate>[0]['onRefused'] {
  let minute = 0;
  let told = 0;
  return (peer, remote, reason) => {
    const now = Math.floor(systemClock.monotonicMs() / 60_000);
    if (now !== minute) [minute, told] = [now, 0];
    told += 1;
    if (told > maxRefusalsToldPerMinute) return;
    log.warn('no TLS connection', { peer, address: remote.address, port: remote.port, reason });
  };
}
