import type { Codec, FrameId, Position } from '@thrum/protocol';
import type { Env } from './env.ts';
import type { ThrumError } from './errors.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Published, QueueBounds } from './publish.ts';
import type { Encoded } from './socket-like.ts';
import type { Subscription } from './subscription.ts';

/**
 * What keeps publishes and positions over the life of a page, for one client: `@thrum/client/persist` makes one. All that
 * the core entry knows of it; nothing here throws or is waited for.
 */
export interface Persist {
  /** While true, nothing goes: what an earlier page left is not here yet, and goes first. */
  readonly isLoading: boolean;
  /** Called once, before everything else. */
  start(client: PersistedClient): void;
  /** The server let us in. Called before anything goes; without an id: as an anonymous user. */
  ready(userId: string | undefined): void;
  /**
   * A publish waits from now on.
   *
   * @param frame as it would be sent
   * @param until when it is given up, by the wall clock
   */
  save(id: string, frame: Encoded, until: number): void;
  /** It has its outcome. */
  remove(id: string): void;
  /** Where an earlier page stood in a channel; asked when this one begins there without a place of its own. */
  since(channel: string): Position | undefined;
  /** Some position may have moved; `begun`: one that was not there before. */
  moved(begun: boolean): void;
  /** The client is disposed of: nothing that happens from now on counts. */
  close(): void;
}

/** The parts of a client that its keeper works with. */
export interface PersistedClient {
  readonly settings: {
    readonly env: Env;
    readonly lifecycle: Lifecycle;
    readonly codec: Pick<Codec, 'decode'>;
    readonly queue: QueueBounds;
  };
  readonly outbox: {
    /** By id, in the order in which they go. */
    readonly items: Map<FrameId | undefined, unknown>;
    settle(id: FrameId, error: ThrumError): void;
    pump(): void;
  };
  readonly requests: {
    /** @param left milliseconds until it is given up, of one that an earlier page published */
    publish(
      channel: string,
      event: string,
      data: unknown,
      options: { readonly id: string },
      left: number,
    ): Promise<Published>;
  };
  /** By channel. */
  readonly subscriptions: ReadonlyMap<string, Subscription>;
}
