import type { AckFrame } from '@thrum/protocol';
import type { Connection } from '../connection/connection.ts';
import type { Node } from '../connection/node.ts';

/** Confirms what an acknowledged subscription has processed; anything else is ignored (PROTOCOL.md §2). */
export function acknowledge(_node: Node, connection: Connection, frame: AckFrame): void {
  if ('offset' in frame) {
    connection.subscriptions.get(frame.channel)?.acks?.confirm(frame.offset);
    return;
  }
  const id = String(frame.id);
  for (const { acks } of connection.subscriptions.values()) if (acks?.confirmId(id) === true) return;
}
