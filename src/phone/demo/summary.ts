import { type DemoCall, seconds } from './demo-call.ts';
import type { DemoCdr } from './demo-server.ts';

/** Record and phones may see an answer and an end at different times: the way, and a repeated packet. */
const recordToleranceMs = 1000;

/** One call as the phones and as the server's record tell it. */
export interface SummaryRow {
  readonly call: string;
  readonly phones: string;
  readonly heard: string;
  readonly record: string;
  /** '' when all is as it should be. */
  readonly problem: string;
}

export function summarise(calls: readonly DemoCall[], cdrs: readonly DemoCdr[]): readonly SummaryRow[] {
  return calls.map((call) => {
    const cdr = cdrs.find(({ sipCallId }) => sipCallId === call.call.sipCallId);
    return {
      call: `${call.from.name} → ${call.to.name}`,
      phones: phonesText(call),
      heard: heardText(call),
      record: cdr === undefined ? 'none' : recordText(cdr),
      problem: call.verdict() || recordProblem(call, cdr),
    };
  });
}

/** The table and the last word, each line ended. */
export function summaryText(rows: readonly SummaryRow[]): string {
  const table = [{ call: 'Call', phones: 'Phones', heard: 'Heard by each', record: 'Server’s record' }, ...rows];
  const width = (column: 'call' | 'phones' | 'heard'): number =>
    Math.max(...table.map((row) => row[column].length)) + 2;
  const [call, phones, heard] = [width('call'), width('phones'), width('heard')];
  const lines = table.map(
    (row) => `${row.call.padEnd(call)}${row.phones.padEnd(phones)}${row.heard.padEnd(heard)}${row.record}`,
  );
  const problems = rows.filter((row) => row.problem !== '').map((row) => `${row.call}: ${row.problem}`);
  const word = problems.length === 0 ? ['All calls went as planned, and both sides heard each other.'] : problems;
  return `${[...lines, '', ...word].join('\n')}\n`;
}

function phonesText(call: DemoCall): string {
  const { outcome } = call.call;
  if (outcome === undefined) return 'not ended';
  if (outcome.status === 200) return `talked ${seconds(call.upMs(0))}${call.plan === 'hold' ? ', with a hold' : ''}`;
  return `${outcome.status} ${outcome.reasons.join(', ')}`.trimEnd();
}

function heardText(call: DemoCall): string {
  if (call.call.answeredAtMs === undefined) return '-';
  const caller = call.call.media?.heardMs(call.to.voice) ?? 0;
  const callee = call.callee?.media?.heardMs(call.from.voice) ?? 0;
  return `${seconds(caller)} / ${seconds(callee)}`;
}

function recordText({ answeredAtMs, endedAtMs, cause, sipStatus }: DemoCdr): string {
  if (answeredAtMs === undefined) return `${cause} (${sipStatus})`;
  return endedAtMs === undefined ? `${cause}, not ended` : `${cause}, ${seconds(endedAtMs - answeredAtMs)}`;
}

function recordProblem(call: DemoCall, cdr: DemoCdr | undefined): string {
  if (cdr === undefined) return 'the server has no record of it';
  const wasAnswered = call.call.answeredAtMs !== undefined;
  if ((cdr.answeredAtMs !== undefined) !== wasAnswered) return 'the record disagrees on whether it was answered';
  const recordedMs = (cdr.endedAtMs ?? 0) - (cdr.answeredAtMs ?? 0);
  const isClose = Math.abs(recordedMs - call.upMs(0)) <= recordToleranceMs;
  return wasAnswered && !isClose ? 'the record disagrees on how long it lasted' : '';
}
