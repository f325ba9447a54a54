import type { Position } from '@thrum/protocol';

/** Bounds of what waits to be sent; beyond them the oldest publish is dropped. */
export interface QueueBounds {
  /** Publishes. Default 100. */
  readonly maxCount: number;
  /** Bytes, encoded. Default 1,048,576. */
  readonly maxBytes: number;
  /** Milliseconds from `publish()` until it is given up, acknowledged or not. Default 60,000. */
  readonly maxAge: number;
}

/** A publish that failed, as `onDrop` gets it. */
export interface DroppedPublish {
  readonly channel: string;
  readonly event: string;
  readonly data: unknown;
  readonly id: string;
}

/** What became of a publish. */
export interface Published {
  readonly id: string;
  /** Where it stands in the channel's log; absent for a transient event or an ephemeral channel. */
  readonly position?: Position | undefined;
  /** Whether the server had it already, from an earlier try. */
  readonly duplicate: boolean;
}
