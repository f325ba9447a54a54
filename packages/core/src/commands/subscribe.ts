import type { FrameId, Since, SubscribeFrame } from '@thrum/protocol';
import { AckWindow } from '../channel/ack-window.ts';
import type { Rules } from '../channel/definitions.ts';
import { join } from '../channel/join.ts';
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
  await enter(node, connection, rules, frame);
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
 * Subscribes without asking for permission.
 * @throws ThrumError `channel_limit`, `unavailable`.
 */
export async function enter(
  node: Node,
  connection: Connection,
  rules: Rules,
  options: SubscribeOptions,
): Promise<void> {
  const { channel, since } = options;
  const existing = connection.subscriptions.get(channel);
  if (existing === undefined && connection.subscriptions.size >= node.limits.channels) {
    throw new ThrumError(
      'channel_limit',
      `Too many channels on this connection: at most ${node.limits.channels}`,
    );
  }
  if (existing !== undefined && existing.buffer === undefined && since === undefined) {
    change(node, existing, options);
    return;
  }
  const entered = node.hub.enter(connection, channel, rules);
  const { subscription } = entered;
  apply(subscription, options);
  try {
    await join(node, entered, since, options.id);
  } catch (error) {
    node.hub.leave(connection, subscription, 'left');
    throw error instanceof ThrumError ? error : new ThrumError('unavailable', undefined, { cause: error });
  }
  if (subscription.current) present(node, subscription, options.presence ?? false, existing === undefined);
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

function apply(subscription: Subscription, { ack }: SubscribeOptions): void {
  subscription.acks = ack === true ? (subscription.acks ?? new AckWindow()) : undefined;
}

/** Enters the member, and tells a subscription that watches who is there. */
function present(node: Node, subscription: Subscription, watches: boolean, isNew: boolean): void {
  const { channel, connection, rules } = subscription;
  const user = userOf(connection);
  if (isNew) {
    notify(node.log, 'subscribe', node.hooks.subscribe, { connectionId: connection.id, user, channel });
    if (rules.presence) {
      node.presence.enter(channel, user.id, { connectionId: connection.id, joinedAt: node.env.now() });
    }
  }
  // Only now: nobody needs to be told of their own coming.
  subscription.watches = watches;
  if (watches)
    connection.send({ type: 'presence', channel, members: node.presence.members(channel), full: true });
}
