import { resume } from '../channel/resume.ts';
import { redeliver } from '../channel/settle.ts';
import type { Cancel } from '../ports/env.ts';
import type { Connection } from './connection.ts';
import type { Identity } from '../ports/auth.ts';
import type { Node } from './node.ts';
import type { Term } from './term.ts';

const tick = 250;

/**
 * Every deadline of every connection on one timer, looked at four times a second: authentication, the end of a session,
 * its validation, redelivery, the writing of cursors; and every channel's position check. A timer of its own would cost each connection more memory than all its deadlines.
 */
export class Wheel {
  private readonly node: Node;
  private cancel: Cancel | undefined;

  constructor(node: Node) {
    this.node = node;
  }

  /** Turns as long as there are connections. */
  start(): void {
    if (this.node.hub.connections.size === 0) return;
    this.cancel ??= this.node.env.timer(tick, () => this.turn());
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
  }

  private turn(): void {
    this.cancel = undefined;
    const { env, hub } = this.node;
    const [monotonic, wall] = [env.monotonic(), env.now()];
    for (const connection of hub.connections.values()) {
      // One that is closing has had its error frame.
      if (connection.term !== undefined && connection.alive)
        this.check(connection, connection.term, monotonic, wall);
    }
    for (const subscription of hub.confirming) {
      redeliver(this.node, subscription, monotonic);
      resume(this.node, hub, subscription);
      if (subscription.cursor !== undefined) this.node.cursors.keep(subscription.cursor, monotonic);
    }
    for (const channel of hub.channels.values()) channel.checkPosition(monotonic);
    this.start();
  }

  private check(connection: Connection, term: Term, monotonic: number, wall: number): void {
    const { authenticateBy = Infinity, expiresAt = Infinity, validated } = term;
    if (connection.state === 'waiting' && monotonic >= authenticateBy) {
      connection.failWith('authentication_timeout');
    } else if (wall >= expiresAt) {
      connection.failWith('session_expired');
    } else if (validated !== undefined && monotonic >= validated.at) {
      validated.at = monotonic + this.node.limits.validateSeconds * 1000;
      void this.validate(connection, term, validated.identity);
    }
  }

  private async validate(connection: Connection, term: Term, identity: Identity): Promise<void> {
    const { auth, log } = this.node;
    if (auth?.validate === undefined) return;
    try {
      const valid = await auth.validate(identity);
      // A session that was renewed meanwhile is not the one that was asked about.
      if (!valid && connection.alive && connection.term === term) connection.failWith('session_expired');
    } catch (error) {
      // The port's law: not to know keeps the session.
      log.warn('a session could not be validated', { connectionId: connection.id }, error);
    }
  }
}
