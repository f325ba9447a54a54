import type { Log, LogFields } from '@thrum/core';
import { type DestinationStream, type Logger, pino } from 'pino';
import { escapeControls, redactText } from './redact.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LogOptions {
  /** The least that is written. Default `info`. */
  readonly level?: LogLevel;
  /** One readable line instead of one JSON object. Default false. */
  readonly readable?: boolean;
  /** Where lines go. Default standard output. */
  readonly destination?: DestinationStream;
}

type Line = Record<string, unknown>;

const longestValue = 2048;
const longestText = 65_536;
const ownKeys: ReadonlySet<string> = new Set(['level', 'time', 'msg', 'error']);
const levelNames: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' };

/**
 * The Log port on pino: one JSON object a line, or one readable line in development. Tokens are taken out of every text
 * that passes, control characters are escaped, and long values are cut.
 */
export function createLog(options: LogOptions = {}): Log {
  const out = options.destination ?? pino.destination(1);
  const stream = options.readable === true ? { write: (line: string) => out.write(readable(line)) } : out;
  const logger = pino({ base: null, level: options.level ?? 'info' }, stream);
  return {
    debug: (message, fields) => write(logger, 'debug', message, fields),
    info: (message, fields) => write(logger, 'info', message, fields),
    warn: (message, fields, error) => write(logger, 'warn', message, fields, error),
    error: (message, fields, error) => write(logger, 'error', message, fields, error),
  };
}

function write(
  logger: Logger,
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields?: LogFields,
  error?: unknown,
): void {
  if (!logger.isLevelEnabled(level)) return;
  try {
    logger[level]({ ...cleanFields(fields), ...cleanError(error) }, clean(message));
  } catch {
    // A log that throws would turn a report into a failure.
  }
}

function clean(text: string): string {
  // Redacted before it is cut: half a token no longer looks like one.
  const safe = escapeControls(redactText(text.slice(0, longestText)));
  return safe.length > longestValue ? `${safe.slice(0, longestValue)}…` : safe;
}

function cleanFields(fields: LogFields | undefined): Line {
  if (fields === undefined) return {};
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, typeof value === 'string' ? clean(value) : value]),
  );
}

function cleanError(error: unknown): Line {
  if (error === undefined) return {};
  if (!(error instanceof Error)) return { error: { message: clean(String(error)) } };
  const cause =
    error.cause instanceof Error ? { cause: clean(`${error.cause.name}: ${error.cause.message}`) } : {};
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return {
    error: {
      name: clean(error.name),
      message: clean(error.message),
      ...cause,
      stack: frames.map((line) => clean(line.trim())),
    },
  };
}

/** `12:30:01.250 warn  handshake refused  origin="https://evil.example" status=403` */
function readable(json: string): string {
  const line = JSON.parse(json) as Line;
  const time = new Date(Number(line['time'])).toISOString().slice(11, 23);
  const level = (levelNames[Number(line['level'])] ?? 'info').padEnd(5);
  const fields = Object.entries(line)
    .filter(([key]) => !ownKeys.has(key))
    .map(
      ([key, value]) =>
        ` ${key}=${/^[\w.:/@-]+$/.test(String(value)) ? String(value) : JSON.stringify(value)}`,
    );
  return `${time} ${level} ${String(line['msg'])}${fields.length > 0 ? ' ' : ''}${fields.join('')}\n${readableError(line['error'])}`;
}

function readableError(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { name, message, cause, stack } = error as Line;
  const head = [name, message].filter((part) => part !== undefined).join(': ');
  const lines = [
    head,
    ...(cause === undefined ? [] : [`caused by ${String(cause)}`]),
    ...((stack ?? []) as string[]),
  ];
  return lines.map((text) => `    ${text}\n`).join('');
}
