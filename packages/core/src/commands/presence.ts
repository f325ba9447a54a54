import { type PresenceFrame, type PresenceResult, utf8Length } from '@thrum/protocol';
import type { Connection } from '../connection/connection.ts';
import type { Node } from '../connection/node.ts';
import { ThrumError } from '../errors.ts';
import { validate } from '../validate.ts';
import { idOf, userOf } from './reply.ts';

/** Who is in a channel; with `state`, what this connection says of itself first (PROTOCOL.md §8). */
export async function presence(node: Node, connection: Connection, frame: PresenceFrame): Promise<void> {
  const { channel, state } = frame;
  const user = userOf(connection);
  const { rules } = await node.authorizer.require({ user, action: 'presence', channel });
  if (!rules.presence) throw new ThrumError('access_denied');
  if (state !== undefined) {
    await validate(undefined, state, node.limits.dataDepth);
    checkState(state, node.limits.presenceStateBytes);
    const meta = node.presence.meta(channel, user.id, connection.id);
    if (meta === undefined || connection.subscription(channel) === undefined)
      throw new ThrumError('not_subscribed');
    node.presence.enter(channel, user.id, { ...meta, state });
  }
  const members = node.presence.members(channel);
  const data: PresenceResult = { members, count: members.length };
  connection.send({ type: 'result', data, ...idOf(frame) });
}

/** Refuses a state that is too large to be told to everyone. */
function checkState(state: unknown, maxBytes: number): void {
  const bytes = utf8Length(JSON.stringify(state));
  if (bytes > maxBytes) {
    throw new ThrumError(
      'invalid_data',
      `Invalid data: state: expected at most ${maxBytes} bytes, got ${bytes}`,
    );
  }
}
