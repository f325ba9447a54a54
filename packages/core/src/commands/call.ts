import type { CallFrame } from '@thrum/protocol';
import type { Connection } from '../connection/connection.ts';
import type { Node } from '../connection/node.ts';
import { ThrumError } from '../errors.ts';
import type { CallContext } from '../methods.ts';
import { once } from '../once.ts';
import { validate } from '../validate.ts';
import { idOf, userOf } from './reply.ts';

/** Runs a method of the application (PROTOCOL.md §2). */
export async function call(node: Node, connection: Connection, frame: CallFrame): Promise<void> {
  const method = node.methods.get(frame.method);
  if (method === undefined) throw new ThrumError('unknown_method');
  const params = await validate(method.params, frame.params, node.limits.dataDepth);
  if (!connection.alive) return;
  const user = userOf(connection);
  const context: CallContext = {
    user,
    connectionId: connection.id,
    ...(frame.id === undefined ? {} : { id: String(frame.id) }),
    [once]: {
      store: node.store,
      running: node.running,
      place: ['call', frame.method],
      userId: user.id,
      id: frame.id,
      body: frame.params,
    },
  };
  const data: unknown = await method.handler(params, context);
  connection.send({ type: 'result', data: data ?? null, ...idOf(frame) });
}
