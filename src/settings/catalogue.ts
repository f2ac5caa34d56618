import { accessSettings } from './catalogue/access.ts';
import { accountSettings } from './catalogue/accounts.ts';
import { authSettings } from './catalogue/auth.ts';
import { callSettings } from './catalogue/calls.ts';
import { creditSettings } from './catalogue/credit.ts';
import { guardSettings } from './catalogue/guard.ts';
import { limitSettings } from './catalogue/limits.ts';
import { fraudSettings } from './catalogue/fraud.ts';
import { mediaSettings } from './catalogue/media.ts';
import { profileSettings } from './catalogue/profile.ts';
import { priceSettings } from './catalogue/prices.ts';
import { registrarSettings } from './catalogue/registrar.ts';
import { serverSettings } from './catalogue/server.ts';
import { sessionSettings } from './catalogue/session.ts';
import { sipSettings } from './catalogue/sip.ts';
import { tlsSettings } from './catalogue/tls.ts';
import { modeSettings } from './rules.ts';
import type { Setting, SettingValue } from './setting.ts';

/** The catalogue by area, in the order of the manual. */
export const areas = {
  Profile: profileSettings,
  'SIP and listening': sipSettings,
  'TLS and WebSocket': tlsSettings,
  Authentication: authSettings,
  Access: accessSettings,
  Guard: guardSettings,
  Registrations: registrarSettings,
  'Calls and sessions': { ...callSettings, ...sessionSettings },
  Limits: limitSettings,
  Credit: creditSettings,
  Media: mediaSettings,
  'Numbers and time': accountSettings,
  'Modes of the rules': modeSettings,
  'Numbers that may be called': fraudSettings,
  Prices: priceSettings,
  Server: serverSettings,
} as const;

const declared = {
  ...areas.Profile,
  ...areas['SIP and listening'],
  ...areas['TLS and WebSocket'],
  ...areas.Authentication,
  ...areas.Access,
  ...areas.Guard,
  ...areas.Registrations,
  ...areas['Calls and sessions'],
  ...areas.Limits,
  ...areas.Credit,
  ...areas.Media,
  ...areas['Numbers and time'],
  ...areas['Modes of the rules'],
  ...areas['Numbers that may be called'],
  ...areas.Prices,
  ...areas.Server,
};

export type SettingKey = keyof typeof declared;

type ValueOf<S> = S extends Setting<infer V> ? V : never;

/** A frozen snapshot of every setting: key to typed value. */
export type Settings = { readonly [K in SettingKey]: ValueOf<(typeof declared)[K]> };

/** One setting of the catalogue with its key: the tail of its id with `_` for `-`. */
export interface SettingSpec extends Setting {
  readonly key: SettingKey;
  readonly area: string;
}

/** Every setting of this version, once. */
export const catalogue: readonly SettingSpec[] = Object.entries(areas).flatMap(([area, settings]) =>
  Object.entries<Setting>(settings).map(([key, setting]) => ({ ...setting, key: key as SettingKey, area })),
);

/** Builds the typed snapshot; `valueFor` has to give values that the setting's own `parse` or declaration produced. */
export function snapshot(valueFor: (spec: SettingSpec) => SettingValue): Settings {
  const entries = catalogue.map((spec) => [spec.key, valueFor(spec)] as const);
  return Object.freeze(Object.fromEntries(entries)) as unknown as Settings;
}
