import type { DemoOptions, Output } from '../cli/environment.ts';

/** Placeholder until the demo lands. */
export async function demo(_options: DemoOptions, output: Output): Promise<number> {
  output.write('');
  return 1;
}
