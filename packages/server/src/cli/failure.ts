/** What a process ends with. */
export const exitCodes = {
  done: 0,
  /** It was refused or did not work. */
  failed: 1,
  /** The command line itself makes no sense. */
  usage: 2,
  /** No server answered. */
  unreachable: 3,
} as const;

/** An expected failure: its sentence is all that its reader gets, unless they ask for more with --verbose. */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exitCodes.failed, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}

/** Nobody listens there, or lets us in. */
export function noServer(host: string, reason: string | undefined, cause: unknown): CliError {
  const why = reason ? ` (${reason})` : '';
  return new CliError(`no server answers at ${host}${why}; is it running?`, exitCodes.unreachable, cause);
}

/** A publish was sent, and nothing came back. */
export function noAnswer(host: string, cause: unknown): CliError {
  const unknown = 'it may have been published; repeat it with the same --id to be sure';
  return new CliError(`no answer from ${host} in time: ${unknown}`, exitCodes.unreachable, cause);
}

/** The lines that stderr gets for an error. */
export function describeFailure(error: unknown, verbose: boolean): string {
  if (!(error instanceof Error)) return `thrum: ${String(error)}`;
  if (verbose) return `thrum: ${error.stack ?? error.message}${describeCause(error.cause)}`;
  return `thrum: ${error.message}`;
}

function describeCause(cause: unknown): string {
  if (cause === undefined) return '';
  const text =
    cause instanceof Error ? `${cause.stack ?? cause.message}${describeCause(cause.cause)}` : String(cause);
  return `\ncaused by ${text}`;
}
