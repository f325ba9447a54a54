import type { MaybePromise } from '../types.ts';

/** Who a connection belongs to. */
export interface Identity {
  /** 1 to 255 characters; the application's own id of the user. */
  readonly userId: string;
  /** When the session ends, milliseconds since 1970; absent: never by itself. */
  readonly expiresAt?: number;
  /** What else the token says; passed to hooks, never sent to other clients. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** True for a connection that was let in without a token. */
  readonly anonymous?: boolean;
}

/**
 * Decides who somebody is.
 *
 * Laws: `authenticate` throws or rejects for every token it does not accept, and the reason stays on the server; a
 * `ThrumError` `unavailable` says that it cannot tell now;
 * `validate` answers whether a session that was good still is (revoked, banned, logged out) and by throwing says that it
 * cannot tell, which keeps the session.
 */
export interface Auth {
  /** Whether a connection may stay without a token. Default false. */
  readonly anonymous?: boolean;
  authenticate(token: string): MaybePromise<Identity>;
  validate?(identity: Identity): MaybePromise<boolean>;
}
