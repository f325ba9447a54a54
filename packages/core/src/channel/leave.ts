import type { Node } from '../connection/node.ts';
import { notify } from '../notify.ts';
import type { Subscription } from './subscription.ts';

/** Ends a subscription and tells everyone who wants to know. */
export function leave(node: Node, subscription: Subscription, how: 'left' | 'dropped'): void {
  const { channel, connection } = subscription;
  node.hub.leave(subscription, how);
  if (connection.user === undefined) return;
  const event = { connectionId: connection.id, user: connection.user, channel: channel.name };
  notify(node.log, 'unsubscribe', node.hooks.unsubscribe, event);
  node.features.left(event);
}
