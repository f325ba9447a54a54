import type { User } from '../channel/definition.ts';
import type { Connection } from '../connection/connection.ts';
import type { Node } from '../connection/node.ts';
import type { Term } from '../connection/term.ts';
import type { Authentication } from '../core-api.ts';
import { ThrumError } from '../errors.ts';
import { notify } from '../notify.ts';
import type { Identity } from '../ports/auth.ts';

const maxTokenBytes = 8192;

/** Of all who have none. */
const noClaims: User['claims'] = Object.freeze({});

/** Verifies a token. Never rejects; why it was refused stays in the log. */
export async function verify(
  { auth, env, log }: Pick<Node, 'auth' | 'env' | 'log'>,
  token: string,
): Promise<Authentication> {
  if (auth === undefined || token.length === 0 || token.length > maxTokenBytes)
    return { ok: false, code: 'invalid_token' };
  try {
    const identity = await auth.authenticate(token);
    if (!isUserId(identity.userId)) throw new Error('the user id is not a string of 1 to 255 characters');
    if (identity.expiresAt !== undefined && !(identity.expiresAt > env.now()))
      throw new Error('the session is over');
    return { ok: true, identity };
  } catch (error) {
    // Whoever checks tokens cannot be asked now: that says nothing about this one, and the client may try again.
    if (error instanceof ThrumError && error.code === 'unavailable') {
      log.warn('a token could not be verified', {}, error);
      return { ok: false, code: 'unavailable' };
    }
    log.info('a token was refused', { reason: error instanceof Error ? error.message : 'not an error' });
    return { ok: false, code: 'invalid_token' };
  }
}

/** Gives a connection its user, or renews the session it has. */
export function identify(node: Node, connection: Connection, identity: Identity): void {
  const before = connection.user;
  const isNew = before?.id !== identity.userId;
  const wasLast = isNew && node.hub.forget(connection);
  connection.user = {
    id: identity.userId,
    anonymous: identity.anonymous ?? false,
    claims: identity.claims ?? noClaims,
  };
  connection.term = termOf(node, identity);
  connection.step('authenticated');
  if (!isNew) return;
  const { hooks, log } = node;
  const { user } = connection;
  const isFirst = node.hub.identify(connection);
  if (wasLast && before !== undefined) notify(log, 'offline', hooks.offline, { user: before });
  if (isFirst) notify(log, 'online', hooks.online, { user });
  notify(log, 'connect', hooks.connect, { connectionId: connection.id, user });
}

function termOf({ auth, env, limits }: Node, identity: Identity): Term | undefined {
  const { anonymous, expiresAt } = identity;
  // Who was let in without a token has no session that could have ended.
  const isValidated = auth?.validate !== undefined && anonymous !== true;
  if (expiresAt === undefined && !isValidated) return undefined;
  return {
    ...(expiresAt !== undefined && { expiresAt }),
    ...(isValidated && { validated: { identity, at: env.monotonic() + limits.validateSeconds * 1000 } }),
  };
}

function isUserId(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= 255 &&
    !/[\u0000-\u001f\u007f]/.test(value)
  );
}
