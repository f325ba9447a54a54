import type { FrameId, MessageFrame } from '@thrum/protocol';
import type { Prepared } from '../channel/publisher.ts';
import type { Connection } from '../connection/connection.ts';
import type { Node } from '../connection/node.ts';
import { ThrumError } from '../errors.ts';
import { once } from '../once.ts';
import { toJson } from '../validate.ts';
import { idOf, userOf } from './reply.ts';

/**
 * A client's publish. What comes before the append is waited for, so that messages are appended in the order in which
 * they were sent; the append itself is not, so that a disk's latency does not hold up the connection.
 */
export async function message(node: Node, connection: Connection, frame: MessageFrame): Promise<void> {
  const { channel, event = 'message' } = frame;
  const user = userOf(connection);
  checkAppends(node, connection);
  const { rules } = await node.authorizer.require({ user, action: 'publish', channel, event });
  const checked = await node.publisher.check(channel, rules, event, frame.data);
  const prepared = await hooked(node, connection, checked, frame.id);
  // The hooks took a while; after the close nothing is handled (PROTOCOL.md §14).
  if (!connection.alive) return;
  const [id, follows] = [textOf(frame.id), textOf(frame.follows)];
  const bytes = connection.handling;
  const appending = node.publisher.append(prepared, { from: user.id, id, follows });
  connection.appends += 1;
  connection.appendBytes += bytes;
  const answered = (): void => {
    connection.appends -= 1;
    connection.appendBytes -= bytes;
  };
  void appending.finally(answered).then(
    (appended) =>
      connection.send({
        type: 'ack',
        channel,
        ...(appended.position === undefined ? {} : { position: appended.position }),
        ...(appended.duplicate ? { duplicate: true as const } : {}),
        ...idOf(frame),
      }),
    (error: unknown) => connection.fail(ThrumError.from(error), { channel, ...idOf(frame) }),
  );
}

/** A number is the same key as its digits. */
function textOf(id: FrameId | undefined): string | undefined {
  return id === undefined ? undefined : String(id);
}

/** Nothing waits for appends, so while the log stalls they would pile up without an end. */
function checkAppends({ limits }: Node, { appendBytes, appends, handling }: Connection): void {
  const fits = appends === 0 || appendBytes + handling <= limits.inboxBytes;
  if (fits && appends < limits.inboxFrames) return;
  throw new ThrumError('rate_limited', 'Too many messages are waiting for their append', { after: 1000 });
}

/** Lets the application look at the message, change its data, or refuse it. */
async function hooked(
  node: Node,
  connection: Connection,
  prepared: Prepared,
  id: FrameId | undefined,
): Promise<Prepared> {
  const { channel, event, data } = prepared;
  const user = userOf(connection);
  const changed = await node.hooks.message?.({
    connectionId: connection.id,
    user,
    channel,
    event,
    data,
    ...(id === undefined ? {} : { id: String(id) }),
    [once]: {
      store: node.store,
      running: node.running,
      place: ['message', channel],
      userId: user.id,
      id,
      body: [event, prepared.sent],
    },
  });
  if (changed === undefined) return prepared;
  return { ...prepared, data: toJson(changed.data, node.limits.dataDepth) };
}
