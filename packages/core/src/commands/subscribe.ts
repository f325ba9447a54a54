import type { FrameId, Since, SubscribeFrame } from '@thrum/protocol';
import { AckWindow } from '../channel/ack-window.ts';
import type { Rules } from '../channel/definitions.ts';
import { join } from '../channel/join.ts';
import { leave } from '../channel/leave.ts';
import type { Subscription } from '../channel/subscription.ts';
import type { Connection } from '../connection/connection.ts';
import type { Node } from '../connection/node.ts';
import { ThrumError } from '../errors.ts';
import { notify } from '../notify.ts';
import { idOf, userOf } from './reply.ts';

/** Joins a channel, from `since` on if that was asked for (PROTOCOL.md §2, §6). */
export async function subscribe(node: Node, connection: Connection, frame: SubscribeFrame): Promise<void> {
  const { channel } = frame;
  const user = userOf(connection);
  const { rules } = await node.authorizer.require({ user, action: 'subscribe', channel });
  if (frame.presence === true) {
    if (!rules.presence) throw new ThrumError('access_denied');
    await node.authorizer.require({ user, action: 'presence', channel });
  }
  if (frame.ack === true && rules.retention === undefined) {
    throw new ThrumError(
      'invalid_frame',
      'Invalid frame: ack: an ephemeral channel keeps nothing to send again',
    );
  }
  if (!connection.alive) return;
  const isAnswered = await enter(node, connection, rules, frame);
  // The server has ended it while it was being joined; the frame is owed its answer.
  if (!isAnswered && connection.alive) throw new ThrumError('access_denied');
}

/** What a subscription is asked to be; the frame's fields, or the server's own wish. */
export interface SubscribeOptions {
  readonly channel: string;
  readonly since?: Since;
  readonly ack?: boolean;
  readonly presence?: boolean;
  readonly id?: FrameId;
}

/**
 * Subscribes without asking for permission. Resolves with false when it was ended before there was an answer.
 * @throws ThrumError `channel_limit`, `unavailable`.
 */
export async function enter(
  node: Node,
  connection: Connection,
  rules: Rules,
  options: SubscribeOptions,
): Promise<boolean> {
  const { channel, since } = options;
  let existing = connection.subscriptions.get(channel);
  // Two joins of one subscription, the client's and the server's, would take each other's buffer away.
  while (existing?.joining !== undefined) {
    await existing.joining.catch(() => undefined);
    existing = connection.subscriptions.get(channel);
  }
  if (!connection.alive) return false;
  if (existing === undefined && connection.subscriptions.size >= node.limits.channels) {
    throw new ThrumError(
      'channel_limit',
      `Too many channels on this connection: at most ${node.limits.channels}`,
    );
  }
  if (existing === undefined || since !== undefined) {
    return catchUp(node, connection, rules, options, existing === undefined);
  }
  change(node, existing, options);
  return true;
}

/** Joins, or joins again, from `since` on; who cannot is out of the channel. */
async function catchUp(
  node: Node,
  connection: Connection,
  rules: Rules,
  options: SubscribeOptions,
  isNew: boolean,
): Promise<boolean> {
  const entered = node.hub.enter(connection, options.channel, rules);
  const { subscription } = entered;
  apply(subscription, options);
  let isLive: boolean;
  try {
    subscription.joining = join(node, entered, options.since, options.id);
    isLive = await subscription.joining;
  } catch (error) {
    // A stream that had begun ends here, which is more than the answer to this frame.
    if (!isNew && subscription.current)
      connection.send({ type: 'unsubscribed', channel: options.channel, code: 'unavailable' });
    leave(node, connection, subscription, 'left');
    throw error instanceof ThrumError ? error : new ThrumError('unavailable', undefined, { cause: error });
  } finally {
    subscription.joining = undefined;
  }
  if (subscription.current) present(node, subscription, options.presence ?? false, isNew);
  return isLive;
}

/** Other options for a subscription whose stream goes on unbroken. */
function change(node: Node, subscription: Subscription, options: SubscribeOptions): void {
  const { connection, channel } = subscription;
  const position = node.hub.channels.get(channel)?.position;
  apply(subscription, options);
  connection.send({
    type: 'subscribed',
    channel,
    ...(position === undefined ? {} : { position }),
    recovered: false,
    ...idOf(options),
  });
  present(node, subscription, options.presence ?? false, false);
}

function apply(subscription: Subscription, { ack, since }: SubscribeOptions): void {
  if (ack !== true) subscription.acks = undefined;
  // With `since` the client says where it stands, and what it has not seen from there comes again.
  else if (since !== undefined || subscription.acks === undefined) subscription.acks = new AckWindow();
}

/** Enters the member, and tells a subscription that watches who is there. */
function present(node: Node, subscription: Subscription, watches: boolean, isNew: boolean): void {
  const { channel, connection, rules } = subscription;
  const user = userOf(connection);
  if (isNew) {
    if (rules.presence) {
      node.presence.enter(channel, user.id, { connectionId: connection.id, joinedAt: node.env.now() });
    }
    subscription.announced = true;
    notify(node.log, 'subscribe', node.hooks.subscribe, { connectionId: connection.id, user, channel });
    // The hook may have sent them away.
    if (!subscription.current) return;
  }
  // Only now: nobody needs to be told of their own coming.
  subscription.watches = watches;
  if (watches)
    connection.send({ type: 'presence', channel, members: node.presence.members(channel), full: true });
}
