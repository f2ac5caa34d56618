import { assert } from '../base/result/assert.ts';
import { fail, ok, type Result } from '../base/result/result.ts';
import { catalogue, type SettingKey, type Settings, type SettingSpec } from './catalogue.ts';
import { type CheckedSetting, checkSetting, checkTogether } from './check.ts';
import type { SettingError } from './error.ts';
import { explanation, type SettingRow } from './explanation.ts';
import { changedKeys, type Layers, type LayerValue, type SettingOrigin, sameValue } from './layers.ts';
import { findSetting } from './names.ts';
import type { SettingOverride } from './ports.ts';
import type { SettingValue } from './setting.ts';

/** What became of a change. */
export interface AppliedSetting {
  readonly key: SettingKey;
  /** The text to store: what `checkSetting` reads back to the same value. */
  readonly text: string;
  /** True when the new value holds from the next start only. */
  readonly needsRestart: boolean;
  /** The environment or command line that wins over the change, so that it has no effect while that stays. */
  readonly shadowedBy: SettingOrigin | undefined;
  /** Why the value is seldom meant; undefined for one that is fine. */
  readonly warning: string | undefined;
}

/** The settings of a running server: a typed snapshot, where each value came from, and changes while it runs. */
export class LoadedSettings {
  #layers: Layers;
  #current: Settings;
  /** What was loaded at the start: settings that need a restart keep these values. */
  readonly #started: Settings;
  readonly #startedOrigins: ReadonlyMap<SettingKey, SettingOrigin>;
  readonly #listeners = new Set<(key: SettingKey) => void>();

  /** `layers` belongs to this object from here on; its values must have passed all checks. */
  constructor(layers: Layers) {
    this.#layers = layers;
    this.#started = layers.settings();
    this.#startedOrigins = new Map(catalogue.map((spec) => [spec.key, layers.effective(spec).origin]));
    this.#current = this.#started;
  }

  /** A frozen snapshot. It is replaced as a whole on a change: read it anew for each decision. */
  get current(): Settings {
    return this.#current;
  }

  /** Who set the value that holds now, and when. */
  origin(key: SettingKey): SettingOrigin {
    const spec = specOf(key);
    const next = this.#layers.effective(spec);
    return this.#pending(spec, next) ? (this.#startedOrigins.get(key) ?? next.origin) : next.origin;
  }

  /** What a change would do, without doing it: to be asked before the change is stored. */
  check(override: SettingOverride): Result<AppliedSetting, SettingError> {
    const planned = this.#plan(override);
    return planned.ok ? ok(planned.value.applied) : planned;
  }

  /** Makes an override of an operator hold, and tells the listeners of what changed. */
  apply(override: SettingOverride): Result<AppliedSetting, SettingError> {
    const planned = this.#plan(override);
    if (!planned.ok) return planned;
    this.#replace(planned.value.layers);
    return ok(planned.value.applied);
  }

  /** Takes an override away; file and default count again. One that is not there is no error. */
  remove(name: string): Result<AppliedSetting, SettingError> {
    const found = findSetting(name);
    if (!found.ok) return found;
    const layers = this.#layers.copy();
    layers.clear(found.value.key, 'stored');
    const conflict = checkTogether(layers.settings())[0];
    if (conflict !== undefined) return fail(conflict);
    this.#replace(layers);
    return ok(this.#outcome(found.value, layers));
  }

  /** Calls `listener` with each key whose value changes; @returns what ends that. */
  onChange(listener: (key: SettingKey) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Every setting, in the order of the manual. */
  list(): readonly SettingRow[] {
    return catalogue.map((spec) => this.#row(spec));
  }

  /** Values that are allowed and seldom meant, as sentences that begin with the setting. */
  warnings(): readonly string[] {
    return this.list().flatMap(({ key, warning }) => (warning === undefined ? [] : [`${key}: ${warning}`]));
  }

  /** All that is known of one setting, as lines of text for a person. */
  explain(name: string): Result<string, SettingError> {
    const found = findSetting(name);
    return found.ok ? ok(explanation(found.value, this.#row(found.value))) : found;
  }

  #plan(override: SettingOverride): Result<{ layers: Layers; applied: AppliedSetting }, SettingError> {
    const checked = checkSetting(override.key, override.value);
    if (!checked.ok) return checked;
    const layers = this.#layers.copy();
    layers.set(checked.value.key, storedLayer(checked.value, override));
    const conflict = checkTogether(layers.settings())[0];
    return conflict === undefined ? ok({ layers, applied: this.#outcome(checked.value.spec, layers) }) : fail(conflict);
  }

  #outcome(spec: SettingSpec, layers: Layers): AppliedSetting {
    const { value, origin } = layers.effective(spec);
    const stored = layers.ofSource('stored').get(spec.key);
    const shadowed = origin.source === 'environment' || origin.source === 'command line';
    return {
      key: spec.key,
      text: spec.format(stored?.value ?? value),
      needsRestart: this.#pending(spec, { value, origin }),
      shadowedBy: shadowed ? origin : undefined,
      warning: spec.unwise?.(stored?.value ?? value),
    };
  }

  #pending(spec: SettingSpec, next: LayerValue): boolean {
    return spec.effect === 'restart' && !sameValue(this.#started[spec.key], next.value);
  }

  #replace(layers: Layers): void {
    const before = this.#current;
    this.#layers = layers;
    this.#current = layers.settingsSince(this.#started);
    for (const key of changedKeys(before, this.#current)) {
      for (const listener of this.#listeners) listener(key);
    }
  }

  #row(spec: SettingSpec): SettingRow {
    const next = this.#layers.effective(spec);
    const show = (value: SettingValue): string => (spec.secret === true ? '[secret]' : spec.format(value));
    return {
      key: spec.key,
      area: spec.area,
      value: show(this.#current[spec.key]),
      default: show(spec.default),
      afterRestart: this.#pending(spec, next) ? show(next.value) : undefined,
      origin: this.origin(spec.key),
      unit: spec.unit,
      effect: spec.effect,
      text: spec.text,
      warning: spec.unwise?.(next.value),
    };
  }
}

/** The word of an operator as a layer. */
export function storedLayer(checked: CheckedSetting, override: SettingOverride): LayerValue {
  return { value: checked.value, origin: { source: 'stored', by: override.by, atMs: override.atMs } };
}

const specByKey: ReadonlyMap<SettingKey, SettingSpec> = new Map(catalogue.map((spec) => [spec.key, spec]));

function specOf(key: SettingKey): SettingSpec {
  const spec = specByKey.get(key);
  assert(spec !== undefined, `the catalogue has no ${key}`);
  return spec;
}
