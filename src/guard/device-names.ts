import { knownScanners, type Settings } from '../settings/index.ts';

const shortName = 5;
/** What `allowua` refuses is counted together: names of strangers are no labels. */
const unlisted = 'allowua';

/** Decides by the name of a device, before anything is done for it. Lists are read once for each change of a setting. */
export class DeviceNames {
  readonly #settings: () => Settings;
  #builtFrom: Settings | undefined;
  #blocked = (_folded: string): string | undefined => undefined;
  #allowed: readonly string[] = [];
  readonly #refused = new Map<string, number>();

  constructor(settings: () => Settings) {
    this.#settings = settings;
  }

  /** How many messages each item has refused so far. */
  get refused(): ReadonlyMap<string, number> {
    return this.#refused;
  }

  /** Whether a device is refused; counted by the item that refuses it, `allowua` for one that is not on that list. */
  refuses(userAgent: string): boolean {
    const item = this.#refusalOf(userAgent);
    if (item !== undefined) this.#refused.set(item, (this.#refused.get(item) ?? 0) + 1);
    return item !== undefined;
  }

  #refusalOf(userAgent: string): string | undefined {
    const settings = this.#settings();
    if (settings !== this.#builtFrom) this.#build(settings);
    if (userAgent === '') return this.#allowed.length > 0 ? unlisted : undefined;
    const folded = userAgent.toLowerCase();
    const blocked = this.#blocked(folded);
    if (blocked !== undefined) return blocked;
    return this.#allowed.length === 0 || this.#allowed.some((part) => folded.includes(part)) ? undefined : unlisted;
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
    const spared = new Set(settings.blockua_except.map((item) => item.toLowerCase()));
    const builtIn = knownScanners.filter((item) => !spared.has(item.toLowerCase()));
    this.#blocked = matcher([...builtIn, ...settings.blockua]);
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
