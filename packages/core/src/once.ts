import type { FrameId } from '@thrum/protocol';
import type { Store } from './ports/store.ts';

/** Under this symbol a handler's context carries {@link Once}: no name that an application's own could meet, nor JSON shows. */
export const once: unique symbol = Symbol('thrum.once');

/** One handler that is running, for repeats to wait for. */
export interface Running {
  readonly fingerprint: string;
  readonly result: Promise<unknown>;
}

/** What an idempotent handler needs of the node that it runs on, and of the frame that it answers. */
export interface Once {
  readonly store: Store;
  readonly running: Map<string, Running>;
  /** `call` and the method, or `message` and the channel. */
  readonly place: readonly [kind: 'call' | 'message', name: string];
  readonly userId: string;
  /** As it came: a number only matches answers on one connection. */
  readonly id: FrameId | undefined;
  /** What a repeat must repeat, before schemas made something else of it. */
  readonly body: unknown;
}
