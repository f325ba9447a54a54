import type { AuthFrame } from '@thrum/protocol';
import { identify, verify } from '../auth/identify.ts';
import type { Connection } from '../connection/connection.ts';
import type { Node } from '../connection/node.ts';
import { ThrumError } from '../errors.ts';
import { idOf } from './reply.ts';

/** First authentication, and renewal on a live connection (PROTOCOL.md §9). */
export async function authenticate(node: Node, connection: Connection, frame: AuthFrame): Promise<void> {
  const verified = await verify(node, frame.token);
  if (!connection.alive) return;
  if (!verified.ok) throw new ThrumError(verified.code);
  const { identity } = verified;
  const { user } = connection;
  // Somebody who was let in without a token may still say who they are, as long as nothing was done under the old name.
  const fresh = user === undefined || (user.anonymous && connection.subscriptions.length === 0);
  if (!fresh && user.id !== identity.userId) throw new ThrumError('user_mismatch');
  identify(node, connection, identity);
  connection.send({
    type: 'auth_success',
    userId: identity.userId,
    ...(identity.expiresAt === undefined ? {} : { expiresAt: identity.expiresAt }),
    ...idOf(frame),
  });
}
