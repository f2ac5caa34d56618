// Draws docs/images/dynamic-limit.svg: what a thief who stays just under the dynamic limit may spend on each day, by the
// highest day of all times and by our usual day. `node tools/figures/dynamic-limit.ts`
import { writeFileSync } from 'node:fs';
import {
  baselineFloorMicros,
  decayedBaseline,
  dynamicLimitMicros,
  highestEarlierSpend,
  type SpendDay,
} from '../../src/billing/limits/dynamic-limit.ts';

const unit = 1_000_000n;
const multiplier = 7000n;
const minimum = 10n * unit;
const days = 14;
const startMs = Date.parse('2026-11-01T00:00:00Z');

function dayName(day: number): string {
  return new Date(startMs + day * 86_400_000).toISOString().slice(0, 10);
}

/** The limits of an account that has spent 1.00 a day for a month, and from then on all that it may. */
function limitsOfThief(usualDay: (spent: readonly SpendDay[], today: string) => bigint): number[] {
  const spent: SpendDay[] = Array.from({ length: 28 }, (_, back) => {
    return { day: dayName(back - 28), spentMicros: unit, wasBlocked: false };
  });
  return Array.from({ length: days }, (_, day) => {
    const limit = dynamicLimitMicros(usualDay(spent, dayName(day)), multiplier, minimum);
    spent.push({ day: dayName(day), spentMicros: limit - 1n, wasBlocked: false });
    return Number(limit) / Number(unit);
  });
}

const highest = limitsOfThief(highestEarlierSpend);
const decayed = limitsOfThief((spent, today) =>
  decayedBaseline(spent, today, baselineFloorMicros(multiplier, minimum)),
);

const [width, height, left, bottom] = [640, 320, 70, 280];
const topOfScale = 7;
const x = (day: number): number => left + (day * (width - left - 20)) / (days - 1);
const y = (amount: number): number => bottom - (Math.min(topOfScale, Math.log10(amount)) * (bottom - 20)) / topOfScale;
const line = (limits: readonly number[]): string => {
  const inside = limits.filter((amount) => Math.log10(amount) <= topOfScale);
  return inside.map((amount, day) => `${x(day).toFixed(1)},${y(amount).toFixed(1)}`).join(' ');
};
const ticks = Array.from({ length: topOfScale + 1 }, (_, power) => {
  const at = y(10 ** power).toFixed(1);
  return `<line x1="${left}" x2="${width - 20}" y1="${at}" y2="${at}" stroke="#ddd"/><text x="${left - 8}" y="${at}" text-anchor="end" dominant-baseline="middle">${(10 ** power).toLocaleString('en')}</text>`;
}).join('');
const labels = Array.from(
  { length: days },
  (_, day) => `<text x="${x(day).toFixed(1)}" y="300" text-anchor="middle">${day + 1}</text>`,
).join('');

const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">
<title>What a thief may spend on each day, by two rules of the dynamic limit</title>
<rect width="100%" height="100%" fill="white"/>${ticks}${labels}
<text x="${width / 2}" y="316" text-anchor="middle">day of the theft</text>
<polyline points="${line(highest)}" fill="none" stroke="#c0392b" stroke-width="2"/>
<polyline points="${line(decayed)}" fill="none" stroke="#1f6fb2" stroke-width="2"/>
<text x="${left + 20}" y="34" fill="#c0392b">highest: the highest day of all times</text>
<text x="${left + 20}" y="50" fill="#1f6fb2">decayed: our usual day</text>
</svg>
`;
writeFileSync(new URL('../../docs/images/dynamic-limit.svg', import.meta.url), svg);
const rows = [1, 3, 5, 7, 10, 14].map(
  (day) => `| ${day} | ${highest[day - 1]?.toFixed(0)} | ${decayed[day - 1]?.toFixed(0)} |`,
);
process.stdout.write(`| day | highest | decayed |\n| --- | --- | --- |\n${rows.join('\n')}\n`);
