import type { AckFrame } from '@thrum/protocol';
import { settle } from '../channel/settle.ts';
import type { Connection } from '../connection/connection.ts';
import type { Node } from '../connection/node.ts';

/** Confirms what an acknowledged subscription has processed; anything else is ignored (PROTOCOL.md §2). */
export function acknowledge(node: Node, connection: Connection, frame: AckFrame): void {
  if ('offset' in frame) {
    const { channel, offset, epoch } = frame;
    const subscription = connection.subscription(channel);
    if (subscription === undefined) return;
    settle(node, subscription, (acks) => {
      // On its way when the log was replaced: the offset means another publication now.
      if (epoch !== undefined && epoch !== acks.epoch) return false;
      acks.confirm(offset);
      return true;
    });
    return;
  }
  const id = String(frame.id);
  for (const subscription of connection.subscriptions) {
    if (settle(node, subscription, (acks) => acks.confirmId(id))) return;
  }
}
