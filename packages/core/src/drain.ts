import { closeCodes } from '@thrum/protocol';
import type { Connection } from './connection/connection.ts';
import type { Node } from './connection/node.ts';

const tick = 50;
/** Slower than this there is nothing to protect: a node that stops with ten clients should not take half a minute. */
const perSecond = 500;
const shortest = 200;

/**
 * Sends everyone away without a stampede: each connection is told its own moment in a window that grows with their
 * number, at most `ms`, and closed then with 1012 (PROTOCOL.md §10). Resolves when all are gone or the time is over.
 */
export async function drain(node: Node, ms: number): Promise<void> {
  const { env, hub, turn } = node;
  // Who is told to come back may leave at once, before what was published just now.
  turn.end();
  const started = env.monotonic();
  // What is left of the time is for closing handshakes.
  const window = Math.min(ms * 0.8, Math.max(shortest, (hub.connections.size / perSecond) * 1000));
  const leaving = [...hub.connections.values()].map((connection) => ({
    connection,
    at: env.random() * window,
  }));
  leaving.sort((a, b) => a.at - b.at);
  for (const { connection, at } of leaving) {
    connection.send({ type: 'reconnect', after: Math.round(at), reason: closeCodes.restart.reason });
  }
  let next = 0;
  while (hub.connections.size > 0 && env.monotonic() - started < ms) {
    await new Promise<void>((resolve) => void env.timer(tick, resolve));
    const elapsed = env.monotonic() - started;
    for (; next < leaving.length && (leaving[next]?.at ?? 0) <= elapsed; next += 1)
      end(leaving[next]?.connection);
  }
}

function end(connection: Connection | undefined): void {
  connection?.close(closeCodes.restart.code, closeCodes.restart.reason);
}
