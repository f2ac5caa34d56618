import type { StreamQuality } from '../../call/record.ts';

/** `2026-01-01T09:30:00+01:00`: ISO 8601 in the time zone of the machine; `--since` takes it back. */
export function localTime(atMs: number | null): string {
  if (atMs === null) return '';
  const at = new Date(atMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const offset = -at.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}${zone}`;
}

/** `m:ss`, or `h:mm:ss` from an hour on; seconds that have begun count, as they do for money. */
export function duration(durationMs: number): string {
  const seconds = Math.ceil(durationMs / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** MOS of what came from caller and callee, `4.41/4.38`; `-` for a side that sent nothing. */
export function quality(caller: StreamQuality | null, callee: StreamQuality | null): string {
  if (!wasHeard(caller) && !wasHeard(callee)) return '';
  return `${mos(caller)}/${mos(callee)}`;
}

/** `4.41 (1500 packets, 3 lost, jitter 2.1 ms)`. */
export function qualityInFull(side: StreamQuality | null): string {
  if (!wasHeard(side)) return 'no media';
  return `${mos(side)} (${side.packets} packets, ${side.lost} lost, jitter ${side.jitterMs.toFixed(1)} ms)`;
}

function mos(side: StreamQuality | null): string {
  return wasHeard(side) ? (side.mosHundredths / 100).toFixed(2) : '-';
}

function wasHeard(side: StreamQuality | null): side is StreamQuality {
  return side !== null && side.mosHundredths > 0;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
