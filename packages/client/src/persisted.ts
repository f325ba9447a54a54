import type { Env } from './env.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { ConnectionEvents, Outbox, Requests, Subscriptions } from './parts.ts';
import type { QueueBounds } from './publish.ts';

/**
 * What keeps publishes and positions over the life of a page, for one client: `@thrum/client/persist` makes one. All that
 * the core entry knows of it.
 */
export interface Persist {
  /** Called once, before everything else. It stands from then on before what it may replace of the parts. */
  start(client: PersistedClient): void;
}

/** The parts of a client that its keeper works with. */
export interface PersistedClient {
  readonly settings: {
    readonly env: Env;
    readonly lifecycle: Lifecycle;
    readonly queue: QueueBounds;
  };
  /** `add` may be replaced. */
  readonly outbox: Pick<Outbox, 'items' | 'add' | 'settle' | 'pump'>;
  readonly requests: Pick<Requests, 'publish'>;
  /** What the connection calls; each may be replaced. */
  readonly events: ConnectionEvents;
  /** `retain` and `clear` may be replaced. */
  readonly subscriptions: Pick<Subscriptions, 'all' | 'retain' | 'clear'>;
}
