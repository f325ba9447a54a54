/** Values in a log line: never tokens, never payloads. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Where the core reports to people. Laws: never throws; escapes what it is given. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields, error?: unknown): void;
  error(message: string, fields?: LogFields, error?: unknown): void;
}
