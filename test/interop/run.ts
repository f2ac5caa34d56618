import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Environment } from './kit/environment.ts';
import { Skipped } from './kit/skipped.ts';

// Runs the cases in which other people's software speaks to the server:
//   node_modules/.bin/node test/interop/run.ts [words of the folder's name]
// A case is a folder with case.ts, which exports `title` and `run(env)`. All traffic stays on loopback.

interface InteropCase {
  readonly name: string;
  readonly title: string;
  readonly folder: string;
  /** Runs while nothing else does: it measures time, or loads the machine. */
  readonly alone: boolean;
  readonly timeoutMs: number;
  /** Errors in the server's log are what the case provokes. */
  readonly faultsExpected: boolean;
  run(env: Environment): Promise<void>;
}

const root = dirname(fileURLToPath(import.meta.url));
const groups = ['sipp', 'hostile', 'attack', 'tls', 'browser', 'baresip', 'linphone', 'kamailio', 'crash'];
/** Cases mostly wait, so a few more than there are processors run at once. */
const atOnce = Math.min(4, availableParallelism() + 1);
const caseTimeoutMs = 300_000;
/** So many failed cases are tried once more. */
const maxAgain = 5;

async function loadCases(filters: readonly string[]): Promise<readonly InteropCase[]> {
  const cases: InteropCase[] = [];
  for (const group of groups) {
    if (!existsSync(join(root, group))) continue;
    for (const entry of readdirSync(join(root, group)).sort()) {
      const folder = join(root, group, entry);
      const name = `${group}/${entry}`;
      if (!existsSync(join(folder, 'case.ts'))) continue;
      if (filters.length > 0 && !filters.some((filter) => name.includes(filter))) continue;
      const module: Readonly<Record<string, unknown>> = await import(pathToFileURL(join(folder, 'case.ts')).href);
      cases.push(readCase(name, folder, module));
    }
  }
  const taken = new Set<string>();
  for (const one of cases) {
    const short = shortName(one);
    if (taken.has(short)) throw new Error(`${one.name} has the number of another case: both would work in one folder`);
    taken.add(short);
  }
  return cases;
}

function readCase(name: string, folder: string, module: Readonly<Record<string, unknown>>): InteropCase {
  const { title, run, alone, timeoutS, faultsExpected } = module;
  if (typeof title !== 'string' || typeof run !== 'function') throw new Error(`${name}/case.ts needs title and run`);
  const start = async (env: Environment): Promise<void> => {
    await run(env);
  };
  const timeoutMs = typeof timeoutS === 'number' ? timeoutS * 1000 : caseTimeoutMs;
  return { name, title, folder, alone: alone === true, timeoutMs, faultsExpected: faultsExpected === true, run: start };
}

/** The data folder's socket has a short path, so the case's folder has one. */
function shortName({ name }: InteropCase): string {
  const [group = '', number = ''] = name.split(/[/-]/);
  return `${group}-${number}`;
}

/** Two runs on one machine, and the cases of one, get networks of their own. */
function networkOf(index: number): string {
  return `127.${64 + (process.pid % 128)}.${index + 1}`;
}

interface Numbered {
  readonly one: InteropCase;
  /** Gives the case its network. */
  readonly index: number;
}

type Outcome = { readonly kind: 'ok' } | { readonly kind: 'skipped' | 'FAILED'; readonly why: string };

async function runCase({ one, index }: Numbered, workFolder: string): Promise<Outcome> {
  const env = new Environment(one.folder, workFolder, networkOf(index));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over after ${one.timeoutMs / 1000} s`)), one.timeoutMs);
  });
  try {
    await Promise.race([one.run(env), tooLate]);
    const [fault] = env.faults();
    if (fault !== undefined && !one.faultsExpected)
      return { kind: 'FAILED', why: `the server logged a fault of its own: ${fault}` };
    return { kind: 'ok' };
  } catch (error) {
    if (error instanceof Skipped) return { kind: 'skipped', why: error.message };
    return { kind: 'FAILED', why: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  } finally {
    clearTimeout(timer);
    await env.close();
  }
}

async function main(): Promise<number> {
  const cases = await loadCases(process.argv.slice(2));
  const workFolder = mkdtempSync(join(tmpdir(), 'rf-interop-'));
  const passed: string[] = [];
  const again: Numbered[] = [];
  const judge = async (each: Numbered, folder: string): Promise<Outcome['kind']> => {
    const { one } = each;
    const startedMs = performance.now();
    const outcome = await runCase(each, folder);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    console.log(`${outcome.kind.padEnd(7)} ${one.name}: ${one.title} (${seconds} s)`);
    if (outcome.kind === 'ok') passed.push(one.name);
    else console.log(outcome.why.replace(/^/gm, '        '));
    return outcome.kind;
  };
  const first = async (each: Numbered): Promise<void> => {
    if ((await judge(each, join(workFolder, shortName(each.one)))) === 'FAILED') again.push(each);
  };
  const numbered = cases.map((one, index) => ({ one, index }));
  // A process that fails while its case waits for something else: the case sees it later, or fails by its own waiting.
  process.on('unhandledRejection', (error) => console.log(`while waiting: ${String(error)}`));
  const queue = numbered.filter(({ one }) => !one.alone);
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await first(next);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  for (const each of numbered) if (each.one.alone) await first(each);
  const failed: string[] = [];
  // A busy machine can cost a case its time limits. A case that fails again while nothing else runs has failed; when
  // many fail, it is not the machine.
  for (const each of again) {
    console.log(`again, alone: ${each.one.name}`);
    const folder = join(workFolder, `${shortName(each.one)}-2`);
    const isGivenUp = again.length > maxAgain;
    if (isGivenUp || (await judge({ ...each, index: each.index + cases.length }, folder)) === 'FAILED')
      failed.push(each.one.name);
  }
  if (failed.length === 0 && process.env['KEEP'] === undefined) rmSync(workFolder, { recursive: true, force: true });
  else console.log(`logs: ${workFolder}`);
  for (const name of failed) console.log(`failed: ${name}`);
  console.log(`${passed.length} passed, ${failed.length} failed`);
  return failed.length === 0 && passed.length > 0 ? 0 : 1;
}

process.exit(await main());
