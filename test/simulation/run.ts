import { parseArgs } from 'node:util';
import { simulate } from './simulate.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    verbose: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
  },
});

const first = Number(values.from);
const causes = new Map<string, number>();
let cdrs = 0;
let answered = 0;
let lives = 0;
let failures = 0;
const startedAtMs = performance.now();
for (let seed = first; seed < first + Number(values.seeds); seed++) {
  const report = await simulate(seed, values.verbose);
  cdrs += report.cdrs;
  answered += report.answered;
  lives += report.lives;
  for (const [cause, count] of report.causes) causes.set(cause, (causes.get(cause) ?? 0) + count);
  if (report.failure === '') continue;
  failures++;
  console.log(report.failure);
  process.exitCode = 1;
  if (!values.all) break;
}
const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
console.log(`${cdrs} calls, ${answered} answered, ${lives} lives of servers, ${failures} failures, ${seconds} s`);
console.log([...causes].map(([cause, count]) => `${cause} ${count}`).join(', '));
