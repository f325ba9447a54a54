/** What an error code means: the sentence for people, whether the same frame can succeed later, how it closes. */
export interface ErrorCodeInfo {
  readonly message: string;
  readonly retry: boolean;
  /** The close that follows the `error` frame; absent when the connection stays. */
  readonly close?: CloseInfo;
}

/** A close code with its reason (PROTOCOL.md §12). */
export interface CloseInfo {
  readonly code: number;
  readonly reason: string;
}

/** Every error code on the wire (PROTOCOL.md §11). Compared with the document by a test. */
export const errorCodes = {
  invalid_message: { message: 'Invalid message format', retry: false },
  invalid_frame: { message: 'Invalid frame', retry: false },
  unknown_type: { message: 'Unknown frame type', retry: false },
  authentication_required: {
    message: 'Authentication required',
    retry: false,
    close: { code: 1008, reason: 'Authentication required' },
  },
  authentication_timeout: {
    message: 'Authentication timeout',
    retry: true,
    close: { code: 1008, reason: 'Authentication timeout' },
  },
  invalid_token: { message: 'Invalid token', retry: false, close: { code: 1008, reason: 'Invalid token' } },
  session_expired: {
    message: 'Session expired',
    retry: false,
    close: { code: 1008, reason: 'Session expired' },
  },
  server_at_capacity: {
    message: 'Server at capacity',
    retry: true,
    close: { code: 1008, reason: 'Server at capacity' },
  },
  user_mismatch: { message: 'This connection belongs to another user', retry: false },
  access_denied: { message: 'Access denied to channel', retry: false },
  invalid_channel: { message: 'Invalid channel name', retry: false },
  invalid_event: { message: 'Invalid event name', retry: false },
  invalid_data: { message: 'Invalid data', retry: false },
  not_subscribed: { message: 'Not subscribed to channel', retry: false },
  channel_limit: { message: 'Too many channels on this connection', retry: false },
  rate_limited: { message: 'Rate limit exceeded', retry: true },
  id_conflict: { message: 'This id was used for another message', retry: false },
  out_of_order: { message: 'An earlier publish is missing', retry: true },
  unknown_method: { message: 'Unknown method', retry: false },
  rejected: { message: 'Rejected by the application', retry: false },
  superseded: { message: 'Another subscriber took over this name', retry: false },
  slow_consumer: {
    message: 'Reading too slowly',
    retry: true,
    close: { code: 4008, reason: 'Slow consumer' },
  },
  abuse: {
    message: 'Rate limit exceeded',
    retry: true,
    close: { code: 4029, reason: 'Rate limit exceeded' },
  },
  unavailable: { message: 'Temporarily unavailable', retry: true },
  internal: { message: 'Internal error', retry: true },
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** {@link errorCodes} seen without its literal types. */
export function errorInfo(code: ErrorCode): ErrorCodeInfo {
  return errorCodes[code];
}
