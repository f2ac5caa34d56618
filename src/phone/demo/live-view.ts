import type { PhoneCall } from '../phone-call.ts';
import type { Heard } from '../tone-detector.ts';
import type { DemoCall } from './demo-call.ts';

export interface Output {
  write(text: string): void;
}

const meterWidth = 4;
/** The meter's left end; full is 0 dB. */
const meterFloorDb = -56;

/** Shows each call on a line of its own: in place on a terminal, else a line whenever its state changes. */
export class LiveView {
  readonly #output: Output;
  readonly #isTerminal: boolean;
  #drawn = 0;
  readonly #states = new Map<DemoCall, string>();

  constructor(output: Output, isTerminal: boolean) {
    this.#output = output;
    this.#isTerminal = isTerminal;
  }

  draw(calls: readonly DemoCall[], nowMs: number): void {
    if (this.#isTerminal) this.#drawInPlace(calls, nowMs);
    else this.#drawChanges(calls, nowMs);
  }

  #drawInPlace(calls: readonly DemoCall[], nowMs: number): void {
    // Up to the first line, then each one erased and written anew (ECMA-48 CUU and EL).
    const up = this.#drawn === 0 ? '' : `\u001b[${this.#drawn}A`;
    const lines = calls.map((call) => `\u001b[2K${callLine(call, nowMs)}\n`);
    this.#output.write(up + lines.join(''));
    this.#drawn = calls.length;
  }

  #drawChanges(calls: readonly DemoCall[], nowMs: number): void {
    for (const call of calls) {
      const heard = `${hears(call.call)} ${hears(call.callee)}`;
      const state = `${stateOf(call)} ${heard}`;
      if (this.#states.get(call) === state) continue;
      this.#states.set(call, state);
      this.#output.write(`${callLine(call, nowMs)}\n`);
    }
  }
}

/** At most 80 columns, so that no terminal wraps it. */
function callLine(call: DemoCall, nowMs: number): string {
  const names = `${call.from.name} → ${call.to.name}`.padEnd(12);
  const state = stateOf(call).padEnd(9);
  const lasted = call.call.answeredAtMs === undefined ? '    ' : clockText(call.upMs(nowMs));
  if (call.call.state !== 'up') return `${names} ${state} ${lasted}`.trimEnd();
  const packets = (call.call.media?.receivedPackets ?? 0) + (call.callee?.media?.receivedPackets ?? 0);
  return `${names} ${state} ${lasted}  ${ear(call.call)}  ${ear(call.callee)} ${String(packets).padStart(4)} pkts`;
}

function stateOf({ call }: DemoCall): string {
  if (call.state === 'up') return call.held ? 'on hold' : 'talking';
  if (call.state !== 'ended') return call.state;
  const status = call.outcome?.status ?? 0;
  if (status === 200) return 'ended';
  if (status === 486) return 'busy';
  return status === 487 ? 'cancelled' : `failed ${status}`;
}

/** What one side hears: `440 Hz ███░ -12 dB`. */
function ear(call: PhoneCall | undefined): string {
  const heard = call?.media?.heard;
  if (heard === undefined || heard.voice === undefined) return 'silence'.padEnd(19);
  return `${String(heard.noteHz).padStart(4)} Hz ${meter(heard)} ${heard.levelDb.toFixed(0).padStart(3)} dB`;
}

function meter({ levelDb }: Heard): string {
  const span = -meterFloorDb / meterWidth;
  const bars = Math.max(0, Math.min(meterWidth, Math.round((levelDb - meterFloorDb) / span)));
  return '█'.repeat(bars) + '░'.repeat(meterWidth - bars);
}

function hears(call: PhoneCall | undefined): string {
  return call?.state === 'up' && call.media?.heard.voice !== undefined ? 'a voice' : 'nothing';
}

function clockText(durationMs: number): string {
  const total = Math.floor(durationMs / 1000);
  return `${Math.floor(total / 60)}:${String(total % 60).padStart(2, '0')}`;
}
