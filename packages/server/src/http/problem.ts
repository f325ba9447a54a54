import { STATUS_CODES } from 'node:http';
import { ThrumError } from '@thrum/core';
import type { ErrorCode } from '@thrum/protocol';

/** A refusal over HTTP: an RFC 9457 problem, and headers the status asks for. */
export interface Problem {
  readonly status: number;
  /** A sentence for people: what was expected. Never repeats what came. */
  readonly detail: string;
  /** The protocol's code (PROTOCOL.md §11), for programs; absent where it has none for this. */
  readonly code?: ErrorCode;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the status and the code do not say: extension members of RFC 9457 §3.2. */
  readonly members?: Readonly<Record<string, unknown>>;
}

export const problemType = 'application/problem+json';

/** The body of a problem; `title` is the status's own phrase, as RFC 9457 §4.2.1 asks of `about:blank`. */
export function problemBody({ status, detail, code, members }: Problem): string {
  return `${JSON.stringify({ title: STATUS_CODES[status], status, detail, code, ...members })}\n`;
}

/** What each of the protocol's codes is over HTTP (RFC 9110 §15). */
export const statusOf: Readonly<Record<ErrorCode, number>> = {
  invalid_message: 400,
  invalid_frame: 400,
  unknown_type: 400,
  authentication_required: 401,
  authentication_timeout: 401,
  invalid_token: 401,
  session_expired: 401,
  server_at_capacity: 503,
  user_mismatch: 403,
  // Unknown and forbidden alike, as on every transport.
  access_denied: 403,
  invalid_channel: 400,
  invalid_event: 422,
  invalid_data: 422,
  not_subscribed: 409,
  channel_limit: 400,
  rate_limited: 429,
  id_conflict: 409,
  out_of_order: 409,
  unknown_method: 404,
  rejected: 422,
  superseded: 409,
  slow_consumer: 503,
  abuse: 429,
  unavailable: 503,
  internal: 500,
};

/** With an error that passes by itself and does not say when. */
const retrySeconds = 1;

/** The problem that an error is to the outside: what is no `ThrumError` is `internal`, and its cause stays inside. */
export function problemOf(error: unknown): Problem {
  const { code, message, after } = ThrumError.from(error);
  const status = statusOf[code];
  const problem = { status, detail: `${message}.`, code };
  if (status !== 503 && status !== 429) return problem;
  const seconds = after === undefined ? retrySeconds : Math.ceil(after / 1000);
  return { ...problem, headers: { 'Retry-After': String(seconds) } };
}
