import type { Command } from 'commander';
import { ok } from '../../base/result/result.ts';
import type { DoctorCheck } from '../../doctor/check.ts';
import { examineMachine } from '../../doctor/machine-checks.ts';
import { isSound, summary } from '../../doctor/server-checks.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../environment.ts';
import { printable } from '../output/escape.ts';
import { addCommand, type CommonOptions, type Shell } from '../shell.ts';

export function addDoctorCommand(program: Command, shell: Shell): void {
  addCommand(
    program,
    'doctor',
    'Look for what is unsafe on this machine and in the settings; the exit code is 1 when something is a fault.',
    ['doctor', 'doctor --json'],
  ).action((options: CommonOptions) => shell.perform(options, visit));
}

async function visit(context: CommandContext): Promise<number> {
  const answered = await context.call('doctor', {});
  if (!answered.ok) return context.fail(answered.error);
  const { checks, ownPorts, mediaPorts } = answered.value;
  const own = { ownPorts: new Set(ownPorts), mediaPorts };
  const all = [...checks, ...examineMachine(await context.environment.machineFacts(context.dataFolder, own))];
  const isHealthy = isSound(all);
  context.print(ok({ sound: isHealthy, checks: all }), () => `${all.map(paragraph).join('')}\n${summary(all)}\n`);
  return isHealthy ? exitCodes.done : exitCodes.failed;
}

/** What is well takes a line; the rest says what it means and what to do. */
function paragraph({ name, result, seen, meaning, remedy }: DoctorCheck): string {
  const line = `${result.padEnd(8)} ${name}: ${printable(seen)}\n`;
  return result === 'ok' ? line : `${line}         ${meaning}\n         -> ${remedy}\n`;
}
