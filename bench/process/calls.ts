import type { Position } from '@thrum/protocol';
import type { WireName } from '../load/wire.ts';
import type { PayloadForm } from '../payload.ts';
import type { Shape } from '../shape.ts';

/** The cost of a server at one moment, as it sees itself. */
export interface Mark {
  /** CPU time of all its threads so far, microseconds. */
  readonly cpuUser: number;
  readonly cpuSystem: number;
  /** Bytes; after a forced garbage collection if the mark asked for one. */
  readonly rss: number;
  readonly heapUsed: number;
  /** Memory outside the heap that V8 knows of, ArrayBuffers included. */
  readonly external: number;
  /** The most RSS since the last mark that collected; NaN where the system does not say. */
  readonly peakRss: number;
}

/** What a recovery cost the log, counted by the server. */
export interface Counters {
  readonly pagesRead: number;
  readonly positionsRead: number;
  readonly recovered: number;
  readonly unrecovered: number;
  /** Publications turned into text. */
  readonly encoded: number;
}

/** What everybody missed: so many publications after a position. */
export interface Missed {
  readonly position: Position;
  readonly count: number;
}

/** What will be published, and how it is spread. */
export interface Setup {
  readonly shape: Shape;
  readonly payload: PayloadForm;
}

/** Where a server takes connections, and where publications are asked for. */
export interface Ports {
  readonly port: number;
  readonly publishPort: number;
}

/** What a server under test can be asked. */
export interface ServerCalls {
  listen(options: Setup): Ports;
  mark(options: { readonly collect: boolean }): Mark;
  /** Publishes what nobody hears; answers with the position before it. */
  miss(options: { readonly count: number }): Position;
  counters(): Counters;
  startProfile(): void;
  /** Ends what `startProfile` began and writes it to a file. */
  stopProfile(options: { readonly file: string }): void;
  stop(): void;
}

export interface ConnectOptions {
  readonly wire: WireName;
  readonly port: number;
  readonly shape: Shape;
  readonly count: number;
  /** Handshakes under way at a time. */
  readonly concurrency: number;
  readonly deadlineMs: number;
}

/** So many that have not landed, or so many a second whatever becomes of them. */
export type Pace = { readonly inFlight: number } | { readonly rate: number };

export interface PublishOptions extends Setup {
  readonly wire: WireName;
  readonly publishPort: number;
  readonly pace: Pace;
  readonly seconds: number;
  /** Every so many deliveries one is timed: a prime, so that the samples do not always meet the same subscribers. */
  readonly sampleEvery: number;
  /** Publications a second on the channel of ballast. Default 0. */
  readonly ballast?: number | undefined;
  readonly deadlineMs: number;
}

/** One loop from its first request to its last delivery. */
export interface LoopResult {
  readonly published: number;
  readonly deliveries: number;
  readonly seconds: number;
  readonly bytes: number;
  /** Milliseconds from the request for a publication to its receipt, sampled. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly sampled: number;
  /** Milliseconds, p99: how late the load was itself with what it had to ask for. */
  readonly late: number;
  /** CPU seconds of the load process. */
  readonly cpu: number;
}

export interface RecoverOptions extends ConnectOptions {
  readonly missed: Missed;
}

/** Seconds from the first handshake until the first, the middle and the last one had everything. */
export interface RecoverResult {
  readonly first: number;
  readonly median: number;
  readonly last: number;
  /** CPU seconds of the load process. */
  readonly cpu: number;
}

export interface EnterOptions {
  /** The first so many connections stay in the channel; the others come and go. */
  readonly members: number;
  readonly deadlineMs: number;
}

export interface ChurnOptions extends EnterOptions {
  readonly seconds: number;
}

/** Comings and goings until all who stayed had heard of each. */
export interface ChurnResult {
  readonly joins: number;
  readonly leaves: number;
  /** `joined` and `left` that came to those who stayed. */
  readonly told: number;
  readonly seconds: number;
  /** CPU seconds of the load process. */
  readonly cpu: number;
}

/** What a load process can be asked, in this order. */
export interface LoadCalls {
  /** Opens connections; answers with the seconds that took. */
  connect(options: ConnectOptions): number;
  subscribe(options: { readonly deadlineMs: number }): void;
  publish(options: PublishOptions): LoopResult;
  /** The first subscriber takes the ballast, and counts for nothing else. */
  weigh(options: { readonly deadlineMs: number }): void;
  /** It reads no more. */
  freeze(): void;
  /** It reads again; whether the server had closed it. */
  thaw(): boolean;
  /** Instead of subscribing: the first connections enter a channel with presence. */
  enter(options: EnterOptions): void;
  /** The others come and go. */
  churn(options: ChurnOptions): ChurnResult;
  /** Opens connections that recover at once. */
  recover(options: RecoverOptions): RecoverResult;
  /** Closes what was opened. */
  close(): void;
}
