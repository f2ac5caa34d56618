import { type Logger, pino } from 'pino';
import type { Log, LogFields } from './log.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** JSON lines, one per event, in the shape that journald and log shippers read. */
export function pinoLog(level: LogLevel, output: { write(line: string): void }): Log {
  return new PinoLog(pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, output), {});
}

/** Every call has a log of its own: one of the library's would take a kilobyte of memory. */
class PinoLog implements Log {
  readonly #logger: Logger;
  readonly #fields: LogFields;

  constructor(logger: Logger, fields: LogFields) {
    this.#logger = logger;
    this.#fields = fields;
  }

  debug(message: string, fields?: LogFields): void {
    if (this.#logger.isLevelEnabled('debug')) this.#logger.debug(this.#all(fields), message);
  }

  info(message: string, fields?: LogFields): void {
    if (this.#logger.isLevelEnabled('info')) this.#logger.info(this.#all(fields), message);
  }

  warn(message: string, fields?: LogFields): void {
    if (this.#logger.isLevelEnabled('warn')) this.#logger.warn(this.#all(fields), message);
  }

  error(message: string, fields: LogFields = {}): void {
    this.#logger.error({ ...this.#fields, ...fields }, message);
  }

  child(fields: LogFields): Log {
    return new PinoLog(this.#logger, this.#all(fields));
  }

  #all(fields: LogFields = {}): LogFields {
    return { ...this.#fields, ...shortened(fields) };
  }
}

const maxFieldLength = 120;

/** Call-IDs, user names and the like are as long as their sender wishes; the log is not. */
function shortened(fields: LogFields): LogFields {
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
