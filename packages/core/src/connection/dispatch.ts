import {
  type ClientFrame,
  type Envelope,
  isClientType,
  isFrameError,
  readClientFrame,
} from '@thrum/protocol';
import { acknowledge } from '../commands/ack.ts';
import { authenticate } from '../commands/auth.ts';
import { call } from '../commands/call.ts';
import { history } from '../commands/history.ts';
import { message } from '../commands/message.ts';
import { presence } from '../commands/presence.ts';
import { subscribe } from '../commands/subscribe.ts';
import { unsubscribe } from '../commands/unsubscribe.ts';
import { ThrumError } from '../errors.ts';
import type { MaybePromise } from '../types.ts';
import type { Connection } from './connection.ts';
import type { Node } from './node.ts';

/**
 * Hands one frame to its command.
 * @throws ThrumError what the client is to be told.
 */
export function dispatch(node: Node, connection: Connection, envelope: Envelope): MaybePromise<void> {
  const { type } = envelope;
  if (!isClientType(type)) return node.features.handle(connection, envelope);
  const frame = readClientFrame({ ...envelope, type });
  if (isFrameError(frame)) throw new ThrumError(frame.code, frame.message);
  return run(node, connection, frame);
}

function run(node: Node, connection: Connection, frame: ClientFrame): MaybePromise<void> {
  switch (frame.type) {
    case 'auth':
      return authenticate(node, connection, frame);
    case 'subscribe':
      return subscribe(node, connection, frame);
    case 'unsubscribe':
      return unsubscribe(node, connection, frame);
    case 'message':
      return message(node, connection, frame);
    case 'ack':
      return acknowledge(node, connection, frame);
    case 'history':
      return history(node, connection, frame);
    case 'presence':
      return presence(node, connection, frame);
    case 'call':
      return call(node, connection, frame);
    case 'ping':
      return connection.send({ type: 'pong', ...(frame.id === undefined ? {} : { id: frame.id }) });
  }
}
