import type { Member, Position, PresenceResult, Publication } from '@thrum/protocol';
import { ThrumError, listen } from './errors.ts';
import type { Published } from './publish.ts';
import type { PublishOptions, Requests, Subscriptions, WaitOptions } from './parts.ts';
import type { ChannelOptions, Status, StatusType } from './subscription.ts';
import type { EventInput, EventName, EventSchemas, HistoryPage, PublicationOf } from './types.ts';
import { readFields, readList, readMember, readPublication } from './wire.ts';

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
  /**
   * Until it is called with `undefined`: {@link ChannelOptions.maxRate} for all handles of this name, whatever they asked
   * for. The stream goes on unbroken.
   */
  setMaxRate(maxRate: number | undefined): void;
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

// What is kept for a loop that is slower than the publications: nothing is skipped in silence.
const maxBuffered = 1000;

export const createChannel = (
  name: string,
  options: ChannelOptions,
  subscriptions: Subscriptions,
  requests: Requests,
): Channel => {
  const undo = new Set<() => void>();

  // Each removal happens once, by whoever comes first: the caller or dispose().
  const undoable = (run: () => void): (() => void) => {
    const once = (): void => {
      if (undo.delete(once)) run();
    };
    undo.add(once);
    return once;
  };
  // Without an event: every publication.
  const on = <T>(
    event: string | undefined,
    run: (value: T) => unknown,
    more?: ChannelOptions,
  ): (() => void) => {
    const sub = subscriptions.get(name);
    const off = listen(
      sub.listeners,
      (kind, value) => (kind === event || (!event && kind !== 'presence')) && run(value as T),
    );
    subscriptions.retain(sub, { ...options, ...more });
    return undoable(() => {
      off();
      subscriptions.release(sub);
    });
  };
  const onStatus = (run: (status: Status) => void): (() => void) =>
    undoable(listen(subscriptions.get(name).statusListeners, run));
  const dispose = (): void => {
    undo.forEach((run) => run());
  };

  return {
    name,
    get status() {
      return subscriptions.get(name).status;
    },
    presence: {
      get members() {
        return subscriptions.get(name).members;
      },
      onChange: (listener) => on('presence', listener, { presence: true }),
      update: (state) => subscriptions.setState(name, state),
      get: (wait) =>
        requests.request('again', { type: 'presence', channel: name }, wait, (data) => {
          const members = readList(readFields(data)['members'], readMember);
          return { members, count: members.length };
        }),
    },
    on,
    onAny: (run) => on(undefined, run),
    onStatus,
    publish: (...order) => requests.publish(name, ...order),
    setMaxRate: (maxRate) => subscriptions.setRate(name, maxRate),
    history: ({ timeout, signal, ...page } = {}) =>
      requests.request('again', { type: 'history', channel: name, ...page }, { timeout, signal }, (data) => {
        const { publications, position, more, recovered } = readFields(data);
        return {
          publications: readList(publications, readPublication),
          position,
          more: more === true,
          recovered: recovered === true,
        };
      }),
    dispose,
    [Symbol.dispose]: dispose,
    async *[Symbol.asyncIterator]() {
      // Publications, and behind them what ends the loop: an error, or nothing.
      const buffer: (Publication | ThrumError | undefined)[] = [];
      let wake = (): void => {};
      const push = (item?: Publication | ThrumError): void => {
        if (buffer.length < maxBuffered) buffer.push(item);
        else buffer[maxBuffered] ??= new ThrumError('queue_full');
        wake();
      };
      const stops = [
        onStatus(({ error }) => {
          if (subscriptions.get(name).phase === 'idle') push(error);
        }),
        on(undefined, push),
        undoable(push),
      ];
      try {
        for (;;) {
          if (buffer.length === 0) {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
          const item = buffer.shift();
          if (item instanceof ThrumError) throw item;
          if (!item) return undefined;
          yield item;
        }
      } finally {
        for (const stop of stops) stop();
      }
    },
  };
};
