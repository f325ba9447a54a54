import type { Env, Hooks, Log, Store, User } from '@thrum/core';
import { Absences } from './absences.ts';
import { Batches } from './batches.ts';
import { Delivery } from './delivery.ts';
import type { WebhookSettings } from './options.ts';
import type { WebhookEvent, WebhookEventType } from './payloads.ts';
import type { Poster } from './post.ts';

export interface EventsOptions {
  readonly env: Env;
  readonly log: Log;
  readonly poster: Poster;
  readonly settings: WebhookSettings;
  readonly told: NonNullable<WebhookSettings['events']>;
  readonly store: Store | undefined;
  readonly node: string | undefined;
}

/** An event without its time. */
type Happening = WebhookEvent extends infer E ? (E extends unknown ? Omit<E, 'timestamp'> : never) : never;

/** Tells a backend what happens on this node. */
export class EventWebhooks {
  private readonly options: EventsOptions;
  private readonly batches: Batches;
  private readonly delivery: Delivery;
  private readonly users: Absences;
  private readonly channels: Absences;

  constructor(options: EventsOptions) {
    const { env, log, node, poster, settings, store, told } = options;
    const { batchEvents, pendingEvents } = settings;
    const maxAge = settings.retrySeconds * 1000;
    this.options = options;
    this.batches = new Batches({ env, log, node, store, batchEvents, pendingEvents });
    this.delivery = new Delivery({
      env,
      log,
      poster,
      maxAge,
      url: told.url,
      keys: settings.keys,
      batches: this.batches,
      gather: settings.batchSeconds * 1000,
      timeout: settings.timeoutSeconds * 1000,
    });
    const absences = { env, grace: settings.graceSeconds * 1000, most: pendingEvents };
    this.users = new Absences({ ...absences, tell: (userId) => this.tell({ type: 'user.offline', userId }) });
    this.channels = new Absences({
      ...absences,
      tell: (channel) => this.tell({ type: 'channel.vacated', channel }),
    });
  }

  /** Hooks for the events that are told, and none for others. */
  hooks(): Hooks {
    const { types } = this.options.told;
    const of = (type: WebhookEventType, hooks: Hooks): Hooks => (types.has(type) ? hooks : {});
    // Where only one half of a pair is wanted the other is needed for the grace, and not told.
    const either = (a: WebhookEventType, b: WebhookEventType, hooks: Hooks): Hooks =>
      types.has(a) || types.has(b) ? hooks : {};
    return {
      ...either('user.online', 'user.offline', {
        online: ({ user }) => {
          if (isKnown(user) && this.users.came(user.id)) this.tell({ type: 'user.online', userId: user.id });
        },
        offline: ({ user }) => {
          if (isKnown(user)) this.users.went(user.id);
        },
      }),
      ...either('channel.occupied', 'channel.vacated', {
        occupied: ({ channel }) => {
          if (this.channels.came(channel)) this.tell({ type: 'channel.occupied', channel });
        },
        vacated: ({ channel }) => this.channels.went(channel),
      }),
      ...of('connection.opened', {
        connect: ({ connectionId, user }) =>
          this.tell({ type: 'connection.opened', connectionId, ...describe(user) }),
      }),
      ...of('connection.closed', {
        disconnect: ({ connectionId, user, code, reason }) =>
          this.tell({ type: 'connection.closed', connectionId, ...describe(user), code, reason }),
      }),
      ...of('member.joined', {
        joined: ({ channel, member: { userId } }) => this.tell({ type: 'member.joined', channel, userId }),
      }),
      ...of('member.left', {
        left: ({ channel, member: { userId } }) => this.tell({ type: 'member.left', channel, userId }),
      }),
    };
  }

  /** Takes up what an earlier run left, and tells that this one begins: whoever was here before is gone. */
  async start(): Promise<void> {
    await this.batches.load();
    this.tell({ type: 'node.started' });
  }

  /** Tells every going that was held back, and sends what waits for at most `ms`. */
  async close(ms: number): Promise<void> {
    this.users.flush();
    this.channels.flush();
    await this.delivery.close(ms);
  }

  private tell(happening: Happening): void {
    const { env, told } = this.options;
    const { type } = happening;
    if (type !== 'node.started' && !told.types.has(type)) return;
    this.batches.add({ ...happening, timestamp: new Date(env.now()).toISOString() });
    this.delivery.wake();
  }
}

/** Somebody without a name is a new user with each connection, which tells nobody anything. */
function isKnown({ anonymous }: User): boolean {
  return !anonymous;
}

function describe({ id, anonymous }: User): { readonly userId: string; readonly anonymous: boolean } {
  return { userId: id, anonymous };
}
