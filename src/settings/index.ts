export { catalogue, type SettingKey, type Settings } from './catalogue.ts';
export { checkSetting } from './check.ts';
export type { SettingError } from './error.ts';
export type { SettingRow } from './explanation.ts';
export { loadSettings } from './load-settings.ts';
export { type AppliedSetting, LoadedSettings } from './loaded-settings.ts';
export { sampleConfiguration } from './manual.ts';
export type { SettingOverride, SettingStore } from './ports.ts';
export { profileValues } from './profiles.ts';
