import { catalogue, type SettingKey, type SettingSpec, type Settings, snapshot } from './catalogue.ts';
import { profileNames, profileValue } from './profiles.ts';
import type { SettingValue } from './setting.ts';

/** The sources of a setting; a later one wins over an earlier one. */
export const sourceNames = ['default', 'profile', 'file', 'stored', 'environment', 'command line'] as const;

export type SourceName = (typeof sourceNames)[number];

/** Who set a value, and when. */
export interface SettingOrigin {
  readonly source: SourceName;
  /** The version for defaults, the name of a profile, else file and line, administrator, variable or option. */
  readonly by: string;
  /** Milliseconds since 1970-01-01 UTC; for file, environment and command line the time of the start. */
  readonly atMs: number | undefined;
}

export interface LayerValue {
  readonly value: SettingValue;
  readonly origin: SettingOrigin;
}

const strongestFirst = sourceNames.toReversed();

/** What each source says of each setting; what the profile says is in the catalogue. */
export class Layers {
  readonly #bySource: ReadonlyMap<SourceName, Map<SettingKey, LayerValue>>;

  constructor(copied?: Layers) {
    this.#bySource = new Map(sourceNames.map((source) => [source, new Map(copied?.ofSource(source) ?? [])]));
  }

  copy(): Layers {
    return new Layers(this);
  }

  ofSource(source: SourceName): ReadonlyMap<SettingKey, LayerValue> {
    return this.#bySource.get(source) ?? new Map<SettingKey, LayerValue>();
  }

  set(key: SettingKey, layer: LayerValue): void {
    this.#bySource.get(layer.origin.source)?.set(key, layer);
  }

  /** Takes away what one source says of the setting. */
  clear(key: SettingKey, source: SourceName): void {
    this.#bySource.get(source)?.delete(key);
  }

  /** What counts: the word of the strongest source. */
  effective(spec: SettingSpec): LayerValue {
    const set = this.#setTo(spec.key) ?? this.#ofProfile(spec);
    if (set !== undefined) return set;
    const origin: SettingOrigin = { source: 'default', by: `ringfence ${spec.since}`, atMs: undefined };
    return { value: spec.default, origin };
  }

  #setTo(key: SettingKey): LayerValue | undefined {
    for (const source of strongestFirst) {
      const layer = this.#bySource.get(source)?.get(key);
      if (layer !== undefined) return layer;
    }
    return undefined;
  }

  /** The value of the profile that is chosen, where it has one; set since the profile was chosen. */
  #ofProfile(spec: SettingSpec): LayerValue | undefined {
    const chosen = this.#setTo('profile');
    const name = profileNames.find((known) => known === chosen?.value);
    const value = name === undefined ? undefined : profileValue(spec, name);
    if (name === undefined || value === undefined) return undefined;
    return { value, origin: { source: 'profile', by: name, atMs: chosen?.origin.atMs } };
  }

  settings(): Settings {
    return snapshot((spec) => this.effective(spec).value);
  }

  /** The settings as they hold now: those that need a restart keep the value of `started`. */
  settingsSince(started: Settings): Settings {
    return snapshot((spec) => (spec.effect === 'restart' ? started[spec.key] : this.effective(spec).value));
  }
}

/** True when both are the same value; lists are compared entry by entry. */
export function sameValue(one: SettingValue, other: SettingValue): boolean {
  if (typeof one !== 'object' || typeof other !== 'object') return one === other;
  return one.length === other.length && one.every((item, index) => item === other[index]);
}

/** Keys whose values differ, in the order of the catalogue. */
export function changedKeys(before: Settings, after: Settings): readonly SettingKey[] {
  return catalogue.map(({ key }) => key).filter((key) => !sameValue(before[key], after[key]));
}
