import type { Connection } from '../connection/connection.ts';
import type { Node } from '../connection/node.ts';
import { notify } from '../notify.ts';
import type { Subscription } from './subscription.ts';

/** Ends a subscription and tells everyone who wants to know. */
export function leave(
  node: Node,
  connection: Connection,
  subscription: Subscription,
  how: 'left' | 'dropped',
): void {
  const live = node.hub.channels.get(subscription.channel);
  // First: the cursor asks the subscription how far it came.
  if (subscription.cursor !== undefined) void node.cursors.release(subscription.cursor);
  live?.release(subscription);
  connection.settle(subscription);
  if (subscription.lane !== undefined) subscription.lane.ended = true;
  const { hooks, hub, log } = node;
  const { announced, channel } = subscription;
  if (!hub.leave(connection, subscription, how) || connection.user === undefined) return;
  const event = { connectionId: connection.id, user: connection.user, channel };
  if (announced) {
    notify(log, 'unsubscribe', hooks.unsubscribe, event);
    if (live !== undefined && (live.announced -= 1) === 0) notify(log, 'vacated', hooks.vacated, { channel });
  }
  node.features.left(event, log);
}
