import { actAtRandom, registerAll } from './actions.ts';
import { brokenPromises, leaks, type Problem, stuckCalls } from './checks.ts';
import { auditMoney, brokenCharges } from './money-checks.ts';
import { longestCallMs } from './server-life.ts';
import { World } from './world.ts';

export interface SeedReport {
  readonly seed: number;
  readonly steps: number;
  readonly cdrs: number;
  readonly answered: number;
  readonly lives: number;
  /** By cause, for judging whether chance reaches everything. */
  readonly causes: ReadonlyMap<string, number>;
  /** Empty when every promise was kept. */
  readonly failure: string;
}

const maxSteps = 150;
const shownProblems = 5;
const shownLines = 60;

/** Lives through one seed: random actions under faults, then calm until everything must be settled, then the checks. */
export async function simulate(seed: number, isVerbose = false): Promise<SeedReport> {
  const world = new World(seed);
  let steps = 0;
  let problems: readonly Problem[];
  const onRejection = (error: unknown): void => {
    world.problems.push(`a promise failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  };
  process.on('unhandledRejection', onRejection);
  try {
    await world.start();
    registerAll(world);
    await world.pass(1000);
    while (steps < maxSteps) {
      steps++;
      world.wire.note(`.... step ${steps}`);
      await actAtRandom(world);
      world.life?.talk();
      await live(world, world.random.below(4) === 0 ? world.random.below(15_000) : world.random.below(1500));
    }
    problems = await settle(world);
  } catch (error) {
    problems = [{ text: error instanceof Error ? (error.stack ?? error.message) : String(error), callIds: [] }];
  }
  process.off('unhandledRejection', onRejection);
  const cdrs = [...world.disk.cdrs.values()];
  const causes = new Map<string, number>();
  for (const { cause } of cdrs) causes.set(cause, (causes.get(cause) ?? 0) + 1);
  return {
    ...{ seed, steps, causes },
    cdrs: cdrs.length,
    answered: cdrs.filter(({ answeredAtMs }) => answeredAtMs !== undefined).length,
    lives: world.lives.length,
    failure: problems.length === 0 ? '' : report(world, seed, problems, isVerbose),
  };
}

/** Time with speech in it. */
async function live(world: World, durationMs: number): Promise<void> {
  for (let leftMs = durationMs; leftMs > 0; leftMs -= 4000) {
    await world.pass(Math.min(leftMs, 4000));
    world.life?.talk();
    auditMoney(world);
  }
}

/** Faults and actions end; every call must end by the server's own timers, and then nothing may be left. */
async function settle(world: World): Promise<readonly Problem[]> {
  world.calmDown();
  await world.pass(longestCallMs + 100_000);
  const stuck = stuckCalls(world);
  for (const { call } of world.views) if (call.state !== 'ended') call.hangUp();
  for (const phone of world.phones.slice(0, -1)) void phone.unregister();
  for (const trunk of world.trunks) for (const leg of trunk.connected) leg.hangUp();
  await world.pass(longestCallMs);
  const leaked = leaks(world);
  if (world.life !== undefined) world.stopServer();
  world.close();
  return [...stuck, ...brokenPromises(world), ...brokenCharges(world), ...leaked];
}

function report(world: World, seed: number, problems: readonly Problem[], isVerbose: boolean): string {
  const shown = problems.slice(0, shownProblems).map(({ text }) => `  * ${text}`);
  const first = problems[0];
  const trace = isVerbose ? world.wire.trace([], 20_000) : world.wire.trace(first?.callIds ?? [], shownLines);
  return `seed ${seed}: ${problems.length} problems\n${shown.join('\n')}\n${trace}`;
}
