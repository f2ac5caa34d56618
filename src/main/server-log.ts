import { write, writeSync } from 'node:fs';
import type { Log } from '../base/log/log.ts';
import { LogOutput } from '../base/log/log-output.ts';
import { type LogLevel, pinoLog } from '../base/log/pino-log.ts';
import { systemClock } from '../base/time/system-clock.ts';

const standardOutput = 1;

/** The log of a server, on standard output. What it has not written when the process ends goes out then. */
export function serverLog(level: LogLevel): Log {
  const output = new LogOutput({
    clock: systemClock,
    write: (octets, done) => write(standardOutput, octets, done),
    recovered: (lines, reason) => log.warn('lines of the log were lost', { lines, reason }),
  });
  const log = pinoLog(level, output);
  process.once('exit', () => output.finish((octets) => writeSync(standardOutput, octets)));
  return log;
}
