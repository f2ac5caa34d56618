// Microseconds of a price look-up and of classifying a number, and the memory and load time of a large price list:
// `node --expose-gc bench/micro/rating.ts [prefixes]`.
import { parseDeck, printDeck } from '../../src/billing/tariff/deck.ts';
import { PriceList } from '../../src/billing/tariff/price-list.ts';
import { readNumber } from '../../src/numbering/called-number.ts';
import { classify } from '../../src/numbering/classify.ts';
import { warmNumberTypes } from '../../src/numbering/number-types.ts';
import { seededRandom } from '../../test/kit/seeded-random.ts';

const prefixCount = Number(process.argv[2] ?? 200_000);
const random = seededRandom(7);
const lookUps = 200_000;
const classifications = 20_000;
const nowMs = Date.UTC(2026, 10, 21);

function digits(count: number): string {
  let text = String(1 + random.below(9));
  while (text.length < count) text += String(random.below(10));
  return text;
}

function deck(): string {
  const prefixes = new Set<string>();
  while (prefixes.size < prefixCount) prefixes.add(digits(3 + random.below(8)));
  const lines = [...prefixes].map((prefix, at) => {
    return `${prefix},Place ${at % 5000},0.${String(1 + random.below(9999)).padStart(4, '0')},0,60,60`;
  });
  return ['prefix,name,price,connectfee,firstincrement,nextincrement', ...lines].join('\n');
}

function report(what: string, timesUs: Float64Array): void {
  timesUs.sort();
  const at = (share: number): string => (timesUs[Math.floor(timesUs.length * share)] ?? 0).toFixed(1);
  console.log(`${what}: median ${at(0.5)} us, p99 ${at(0.99)} us, p99.9 ${at(0.999)} us`);
}

function measure(count: number, work: (at: number) => void): Float64Array {
  const times = new Float64Array(count);
  for (let at = 0; at < count; at++) {
    const begun = process.hrtime.bigint();
    work(at);
    times[at] = Number(process.hrtime.bigint() - begun) / 1000;
  }
  return times;
}

function usedBytes(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const read = parseDeck(deck());
if (!read.ok) throw new Error(read.error.join('\n'));
const stored = printDeck(read.value);
const before = usedBytes();
const begun = performance.now();
const cpuBefore = process.cpuUsage();
const loaded = parseDeck(stored);
const loadMs = performance.now() - begun;
const cpu = process.cpuUsage(cpuBefore);
const cpuMs = (cpu.user + cpu.system) / 1000;
if (!loaded.ok) throw new Error(loaded.error.join('\n'));
const list = new PriceList(loaded.value.columns);
const bytes = (usedBytes() - before) / list.size;
console.log(
  `${list.size} prefixes: loaded in ${loadMs.toFixed(0)} ms (${cpuMs.toFixed(0)} ms of processor time), ${bytes.toFixed(0)} octets a prefix`,
);

const numbers = Array.from({ length: 10_000 }, () => digits(10 + random.below(5)));
const find = (at: number): void => {
  const row = list.find(numbers[at % numbers.length] ?? '', '', nowMs);
  if (row >= 0) list.rowAt(row);
};
measure(lookUps, find);
report('rating a canonical number', measure(lookUps, find));

const plan = { homeCountry: '43', homeRegion: '', internationalPrefix: '00', nationalPrefix: '0' };
const classifyOne = (at: number): void => {
  const number = readNumber(`+${numbers[at % numbers.length] ?? ''}`, '', plan);
  if (number !== undefined) classify(number, plan);
};
for (const step of warmNumberTypes()) if (step !== undefined) break;
report('classifying a number', measure(classifications, classifyOne));
