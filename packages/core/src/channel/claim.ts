import type { Position, Since } from '@thrum/protocol';
import type { Connection } from '../connection/connection.ts';
import type { Node } from '../connection/node.ts';
import { userOf } from '../commands/reply.ts';
import type { Cursor } from './cursors.ts';
import { leave } from './leave.ts';
import type { Subscription } from './subscription.ts';

/** What a named subscriber asks for. */
export interface ClaimRequest {
  readonly channel: string;
  readonly name: string;
  readonly since?: Since;
}

/**
 * Takes a name for a connection, and stores where its stream begins: were it stored later, a crash in between would let the
 * next holder begin after what this one was never sent.
 * @throws ThrumError `unavailable` when store or log cannot be read.
 */
export function claim(node: Node, connection: Connection, request: ClaimRequest): Promise<Cursor> {
  const { channel, name, since } = request;
  let cursor: Cursor | undefined;
  const holding = (): Subscription | undefined => {
    const subscription = connection.subscription(channel);
    return cursor !== undefined && subscription?.cursor === cursor ? subscription : undefined;
  };
  const holder = {
    owner: connection,
    position: () => holding()?.acks?.position,
    superseded: () => {
      const subscription = holding();
      if (subscription === undefined) return;
      leave(node, connection, subscription, 'left');
      // One whose first join is under way is told in the answer to its frame.
      if (subscription.announced) connection.send({ type: 'unsubscribed', channel, code: 'superseded' });
    },
  };
  const key = [userOf(connection).id, channel, name] as const;
  const opening = node.cursors.open(key, holder, (stored) => {
    if (typeof since === 'object' && 'epoch' in since) return since;
    return since === undefined && stored !== undefined ? stored : startOf(node, channel, since);
  });
  return opening.then((opened) => (cursor = opened));
}

/** Where a stream begins that follows no position: at the top, or before the newest few. */
async function startOf(
  { broker, limits }: Node,
  channel: string,
  since: 'latest' | { readonly last: number } | undefined,
): Promise<Position> {
  const wanted = since === undefined ? 0 : since === 'latest' ? 1 : Math.min(since.last, limits.historyPage);
  const page = await broker.read(channel, { limit: wanted, reverse: true });
  return { epoch: page.epoch, offset: page.offset - page.publications.length };
}
