/** A channel's log as the server itself reads it. */
export interface Standing {
  readonly epoch: string;
  /** The top. */
  readonly offset: number;
  /** The first that is kept. */
  readonly oldest: number;
}

export type Standings = Readonly<Record<string, Standing>>;

export interface StartOptions {
  readonly dataDir: string;
  /** 0: a free one. */
  readonly port: number;
  /** What is published is noted there, a JSON object a line. */
  readonly journal: string;
  readonly drainMs: number;
}

export interface Started {
  readonly port: number;
  /** Read before the first connection. */
  readonly standings: Standings;
  readonly counts: Counts;
}

/** What must return to where it was once everybody has left, and what must stay under its cap. */
export interface Counts {
  readonly connections: number;
  readonly subscriptions: number;
  readonly channels: number;
  /** Connections closed because they read too slowly, so far. */
  readonly slowConsumers: number;
  readonly timers: number;
  readonly sockets: number;
  /** Bytes of heap and of buffers outside it. */
  readonly heap: number;
  /** Bytes that wait for the slowest connection. */
  readonly outbox: number;
}

/** A line of the journal. `t`: milliseconds of the machine's monotonic clock. */
export interface JournalLine {
  readonly t: number;
  readonly channel: string;
  readonly v: string;
  readonly epoch?: string;
  readonly offset?: number;
  readonly from?: string;
}

/** What the server under test can be asked. */
export interface ServerCalls {
  start(options: StartOptions): Started;
  standings(): Standings;
  counts(): Counts;
}
