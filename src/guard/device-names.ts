import type { Settings } from '../settings/index.ts';

/**
 * Tools that scan for servers and passwords, by what they call themselves when they are not told to lie. An item shorter
 * than five characters has to be the whole name.
 */
export const knownScanners: readonly string[] = [
  'friendly-scanner',
  'friendly-request',
  'sipvicious',
  'sundayddr',
  'sundaydrr',
  'sip-scan',
  'sipscan',
  'sipcli',
  'sipsak',
  'iWar',
  'smap',
  'pplsip',
  'VaxSIPUserAgent',
  'VaxIPUserAgent',
  'sivus',
  'gulp',
];

const shortName = 5;

/** Decides by the name of a device, before anything is done for it. Lists are read once for each change of a setting. */
export class DeviceNames {
  readonly #settings: () => Settings;
  #builtFrom: Settings | undefined;
  #blocked = (_folded: string): string | undefined => undefined;
  #allowed: readonly string[] = [];

  constructor(settings: () => Settings) {
    this.#settings = settings;
  }

  /** The item by which a device is refused, `allowua` for one that is not on the list; undefined for one that is served. */
  refusalOf(userAgent: string): string | undefined {
    const settings = this.#settings();
    if (settings !== this.#builtFrom) this.#build(settings);
    if (userAgent === '') return this.#allowed.length > 0 ? 'allowua' : undefined;
    const folded = userAgent.toLowerCase();
    const blocked = this.#blocked(folded);
    if (blocked !== undefined) return blocked;
    return this.#allowed.length === 0 || this.#allowed.some((part) => folded.includes(part)) ? undefined : 'allowua';
  }

  /** Whether a device may use an account that has no password [protocol.alloweua, protocol.blockeua]. */
  mayDoWithoutPassword(userAgent: string): boolean {
    const { alloweua, blockeua } = this.#settings();
    const folded = userAgent.toLowerCase();
    if (matcher(blockeua)(folded) !== undefined) return false;
    return alloweua.length === 0 || alloweua.some((part) => folded.includes(part.toLowerCase()));
  }

  #build(settings: Settings): void {
    this.#builtFrom = settings;
    this.#blocked = matcher([...knownScanners, ...settings.blockua]);
    this.#allowed = settings.allowua.map((part) => part.toLowerCase());
  }
}

/** Five characters and more are looked for anywhere in a name, fewer are the whole name; in small letters. */
function matcher(items: readonly string[]): (folded: string) => string | undefined {
  const folded = items.map((item) => item.toLowerCase());
  const whole = new Set(folded.filter((item) => item.length < shortName));
  const parts = folded.filter((item) => item.length >= shortName);
  return (name) => (whole.has(name) ? name : parts.find((part) => name.includes(part)));
}
