import { type FrameId, intervalOf, type Since, type SubscribeFrame } from '@thrum/protocol';
import { AckWindow } from '../channel/ack-window.ts';
import { claim } from '../channel/claim.ts';
import type { Cursor } from '../channel/cursors.ts';
import type { Rules } from '../channel/definitions.ts';
import { join } from '../channel/join.ts';
import { leave } from '../channel/leave.ts';
import { resume } from '../channel/resume.ts';
import type { Subscription } from '../channel/subscription.ts';
import type { Connection } from '../connection/connection.ts';
import type { Node } from '../connection/node.ts';
import { ThrumError, unavailable } from '../errors.ts';
import { notify } from '../notify.ts';
import { idOf, userOf } from './reply.ts';

/** Joins a channel, from `since` on if that was asked for (PROTOCOL.md §2, §6). */
export async function subscribe(node: Node, connection: Connection, frame: SubscribeFrame): Promise<void> {
  const { channel } = frame;
  // Frames of a connection are handled one by one, so one name is enough to notice a right that is withdrawn meanwhile.
  connection.asking = channel;
  try {
    const rules = await authorise(node, connection, frame);
    if (!connection.alive) return;
    const stillAllowed = (): boolean => connection.asking === channel;
    const isAnswered = await enter(node, connection, rules, { ...frame, stillAllowed });
    // The server has ended it while it was being joined; the frame is owed its answer.
    if (!isAnswered && connection.alive) throw new ThrumError('access_denied');
  } finally {
    connection.asking = undefined;
  }
}

/** The rules of the channel, if everything that the frame asks for may be had. */
async function authorise(node: Node, connection: Connection, frame: SubscribeFrame): Promise<Rules> {
  const { channel } = frame;
  const user = userOf(connection);
  const { rules } = await node.authorizer
    .require({ user, action: 'subscribe', channel })
    .catch((error: unknown) => {
      // Who may not subscribe any more must not go on with what they subscribed to before.
      const existing = connection.subscription(channel);
      if (existing !== undefined) revoke(node, connection, existing);
      throw error;
    });
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
  if (frame.name !== undefined && user.anonymous) {
    throw new ThrumError(
      'invalid_frame',
      'Invalid frame: name: an anonymous connection is nobody who could come back to it',
    );
  }
  return rules;
}

/** Ends a subscription whose right is gone, and says so. */
export function revoke(node: Node, connection: Connection, subscription: Subscription): void {
  leave(node, connection, subscription, 'left');
  connection.send({ type: 'unsubscribed', channel: subscription.channel, code: 'access_denied' });
}

/** What a subscription is asked to be; the frame's fields, or the server's own wish. */
export interface SubscribeOptions {
  readonly channel: string;
  readonly since?: Since;
  readonly ack?: boolean;
  readonly name?: string;
  readonly presence?: boolean;
  readonly maxRate?: number;
  readonly id?: FrameId;
  /** Looked at in the step in which the subscription begins. */
  readonly stillAllowed?: () => boolean;
}

/**
 * Subscribes without asking for permission. Resolves with false when it was ended before there was an answer.
 * @throws ThrumError `channel_limit`, `unavailable`, `superseded`.
 */
export async function enter(
  node: Node,
  connection: Connection,
  rules: Rules,
  options: SubscribeOptions,
): Promise<boolean> {
  const { channel, name, since } = options;
  let existing = await joined(connection, channel);
  const isUnbroken = since === undefined && (name === undefined || name === existing?.cursor?.name);
  if (!connection.alive) return false;
  refuseWhenFull(node, connection, channel);
  if (existing !== undefined && isUnbroken && isAllowed(options)) {
    change(node, existing, options);
    return true;
  }
  const cursor = name === undefined ? undefined : await claimFor(node, connection, { channel, name, since });
  existing = await joined(connection, channel);
  if (cursor?.lost === true) throw new ThrumError('superseded');
  if (connection.alive && isAllowed(options))
    return catchUp(node, connection, rules, { ...options, cursor }, existing === undefined);
  if (cursor !== undefined) void node.cursors.release(cursor);
  return false;
}

/** The subscription once no join of it is under way: two of them would take each other's buffer away. */
async function joined(connection: Connection, channel: string): Promise<Subscription | undefined> {
  let existing = connection.subscription(channel);
  while (existing?.joining !== undefined) {
    await existing.joining.catch(() => undefined);
    existing = connection.subscription(channel);
  }
  return existing;
}

function isAllowed({ stillAllowed }: SubscribeOptions): boolean {
  return stillAllowed === undefined || stillAllowed();
}

function refuseWhenFull(node: Node, connection: Connection, channel: string): void {
  if (connection.subscription(channel) !== undefined) return;
  if (connection.subscriptions.length < node.limits.channels) return;
  throw new ThrumError(
    'channel_limit',
    `Too many channels on this connection: at most ${node.limits.channels}`,
  );
}

/** Takes the name; who cannot, and had it before, is out of the channel: somebody else may have it next. */
async function claimFor(
  node: Node,
  connection: Connection,
  {
    channel,
    name,
    since,
  }: { readonly channel: string; readonly name: string; readonly since: Since | undefined },
): Promise<Cursor> {
  try {
    return await claim(node, connection, { channel, name, ...(since === undefined ? {} : { since }) });
  } catch (error) {
    const existing = connection.subscription(channel);
    if (existing?.cursor !== undefined) {
      connection.send({ type: 'unsubscribed', channel, code: 'unavailable' });
      leave(node, connection, existing, 'left');
    }
    throw error;
  }
}

type CatchUp = SubscribeOptions & { readonly cursor: Cursor | undefined };

/** Joins, or joins again, from `since` or the cursor on; who cannot is out of the channel. */
async function catchUp(
  node: Node,
  connection: Connection,
  rules: Rules,
  options: CatchUp,
  isNew: boolean,
): Promise<boolean> {
  const { channel, cursor, id, since } = options;
  const entered = node.hub.enter(connection, channel, rules);
  const { subscription } = entered;
  apply(node, subscription, options.ack === true ? new AckWindow(node.limits) : undefined, cursor);
  subscription.every = intervalFor(rules, options);
  const isPosition = typeof since === 'object' && 'epoch' in since;
  const isFresh = cursor !== undefined && !isPosition && (since !== undefined || !cursor.found);
  let isLive: boolean;
  try {
    const joining = join(node, entered, { since: cursor?.start ?? since, id, isFresh });
    subscription.joining = joining;
    isLive = await joining;
  } catch (error) {
    // A stream that had begun ends here, which is more than the answer to this frame.
    if (!isNew && subscription.current)
      connection.send({ type: 'unsubscribed', channel, code: 'unavailable' });
    leave(node, connection, subscription, 'left');
    throw error instanceof ThrumError ? error : unavailable(error, node.env);
  } finally {
    subscription.joining = undefined;
  }
  if (cursor?.lost === true) throw new ThrumError('superseded');
  if (!subscription.current) return isLive;
  present(node, subscription, options.presence ?? false, isNew);
  // What did not fit in one page is read on at once, while there is room.
  resume(node, node.hub, subscription);
  return isLive;
}

/** Other options for a subscription whose stream goes on unbroken. */
function change(node: Node, subscription: Subscription, options: SubscribeOptions): void {
  const { connection, channel, paused, rules } = subscription;
  const live = node.hub.channels.get(channel);
  live?.pace(subscription, intervalFor(rules, options));
  const position = paused ?? live?.settle();
  let acks = options.ack === true ? subscription.acks : undefined;
  if (options.ack === true && acks === undefined) {
    acks = new AckWindow(node.limits);
    if (position !== undefined) acks.begin(position);
  }
  const cursor = options.name === undefined ? undefined : subscription.cursor;
  apply(node, subscription, acks, cursor);
  connection.send({
    type: 'subscribed',
    channel,
    ...(position === undefined ? {} : { position }),
    recovered: false,
    ...subscription.granted,
    ...idOf(options),
  });
  present(node, subscription, options.presence ?? false, false);
  resume(node, node.hub, subscription);
}

/** What has to be confirmed is sent at once, and every one of it (PROTOCOL.md §19). */
function intervalFor({ every }: Rules, { ack, maxRate }: SubscribeOptions): number {
  if (ack === true) return 0;
  return maxRate === undefined ? every : Math.max(every, intervalOf(maxRate));
}

function apply(
  node: Node,
  subscription: Subscription,
  acks: AckWindow | undefined,
  cursor: Cursor | undefined,
): void {
  const { cursor: earlier } = subscription;
  // Released while its window is still there to say how far it came.
  if (earlier !== undefined && earlier !== cursor) void node.cursors.release(earlier);
  subscription.acks = acks;
  if (acks !== undefined && !subscription.ended) node.hub.confirming.add(subscription);
  else node.hub.confirming.delete(subscription);
  subscription.cursor = cursor;
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
    const live = node.hub.channels.get(channel);
    // Before the subscriber's own hook, which may send them away: the going must not be told before the coming.
    if (live !== undefined && (live.announced += 1) === 1)
      notify(node.log, 'occupied', node.hooks.occupied, { channel });
    notify(node.log, 'subscribe', node.hooks.subscribe, { connectionId: connection.id, user, channel });
    // The hook may have sent them away.
    if (!subscription.current) return;
  }
  // Only now: nobody needs to be told of their own coming.
  subscription.watches = watches;
  if (watches)
    connection.send({ type: 'presence', channel, members: node.presence.members(channel), full: true });
}
