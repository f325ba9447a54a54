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
  // First: the cursor asks the subscription how far it came.
  if (subscription.cursor !== undefined) void node.cursors.release(subscription.cursor);
  connection.settle(subscription);
  if (subscription.lane !== undefined) subscription.lane.ended = true;
  if (!node.hub.leave(connection, subscription, how) || connection.user === undefined) return;
  const event = { connectionId: connection.id, user: connection.user, channel: subscription.channel };
  if (subscription.announced) notify(node.log, 'unsubscribe', node.hooks.unsubscribe, event);
  node.features.left(event, node.log);
}
