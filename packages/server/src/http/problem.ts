import { STATUS_CODES } from 'node:http';

/** A refusal over HTTP: an RFC 9457 problem, and headers the status asks for. */
export interface Problem {
  readonly status: number;
  /** A sentence for people: what was expected. Never repeats what came. */
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For programs, where the status does not say enough: extension members of RFC 9457 §3.2. */
  readonly members?: Readonly<Record<string, unknown>>;
}

export const problemType = 'application/problem+json';

/** The body of a problem; `title` is the status's own phrase, as RFC 9457 §4.2.1 asks of `about:blank`. */
export function problemBody({ status, detail, members }: Problem): string {
  return `${JSON.stringify({ title: STATUS_CODES[status], status, detail, ...members })}\n`;
}
