import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Ceiling, firstCeiling, parseCeiling, printCeiling } from '../billing/ceiling.ts';
import { fail, type Result } from '../base/result/result.ts';

/**
 * The ceiling of this machine. The first start writes the file; later ones only read it, and a server whose ceiling
 * cannot be read does not start.
 * @param file the setting `ceiling_file`; empty for `ceiling.conf` in the data folder.
 */
export async function openCeiling(file: string, dataFolder: string): Promise<Result<Ceiling, readonly string[]>> {
  const path = file === '' ? join(dataFolder, 'ceiling.conf') : file;
  let text: string;
  try {
    if (file === '') await writeFirst(path);
    text = await readFile(path, 'utf8');
  } catch (error) {
    return fail([`the ceiling ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`]);
  }
  const parsed = parseCeiling(text);
  return parsed.ok ? parsed : fail(parsed.error.map((sentence) => `the ceiling ${path}, ${sentence}`));
}

async function writeFirst(path: string): Promise<void> {
  try {
    await writeFile(path, printCeiling(firstCeiling), { flag: 'wx', mode: 0o444 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}
