import { type Logger, pino } from 'pino';
import type { Log, LogFields } from './log.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** JSON lines on standard output, one per event, in the shape that journald and log shippers read. */
export function pinoLog(level: LogLevel): Log {
  return wrap(pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }));
}

function wrap(logger: Logger): Log {
  return {
    debug: (message, fields) => logger.debug(shortened(fields), message),
    info: (message, fields) => logger.info(shortened(fields), message),
    warn: (message, fields) => logger.warn(shortened(fields), message),
    error: (message, fields) => logger.error(fields ?? {}, message),
    child: (fields: LogFields) => wrap(logger.child(shortened(fields))),
  };
}

const maxFieldLength = 120;

/** Call-IDs, user names and the like are as long as their sender wishes; the log is not. */
function shortened(fields: LogFields = {}): LogFields {
  if (!Object.values(fields).some(isLong)) return fields;
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      isLong(value) ? `${value.slice(0, maxFieldLength)}...` : value,
    ]),
  );
}

function isLong(value: LogFields[string]): value is string {
  return typeof value === 'string' && value.length > maxFieldLength;
}
