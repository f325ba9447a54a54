import type { Connection } from '../connection/connection.ts';
import type { Parts } from '../parts.ts';
import type { Presence } from '../presence/presence.ts';
import type { Rules } from './definitions.ts';
import { LiveChannel } from './live-channel.ts';
import { RecentRoom } from './recent.ts';
import { Subscription } from './subscription.ts';

/** A subscription with the channel it is in. */
export interface Entered {
  readonly channel: LiveChannel;
  readonly subscription: Subscription;
}

/** All connections of a node, by id and by user, and the channels they have joined. */
export class Hub {
  readonly connections: Map<string, Connection> = new Map();
  readonly channels: Map<string, LiveChannel> = new Map();
  /** Subscriptions that confirm: something may be due for each of them at any time. */
  readonly confirming: Set<Subscription> = new Set();
  /** By id; one connection, as most users have, or all of them. */
  private readonly users = new Map<string, Connection | Set<Connection>>();
  private readonly parts: Parts;
  private readonly presence: Presence;
  private readonly room: RecentRoom;

  constructor(parts: Parts, presence: Presence) {
    this.parts = parts;
    this.presence = presence;
    this.room = new RecentRoom(parts.limits.recentBytes);
  }

  add(connection: Connection): void {
    this.connections.set(connection.id, connection);
    this.parts.metrics.connections = this.connections.size;
  }

  /** Puts a connection under its user, once that is known. True for the user's first. */
  identify(connection: Connection): boolean {
    const userId = connection.user?.id;
    if (userId === undefined) return false;
    const others = this.users.get(userId);
    if (others === undefined) this.users.set(userId, connection);
    else if (others instanceof Set) others.add(connection);
    else this.users.set(userId, new Set([others, connection]));
    return others === undefined;
  }

  /** Takes a connection from its user: it is gone, or becomes somebody else. True for the user's last. */
  forget(connection: Connection): boolean {
    const userId = connection.user?.id;
    if (userId === undefined) return false;
    const all = this.users.get(userId);
    if (all instanceof Set) return all.delete(connection) && all.size === 0 && this.users.delete(userId);
    return all === connection && this.users.delete(userId);
  }

  /** Forgets a connection that has left its channels. True for its user's last. */
  remove(connection: Connection): boolean {
    const isLast = this.forget(connection);
    this.connections.delete(connection.id);
    this.parts.metrics.connections = this.connections.size;
    return isLast;
  }

  connectionsOf(userId: string): readonly Connection[] {
    const all = this.users.get(userId);
    if (all === undefined) return [];
    return all instanceof Set ? [...all] : [all];
  }

  /** Enters a connection in a channel, where it buffers until its stream has caught up. */
  enter(connection: Connection, name: string, rules: Rules): Entered {
    let channel = this.channels.get(name);
    if (channel === undefined) {
      channel = new LiveChannel(this.parts, name, rules, this.room);
      this.channels.set(name, channel);
      this.parts.metrics.channels = this.channels.size;
    }
    let subscription = connection.subscription(name);
    if (subscription === undefined) {
      // The channel's own name, and not the copy that came with a frame.
      subscription = new Subscription(connection, channel.name, rules);
      connection.keep(subscription);
      this.parts.metrics.subscriptions += 1;
    }
    channel.enter(subscription);
    return { channel, subscription };
  }

  /**
   * Takes a subscription out of its channel; `dropped` lets its user's presence linger. False when it had left before:
   * its connection may have another one for the same channel by now.
   */
  leave(connection: Connection, subscription: Subscription, how: 'left' | 'dropped'): boolean {
    if (subscription.ended) return false;
    const { channel: name, rules } = subscription;
    subscription.ended = true;
    connection.forget(subscription);
    this.confirming.delete(subscription);
    this.parts.metrics.subscriptions -= 1;
    const channel = this.channels.get(name);
    channel?.delete(subscription);
    // Only now: nobody needs to be told of their own going.
    if (rules.presence && connection.user !== undefined) {
      this.presence.leave(name, connection.user.id, connection.id, how);
    }
    if (channel === undefined || channel.size > 0) return true;
    channel.end();
    this.channels.delete(name);
    this.parts.metrics.channels = this.channels.size;
    return true;
  }
}
