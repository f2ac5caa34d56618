import { readFile } from 'node:fs/promises';
import { fail, type Result } from '../base/result/result.ts';
import { systemClock } from '../base/time/system-clock.ts';
import { type LoadedSettings, loadSettings, type SettingOverride } from '../settings/index.ts';

/** Where settings come from besides the store. */
export interface SettingSources {
  readonly configFile: string | undefined;
  /** `name=value` of each `--set`. */
  readonly set: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Defaults, file, stored overrides, environment and `--set`, in this order. @returns a sentence for each fault */
export async function readSettings(
  options: SettingSources,
  stored: readonly SettingOverride[],
): Promise<Result<LoadedSettings, readonly string[]>> {
  const { configFile } = options;
  let file: { path: string; text: string } | undefined;
  if (configFile !== undefined) {
    try {
      file = { path: configFile, text: await readFile(configFile, 'utf8') };
    } catch (error) {
      return fail([`--config ${configFile}: ${error instanceof Error ? error.message : String(error)}`]);
    }
  }
  const loaded = loadSettings({
    ...(file === undefined ? {} : { file }),
    stored,
    environment: options.environment,
    environmentWithout: ['RINGFENCE_DATA'],
    commandLine: options.set,
    nowMs: systemClock.wallMs(),
  });
  return loaded.ok ? loaded : fail(loaded.error.map(({ message }) => message));
}
