import type { RawFrame } from '@thrum/protocol';
import type { Action, ChannelDefinition, User } from './channel/definition.ts';
import type { MethodDefinition } from './methods.ts';
import type { Env } from './ports/env.ts';
import type { Log } from './ports/log.ts';
import type { MaybePromise } from './types.ts';

/** A client frame of a feature, its envelope checked and its sender known. */
export interface FeatureFrame {
  readonly connectionId: string;
  readonly user: User;
  /** The frame as it came: a feature checks its own fields. */
  readonly frame: RawFrame;
}

/** What a feature may do with the core: this interface is all it knows of it. */
export interface FeatureContext {
  readonly env: Env;
  readonly log: Log;
  /** Publishes as the server; see `Core.publish`. */
  publish(
    channel: string,
    event: string,
    data: unknown,
    options?: { readonly from?: string },
  ): Promise<unknown>;
  /** Sends a transient event to those who are subscribed now: no offset, nothing kept. */
  signal(channel: string, event: string, data: unknown, options?: { readonly from?: string }): Promise<void>;
  /** Asks every authorisation hook of the channel. False for a channel that nobody defined. */
  isAllowed(user: User, action: Action, channel: string): Promise<boolean>;
  isSubscribed(connectionId: string, channel: string): boolean;
}

/**
 * A plug-in on the core: channels, client frames, methods and a life cycle of its own.
 *
 * Laws: its names never collide with the protocol's or another feature's (refused at start); a handler may throw
 * `ThrumError` for the client to see; whatever `start` began ends when the function it returned has been awaited.
 */
export interface Feature {
  readonly name: string;
  readonly channels?: Readonly<Record<string, ChannelDefinition>>;
  /** By frame type. What a handler returns answers a frame that carried an `id`, as `result`. */
  readonly frames?: Readonly<Record<string, (frame: FeatureFrame) => MaybePromise<unknown>>>;
  readonly methods?: Readonly<Record<string, MethodDefinition>>;
  start?(context: FeatureContext): MaybePromise<void | (() => MaybePromise<void>)>;
  /** A connection left a channel: by its own wish, by the server's, or because it is gone. */
  left?(event: { readonly connectionId: string; readonly user: User; readonly channel: string }): void;
}
