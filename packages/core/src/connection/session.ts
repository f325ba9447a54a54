import { closeCodes, type Limits, type WelcomeFrame } from '@thrum/protocol';
import { identify } from '../auth/identify.ts';
import { leave } from '../channel/leave.ts';
import type { Authentication, Handshake } from '../core-api.ts';
import { notify } from '../notify.ts';
import type { Session, Transport } from '../ports/transport.ts';
import { Connection } from './connection.ts';
import type { Greeting, Node } from './node.ts';
import { Inbox } from './receive.ts';

/** Takes a transport over: welcome it, or refuse it and close (PROTOCOL.md §1). */
export function accept(node: Node, transport: Transport, handshake: Handshake, draining: boolean): Session {
  const connection = new Connection(node, transport);
  const session = new OpenSession(node, connection);
  admit(node, connection, handshake.authentication, draining);
  return session;
}

/** What a transport tells its connection. The way in and nothing besides, because there is one for each connection. */
class OpenSession extends Inbox implements Session {
  get connectionId(): string {
    return this.connection.id;
  }

  drained(): void {
    this.connection.drained();
  }

  closed(code: number, reason: string): void {
    this.clear();
    closed(this.node, this.connection, code, reason);
  }
}

function admit(
  node: Node,
  connection: Connection,
  authentication: Authentication | undefined,
  draining: boolean,
): void {
  const refused = (): number => (node.metrics.refused += 1);
  if (draining) {
    refused();
    connection.close(closeCodes.restart.code, closeCodes.restart.reason);
    return;
  }
  if (node.hub.connections.size >= node.limits.connections) {
    refused();
    connection.failWith('server_at_capacity');
    return;
  }
  if (authentication?.ok === false) {
    refused();
    connection.failWith(authentication.code);
    // A code that leaves connections open, `unavailable`, does not leave one open that has not even begun.
    connection.close(closeCodes.tryLater.code, closeCodes.tryLater.reason);
    return;
  }
  node.metrics.accepted += 1;
  node.hub.add(connection);
  if (authentication !== undefined) identify(node, connection, authentication.identity);
  else if (node.auth === undefined || node.auth.anonymous === true) {
    identify(node, connection, { userId: `anonymous:${connection.id}`, anonymous: true });
  } else connection.term = { authenticateBy: node.env.monotonic() + node.limits.authSeconds * 1000 };
  connection.send(welcome(node, connection));
}

function welcome({ greeting }: Node, { id, user }: Connection): WelcomeFrame {
  return {
    type: 'welcome',
    message: 'Connected to server',
    connectionId: id,
    protocol: 1,
    authentication: user === undefined ? 'required' : user.anonymous ? 'optional' : 'done',
    ...(user === undefined ? {} : { userId: user.id }),
    ...greeting,
  };
}

/** The part of `welcome` that is the same for everybody. */
export function greetingOf(limits: Limits, node: string | undefined): Greeting {
  return {
    heartbeat: { interval: limits.pingSeconds * 1000, timeout: limits.deadSeconds * 1000 },
    limits: {
      message: limits.messageBytes,
      channels: limits.channels,
      rate: limits.rate,
      history: limits.historyPage,
    },
    ...(node === undefined ? {} : { node }),
  };
}

function closed(node: Node, connection: Connection, code: number, reason: string): void {
  if (!connection.step('gone')) return;
  connection.release();
  node.metrics.closed += 1;
  for (const subscription of connection.subscriptions) leave(node, connection, subscription, 'dropped');
  const wasLast = node.hub.remove(connection);
  const { id, user } = connection;
  if (user === undefined) return;
  notify(node.log, 'disconnect', node.hooks.disconnect, { connectionId: id, user, code, reason });
  if (wasLast) notify(node.log, 'offline', node.hooks.offline, { user });
}
