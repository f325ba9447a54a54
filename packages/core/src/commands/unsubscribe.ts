import type { UnsubscribeFrame } from '@thrum/protocol';
import type { Connection } from '../connection/connection.ts';
import type { Node } from '../connection/node.ts';
import { leave } from '../channel/leave.ts';
import { idOf } from './reply.ts';

/** Leaves a channel; leaving one that was not joined is fine (PROTOCOL.md §2). */
export function unsubscribe(node: Node, connection: Connection, frame: UnsubscribeFrame): void {
  const subscription = connection.subscription(frame.channel);
  if (subscription !== undefined) leave(node, connection, subscription, 'left');
  connection.send({ type: 'unsubscribed', channel: frame.channel, ...idOf(frame) });
}
