/** Fields of one log line. Call-ID, account and leg have the same names everywhere: `callId`, `account`, `leg`. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Structured logging. Hostile text goes into fields, never into the message. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log whose every line carries `fields`. */
  child(fields: LogFields): Log;
}

/** Says nothing: for tests, and for the commands whose output is the answer itself. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};
