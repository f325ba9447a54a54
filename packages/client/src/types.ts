import type {
  Contract,
  EventsFor,
  HistoryResult,
  InputOf,
  NamesOf,
  OutputOf,
  Position,
  Publication,
  Schema,
} from '@thrum/protocol';

/** Event names and the schemas of their data. */
export type EventSchemas = Readonly<Record<string, Schema>>;

/** The channel names of a contract; any string where there is none. */
export type ChannelName<C extends Contract> = string extends keyof NonNullable<C['channels']>
  ? string
  : NamesOf<keyof NonNullable<C['channels']> & string>;

/** The event schemas of one channel. */
export type ChannelEvents<C extends Contract, Name extends string> = string extends keyof NonNullable<
  C['channels']
>
  ? EventSchemas
  : EventsFor<C, Name>;

export type EventName<Events> = keyof Events & string;

/** What a publisher gives for an event. */
export type EventInput<Events, Event extends keyof Events> = InputOf<Events[Event]>;

/** A publication whose data is known by its event. */
export type PublicationOf<Events, Event extends EventName<Events> = EventName<Events>> = {
  [E in Event]: Omit<Publication, 'event' | 'data'> & {
    readonly event: E;
    readonly data: OutputOf<Events[E]>;
  };
}[Event];

/** A page of history (PROTOCOL.md §2 history). */
export interface HistoryPage<Events> extends Omit<HistoryResult, 'publications' | 'position'> {
  readonly publications: readonly PublicationOf<Events>[];
  /** The top of the log; absent where the channel keeps no history. */
  readonly position?: Position | undefined;
}

type Methods<C extends Contract> = NonNullable<C['methods']>;

/** The method names of a contract; any string where there is none. */
export type MethodName<C extends Contract> = keyof Methods<C> & string;

/** What a method takes; anything where it has no schema. */
export type MethodParams<C extends Contract, Method extends MethodName<C>> = Methods<C>[Method] extends {
  readonly params: infer Params extends Schema;
}
  ? InputOf<Params>
  : unknown;

/** What a method's handler returns, awaited; unknown where the contract does not say. */
export type MethodResult<C extends Contract, Method extends MethodName<C>> = Methods<C>[Method] extends {
  readonly handler: (...args: never) => infer Result;
}
  ? Awaited<Result>
  : unknown;
