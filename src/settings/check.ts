import { fail, ok, type Result } from '../base/result/result.ts';
import type { Settings, SettingSpec } from './catalogue.ts';
import { quoted, type SettingError } from './error.ts';
import { findSetting } from './names.ts';
import type { SettingValue } from './setting.ts';

export interface CheckedSetting {
  readonly spec: SettingSpec;
  readonly key: SettingSpec['key'];
  readonly value: SettingValue;
}

/** Reads one setting as an operator wrote it; the error names it, its value and what is allowed. */
export function checkSetting(name: string, text: string): Result<CheckedSetting, SettingError> {
  const found = findSetting(name);
  if (!found.ok) return fail({ ...found.error, value: undefined });
  const spec = found.value;
  const parsed = spec.parse(text);
  return parsed.ok ? ok({ spec, key: spec.key, value: parsed.value }) : fail(refusedValue(spec, text, parsed.error));
}

/** The error for a text that `spec` does not take; of a secret it shows neither the text nor the complaint about it. */
export function refusedValue(
  spec: Pick<SettingSpec, 'key' | 'secret' | 'allowed'>,
  text: string,
  complaint: string | undefined,
): SettingError {
  const secret = spec.secret === true;
  const what = secret ? 'the value' : text.trim() === '' ? 'an empty value' : quoted(text);
  const why = complaint === undefined || secret ? '' : ` (${complaint})`;
  return {
    kind: 'value',
    name: spec.key,
    value: secret ? undefined : text,
    allowed: spec.allowed,
    message: `${spec.key}: ${what} is refused${why}; allowed: ${spec.allowed}`,
  };
}

/** Settings that are each right and cannot hold together. Empty when all is well. */
export function checkTogether(settings: Settings): readonly SettingError[] {
  const conflicts: SettingError[] = [];
  const must = (holds: boolean, name: keyof Settings, message: string): void => {
    if (!holds) conflicts.push({ kind: 'conflict', name, value: String(settings[name]), allowed: undefined, message });
  };
  const shortestS = settings.min_registration_subscription_time_sec;
  const longestS = settings.max_registration_subscription_time_sec;
  const usualS = settings.default_incoming_outgoing_registration_time_sec;
  must(
    shortestS <= usualS && usualS <= longestS,
    'default_incoming_outgoing_registration_time_sec',
    `the registration times must be min <= default <= max, and are ${shortestS}, ${usualS} and ${longestS}`,
  );
  must(
    settings.end_rtp_port - settings.start_rtp_port >= 3,
    'end_rtp_port',
    `the RTP ports ${settings.start_rtp_port} to ${settings.end_rtp_port} are not enough for one call, which takes four`,
  );
  must(
    settings.udp_port < settings.start_rtp_port || settings.udp_port > settings.end_rtp_port,
    'udp_port',
    `udp_port ${settings.udp_port} is inside the RTP range ${settings.start_rtp_port} to ${settings.end_rtp_port}`,
  );
  must(settings.udp_port !== 0 || settings.tcp_port !== 0, 'udp_port', 'udp_port and tcp_port cannot both be 0');
  must(settings.listen.length > 0, 'listen', 'listen names no address');
  for (const [one, other] of sharedTcpPorts(settings)) {
    must(false, one, `${one} and ${other} are both ${settings[one]}; give each a port of its own`);
  }
  return conflicts;
}

type TcpPort = 'metrics_port' | 'ws_port' | 'wss_port' | 'localtlsport' | 'tcp_port';

/** Pairs of TCP listeners that would be on one port. */
function sharedTcpPorts(settings: Settings): readonly (readonly [TcpPort, TcpPort])[] {
  const secure: readonly TcpPort[] = settings.usetls ? ['wss_port', 'localtlsport'] : [];
  const open: readonly TcpPort[] = ['metrics_port', 'ws_port', ...secure, 'tcp_port'];
  const used = open.filter((name) => settings[name] !== 0);
  return used.flatMap((one, index) =>
    used.slice(index + 1).flatMap((other) => (settings[one] === settings[other] ? [[one, other] as const] : [])),
  );
}
