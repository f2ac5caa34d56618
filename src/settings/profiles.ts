import { type Settings, type SettingSpec, snapshot } from './catalogue.ts';
import type { SettingValue } from './setting.ts';

/**
 * Named sets of settings: `default` is the safe one, `seeds` reads everything as the requirements do, `hardened` is
 * stricter, and `stress_test` takes away what a load generator would trip over.
 */
export const profileNames = ['default', 'seeds', 'hardened', 'stress_test'] as const;

export type ProfileName = (typeof profileNames)[number];

/** All values of a profile: its own where it has one, the default elsewhere. */
export function profileValues(name: ProfileName): Settings {
  return snapshot((spec) => profileValue(spec, name) ?? spec.default);
}

/** The value that the profile gives this setting; `undefined` where it leaves the default. */
export function profileValue(spec: SettingSpec, name: ProfileName): SettingValue | undefined {
  switch (name) {
    case 'default':
      return undefined;
    case 'seeds':
      return spec.seeds;
    case 'hardened':
      return spec.hardened;
    case 'stress_test':
      return spec.stressTest;
  }
}
