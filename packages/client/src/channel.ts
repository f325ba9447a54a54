import type { Member, Position, PresenceResult, Publication } from '@thrum/protocol';
import { iterate } from './iterator.ts';
import type { Outgoing, Published, PublishOptions, WaitOptions } from './outgoing.ts';
import type { ChannelOptions, Listener, Status, StatusType, Subscription } from './subscription.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { EventInput, EventName, EventSchemas, HistoryPage, PublicationOf } from './types.ts';
import { asRaw, readMembers, readPublication, withPosition } from './wire.ts';

/** A page of history: from where, how many, in which direction (PROTOCOL.md §2 history). */
export interface HistoryOptions extends WaitOptions {
  /** Forward: after it; with `reverse`: before it. Default: from the oldest kept, or from the newest. */
  readonly since?: Position | undefined;
  /** Publications, 1 to 300. Default 300. */
  readonly limit?: number | undefined;
  /** Newest first. Default false. */
  readonly reverse?: boolean | undefined;
}

/** Who is in the channel (PROTOCOL.md §8). */
export interface Presence {
  /** The same array until something changes, so `useSyncExternalStore` can read it. Empty while nobody asks for it. */
  readonly members: readonly Member[];
  /** Subscribes with presence, like a listener; returns what removes this one. */
  onChange(listener: (members: readonly Member[]) => void): () => void;
  /**
   * Sets this connection's own state, at most 1,024 bytes of JSON, and sets it again after each reconnect. It goes out
   * once the channel is subscribed; a refusal is a status `error`.
   */
  update(state: unknown): void;
  /** Asks the server. Rejects with `ThrumError`. */
  get(options?: WaitOptions): Promise<PresenceResult>;
}

/** A handle on one channel. All handles of a name share one subscription on the server. */
export interface Channel<Events = EventSchemas> extends AsyncIterable<PublicationOf<Events>> {
  readonly name: string;
  /** The last {@link Status.type} that says how the subscription stands; `unsubscribed` to begin with. */
  readonly status: StatusType;
  readonly presence: Presence;
  /**
   * Listens for one event, and subscribes if nobody did. Returns what removes this listener; the last one leaves the
   * channel after `linger`. What the listener throws is reported to the host and stops nothing.
   */
  on<Event extends EventName<Events>>(
    event: Event,
    listener: (publication: PublicationOf<Events, Event>) => unknown,
  ): () => void;
  /** Listens for every event. */
  onAny(listener: (publication: PublicationOf<Events>) => unknown): () => void;
  /** Follows the subscription without causing one. */
  onStatus(listener: (status: Status) => void): () => void;
  /**
   * Publishes. Resolves with its position once the server has it; until then it is kept, and sent again with the same id
   * after a reconnect. Rejects with `ThrumError`: the server's refusal, `expired`, `queue_full`, `timeout`,
   * `aborted`, `disconnected` or `too_large`. After `expired`, `timeout`, `aborted` and `disconnected` the server may
   * have it all the same.
   */
  publish<Event extends EventName<Events>>(
    event: Event,
    data: EventInput<Events, Event>,
    options?: PublishOptions,
  ): Promise<Published>;
  /** Reads what is kept. Rejects with `ThrumError`. */
  history(options?: HistoryOptions): Promise<HistoryPage<Events>>;
  /** Removes every listener of this handle and ends its loops. Twice is harmless. */
  dispose(): void;
  [Symbol.dispose](): void;
  /**
   * `for await`: publications from now on. Keeps up to 1,000 for a slow loop, then throws `queue_full`; throws when the
   * server refuses the subscription; ends with `dispose()`.
   */
  [Symbol.asyncIterator](): AsyncGenerator<PublicationOf<Events>, undefined>;
}

const nobody: readonly Member[] = [];

export function createChannel(
  name: string,
  options: ChannelOptions,
  subscriptions: Subscriptions,
  outgoing: Outgoing,
): Channel {
  const undo = new Set<() => void>();

  // Each removal happens once, by whoever comes first: the caller or dispose().
  const undoable = (run: () => void): (() => void) => {
    const once = (): void => {
      if (undo.delete(once)) run();
    };
    undo.add(once);
    return once;
  };
  const listen = <T>(set: (sub: Subscription) => Set<T>, entry: T, more?: ChannelOptions): (() => void) => {
    const sub = subscriptions.get(name);
    set(sub).add(entry);
    subscriptions.retain(sub, { ...options, ...more });
    return undoable(() => {
      set(sub).delete(entry);
      subscriptions.release(sub);
    });
  };
  const hear = (event: string | undefined, run: unknown): (() => void) =>
    listen((sub) => sub.listeners, { event, run: run as Listener['run'] });

  const onStatus = (listener: (status: Status) => void): (() => void) => {
    const { statusListeners } = subscriptions.get(name);
    const entry = (status: Status): void => listener(status);
    statusListeners.add(entry);
    return undoable(() => statusListeners.delete(entry));
  };
  const dispose = (): void => {
    for (const run of [...undo]) run();
  };

  const presence: Presence = {
    get members() {
      return subscriptions.peek(name)?.roster.members() ?? nobody;
    },
    onChange: (listener) =>
      listen(
        (sub) => sub.presenceListeners,
        () => listener(presence.members),
        { presence: true },
      ),
    update: (state) => subscriptions.setState(subscriptions.get(name), state),
    get: (wait) =>
      outgoing.request({ type: 'presence', channel: name }, wait, (data) => {
        const members = readMembers(asRaw(data)['members']);
        return { members, count: members.length };
      }),
  };

  const channel: Channel = {
    name,
    get status() {
      return subscriptions.peek(name)?.status ?? 'unsubscribed';
    },
    presence,
    on: hear,
    onAny: (listener) => hear(undefined, listener),
    onStatus,
    publish: (event, data, publishOptions) => outgoing.publish(name, event, data, publishOptions),
    history: ({ since, limit, reverse, ...wait } = {}) =>
      outgoing.request({ type: 'history', channel: name, since, limit, reverse }, wait, readHistory),
    dispose,
    [Symbol.dispose]: dispose,
    [Symbol.asyncIterator]: () =>
      iterate<Publication>((value, end) => {
        const stops = [
          onStatus(({ error }) => {
            if (subscriptions.peek(name)?.phase === 'stopped') end(error);
          }),
          hear(undefined, value),
          undoable(end),
        ];
        return () => {
          for (const stop of stops) stop();
        };
      }),
  };
  return channel;
}

function readHistory(data: unknown): HistoryPage<EventSchemas> {
  const raw = asRaw(data);
  const { publications, more, recovered } = raw;
  return {
    // Either spelling of the event's name: as in the log, or as on the wire.
    publications: (Array.isArray(publications) ? publications.map(asRaw) : []).flatMap(
      (item) => readPublication(item, item['event'] ?? item['type']) ?? [],
    ),
    ...withPosition(raw),
    more: more === true,
    recovered: recovered === true,
  };
}
