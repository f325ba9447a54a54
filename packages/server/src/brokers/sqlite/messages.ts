import type { LogFields } from '@thrum/core';
import type { ClockState } from './clock.ts';
import type { Failure } from './driver.ts';

// What travels between the broker and its two worker threads.

/** A publication on its way to the log; a tuple, because a thousand of them are cloned at once. */
export type WriteRow = readonly [
  channel: string,
  event: string,
  /** JSON; null for undefined. */
  data: string | null,
  id: string | null,
  from: string | null,
  timestamp: number,
  /** Null: it is not kept, and only its key is written. */
  retention: readonly [size: number, ttl: number] | null,
  idempotency: readonly [key: string, fingerprint: string, ttl: number, follows: string | null] | null,
];

export const outcomes = { published: 0, duplicate: 1, conflict: 2, outOfOrder: 3 } as const;

export type WriteOutcome = readonly [
  kind: (typeof outcomes)[keyof typeof outcomes],
  epoch: string | null,
  offset: number | null,
];

export interface Written {
  readonly outcomes: readonly WriteOutcome[];
  /** Milliseconds that COMMIT took. */
  readonly commitMs: number;
}

/** How the database and its fence stand on disk. */
export interface Vitals {
  /** Of the database and its WAL. */
  readonly bytes: number;
  readonly generation: number;
  /** The generation that the fence has. */
  readonly fenced: number;
}

export interface ReadQuery {
  readonly channel: string;
  /** Of `since`; the epoch is for the caller to compare. */
  readonly since: number | null;
  readonly limit: number;
  readonly reverse: boolean;
}

export type PageRow = readonly [
  offset: number,
  event: string,
  data: string | null,
  id: string | null,
  from: string | null,
  timestamp: number,
];

/** A page, or what is wrong with the channel. */
export type ReadAnswer =
  | {
      readonly epoch: string;
      readonly offset: number;
      readonly oldest: number;
      readonly rows: readonly PageRow[];
    }
  | { readonly defect: string };

export interface OpenRequest {
  readonly file: string;
  readonly busyMs: number;
  readonly checkBytes: number;
  /** Wall clock. */
  readonly now: number;
  readonly instance: string;
  /** The database gave reason for doubt: 1 checks all of it, 2 sets it aside unseen. */
  readonly suspicion: number;
}

/** What the writer can be asked for. `fresh` is an epoch to use should one be needed; `at` is log time. */
export interface WriterRequests {
  open: { request: OpenRequest & { readonly fresh: string }; reply: ClockState };
  write: {
    request: { readonly rows: readonly WriteRow[]; readonly at: number; readonly fresh: string };
    reply: Written;
  };
  /** Deletes some of what has expired; true when there is more. */
  sweep: { request: { readonly at: number; readonly fresh: string }; reply: boolean };
  /** Marks a new generation, when anything has changed since the last. */
  beat: { request: { readonly clock: ClockState }; reply: undefined };
  repair: { request: { readonly channel: string; readonly fresh: string }; reply: undefined };
  close: { request: { readonly clock: ClockState }; reply: undefined };
}

export interface ReaderRequests {
  open: { request: { readonly file: string; readonly busyMs: number }; reply: undefined };
  read: {
    request: { readonly queries: readonly ReadQuery[]; readonly at: number };
    reply: readonly ReadAnswer[];
  };
  close: { request: {}; reply: undefined };
}

export type Requests = Record<string, { request: object; reply: unknown }>;

export interface Envelope {
  readonly id: number;
  readonly kind: string;
  readonly request: object;
}

/** Something that people must hear of. */
export type Notice =
  | {
      readonly kind: 'epoch';
      readonly channel: string | null;
      readonly reason: string;
      /** Where the damaged file is now. */
      readonly setAside?: string;
    }
  | { readonly kind: 'opened'; readonly facts: LogFields }
  | { readonly kind: 'warn'; readonly message: string };

export interface Answer {
  readonly id: number;
  readonly notices: readonly Notice[];
  /** Of the writer, while the database is open. */
  readonly vitals: Vitals | undefined;
  readonly result: { readonly value: unknown } | { readonly failure: Failure; readonly message: string };
}
