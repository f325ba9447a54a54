/** The part of Standard Schema version 1 that Thrum reads; zod, valibot, arktype and others provide it. */
export interface Schema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a sender provides for a schema. */
export type InputOf<S> = S extends Schema<infer Input, unknown> ? Input : unknown;

/** What a receiver gets from a schema. */
export type OutputOf<S> = S extends Schema<infer _Input, infer Output> ? Output : unknown;

/** The part of a channel definition that both sides share. */
export interface ChannelContract {
  readonly events?: Readonly<Record<string, Schema>> | undefined;
}

/** The part of a method that both sides share. */
export interface MethodContract {
  readonly params?: Schema | undefined;
  readonly handler: (params: never, context: never) => unknown;
}

/** Channels by pattern and methods by name: what `createThrum` is given and `createClient<App>` infers from. */
export interface Contract {
  readonly channels?: Readonly<Record<string, ChannelContract>> | undefined;
  readonly methods?: Readonly<Record<string, MethodContract>> | undefined;
}

/** The contract behind `typeof app`, or the contract itself. */
export type ContractOf<App> = App extends { readonly definition: infer D extends Contract }
  ? D
  : App extends Contract
    ? App
    : Contract;

/** `chat:{room}` → `` `chat:${string}` ``. */
export type NamesOf<Pattern extends string> = Pattern extends `${infer Head}{${string}}${infer Tail}`
  ? `${Head}${string}${NamesOf<Tail>}`
  : Pattern;

/** `chat:{room}` → `{ room: string }`; `{path*}` takes the rest of the name. */
export type ParamsOf<Pattern extends string> = { readonly [Name in ParamNames<Pattern>]: string };

type ParamNames<Pattern extends string> = Pattern extends `${string}{${infer Name}}${infer Tail}`
  ? (Name extends `${infer Rest}*` ? Rest : Name) | ParamNames<Tail>
  : never;

/** The patterns of a contract that a channel name fits. */
export type PatternFor<C extends Contract, Name extends string> = {
  [Pattern in keyof C['channels'] & string]: Name extends NamesOf<Pattern> ? Pattern : never;
}[keyof C['channels'] & string];

/** The event schemas of a channel name; `Record<string, Schema>` where the contract does not say. */
export type EventsFor<C extends Contract, Name extends string> = string extends keyof C['channels']
  ? Readonly<Record<string, Schema>>
  : NonNullable<C['channels']>[PatternFor<C, Name>] extends {
        readonly events: infer E extends Record<string, Schema>;
      }
    ? E
    : Readonly<Record<string, Schema>>;
