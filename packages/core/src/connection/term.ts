import type { Identity } from '../ports/auth.ts';

/** What becomes due for a connection, looked at by the wheel. */
export interface Term {
  /** Monotonic: when authentication must have succeeded. */
  readonly authenticateBy?: number;
  /** Wall clock: when the session ends. */
  readonly expiresAt?: number;
  /** The session that is validated now and then, and, monotonic, when it is next. */
  readonly validated?: { readonly identity: Identity; at: number };
}
