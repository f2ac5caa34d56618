import { writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';

/** One measured round of one server. */
export interface Round {
  readonly microsecondsPerOperation: number;
  readonly operations: number;
  /** Operations that did not succeed, and requests that had to be sent again. */
  readonly failed: number;
  readonly repeated: number;
}

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** Median of the distances from the median. */
  readonly deviation: number;
}

export type Rounds = Readonly<Record<'peer' | 'ringfence', readonly Round[]>>;

export interface Machine {
  readonly date: string;
  readonly processor: string;
  readonly cores: number;
  readonly kernel: string;
  readonly node: string;
  readonly peer: string;
}

export function machine(peer: string): Machine {
  const [first] = cpus();
  return {
    date: new Date().toISOString(),
    processor: first?.model.trim() ?? 'unknown',
    cores: cpus().length,
    kernel: release(),
    node: process.version,
    peer,
  };
}

export function spread(values: readonly number[]): Spread {
  const median = middle(values);
  return {
    median,
    least: Math.min(...values),
    most: Math.max(...values),
    deviation: middle(values.map((value) => Math.abs(value - median))),
  };
}

/** Of each pair: what an operation cost us, divided by what it cost the peer at nearly the same time. */
export function ratios(rounds: Rounds): readonly number[] {
  return rounds.ringfence.flatMap((round, at) => {
    const peer = rounds.peer[at];
    return peer === undefined ? [] : [round.microsecondsPerOperation / peer.microsecondsPerOperation];
  });
}

/** The Markdown page of one run. */
export function page(title: string, operation: string, about: Machine, setUp: string, rounds: Rounds): string {
  const lines = Object.entries(rounds).flatMap(([name, list]) => {
    if (list.length === 0) return [];
    const cost = spread(list.map((round) => round.microsecondsPerOperation));
    const total = (pick: (round: Round) => number): number => list.reduce((sum, round) => sum + pick(round), 0);
    const counts = [
      total((round) => round.operations),
      total((round) => round.failed),
      total((round) => round.repeated),
    ];
    return [`| ${name === 'peer' ? about.peer : name} | ${spreadText(cost, 1)} | ${counts.join(' | ')} |`];
  });
  const all = ratios(rounds);
  return [
    `# ${title}`,
    '',
    `${about.date}, ${about.processor}, ${about.cores} cores, Linux ${about.kernel}, Node ${about.node}`,
    '',
    setUp,
    '',
    `| server | CPU us per ${operation}: median (least to most, median deviation) | operations | failed | sent again |`,
    '| --- | --- | --- | --- | --- |',
    ...lines,
    ...(all.length === 0 ? [] : ['', `CPU ratio ringfence / ${about.peer}: ${spreadText(spread(all), 3)}`]),
    '',
  ].join('\n');
}

export function spreadText({ median, least, most, deviation }: Spread, digits: number): string {
  const [one, low, high, away] = [median, least, most, deviation].map((value) => value.toFixed(digits));
  return `${one} (${low} to ${high}, ${away})`;
}

function middle(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(at)] ?? Number.NaN) + (sorted[Math.ceil(at)] ?? Number.NaN)) / 2;
}

/** Writes the rounds and the page of a run to `bench/results`. */
export function keepResults(name: string, date: string, data: object, text: string): void {
  const file = join(import.meta.dirname, '..', 'results', `${name}-${date.slice(0, 16).replaceAll(':', '')}`);
  writeFileSync(`${file}.json`, `${JSON.stringify(data, null, 2)}\n`);
  writeFileSync(`${file}.md`, text);
}
