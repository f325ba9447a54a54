import type { Position } from '@thrum/protocol';
import type { PeerName } from '../peers.ts';

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

/** What a server under test can be asked. */
export interface ServerCalls {
  listen(): { readonly port: number; readonly controlPort: number };
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
  readonly peer: PeerName;
  readonly port: number;
  readonly count: number;
  /** Handshakes under way at a time. */
  readonly concurrency: number;
  readonly deadlineMs: number;
}

export interface PublishOptions {
  readonly controlPort: number;
  readonly inFlight: number;
  readonly seconds: number;
  readonly deadlineMs: number;
}

/** One closed loop from its first request to its last delivery. */
export interface LoopResult {
  readonly published: number;
  readonly deliveries: number;
  readonly seconds: number;
  readonly bytes: number;
  /** Milliseconds from publication to receipt, sampled. */
  readonly p50: number;
  readonly p99: number;
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

/** What a load process can be asked, in this order. */
export interface LoadCalls {
  /** Opens connections; answers with the seconds that took. */
  connect(options: ConnectOptions): number;
  subscribe(options: { readonly deadlineMs: number }): void;
  publish(options: PublishOptions): LoopResult;
  /** Instead of the three above: opens connections that recover at once. */
  recover(options: RecoverOptions): RecoverResult;
  /** Closes what was opened. */
  close(): void;
}
