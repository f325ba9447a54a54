/** A place in a channel's log. */
export interface Place {
  readonly epoch: string;
  readonly offset: number;
}

/**
 * What happened, as one JSON object a line. Checkers read nothing else. `v` is a publisher and its counter, `ada.1#12`;
 * `c` one life of an SDK, `s` one listening of it to a channel, `conn` one connection as the server numbers them.
 */
export type Happening =
  | {
      readonly k: 'world';
      readonly seed: number;
      readonly faulty: boolean;
      readonly broker: string;
      readonly nodes: number;
      readonly outboxBytes: number;
      readonly queue: number;
      /** Milliseconds by which the moments of different processes may be apart. Default 0. */
      readonly slack?: number;
    }
  | {
      readonly k: 'channel';
      readonly channel: string;
      readonly kept: boolean;
      readonly durable: boolean;
      readonly guarded: boolean;
      /** Milliseconds of conflation. */
      readonly every?: number;
    }
  /** A life of the log begins: of one channel's, or of all. `carried`: its offsets go on after this one. */
  | {
      readonly k: 'log';
      readonly epoch: string;
      readonly why: 'start' | 'wipe' | 'crash' | 'found';
      readonly channel?: string;
      readonly carried?: number;
    }
  | {
      readonly k: 'append';
      readonly channel: string;
      readonly v: string;
      readonly at?: Place;
      readonly from?: string;
    }
  | {
      readonly k: 'publish';
      readonly call: number;
      readonly v: string;
      readonly channel: string;
      readonly from?: string;
      readonly id?: string;
    }
  | {
      readonly k: 'settled';
      readonly call: number;
      readonly ok: boolean;
      readonly code?: string;
      readonly at?: Place;
      readonly duplicate?: boolean;
    }
  | { readonly k: 'received'; readonly conn: string; readonly id: string }
  | {
      readonly k: 'listen' | 'unlisten';
      readonly c: string;
      readonly s: number;
      readonly channel: string;
      readonly ack?: boolean;
      /** Of the named subscriber. */
      readonly name?: string;
    }
  | {
      readonly k: 'recv';
      readonly c: string;
      readonly s: number;
      readonly channel: string;
      readonly v: string;
      readonly at?: Place;
      readonly from?: string;
      /** So many right before it gave way to newer ones. */
      readonly conflated?: number;
    }
  | {
      readonly k: 'status';
      readonly c: string;
      readonly s: number;
      readonly channel: string;
      readonly type: string;
      readonly at?: Place;
      readonly code?: string;
    }
  | {
      readonly k: 'state';
      readonly c: string;
      readonly state: string;
      readonly code?: number;
      readonly error?: string;
    }
  | {
      readonly k: 'open';
      readonly conn: string;
      readonly node: string;
      readonly c: string;
      readonly user: string;
    }
  | { readonly k: 'gone'; readonly conn: string; readonly code: number }
  | {
      readonly k: 'asked';
      readonly conn: string;
      readonly channel: string;
      readonly id: number | string;
      readonly since?: unknown;
      readonly ack?: boolean;
      /** Of the named subscriber, which goes on after the server's own cursor. */
      readonly name?: string;
    }
  | {
      readonly k: 'answered';
      readonly conn: string;
      readonly channel: string;
      readonly id?: number | string;
      readonly at?: Place;
      readonly recovered: boolean;
      /** Granted, publications of a key a second. */
      readonly maxRate?: number;
    }
  | {
      readonly k: 'sent';
      readonly conn: string;
      readonly channel: string;
      readonly v: string;
      readonly at?: Place;
      readonly conflated?: number;
    }
  | { readonly k: 'left'; readonly conn: string; readonly channel: string; readonly code?: string }
  | {
      readonly k: 'refused';
      readonly conn: string;
      readonly code: string;
      readonly channel?: string;
      readonly id?: number | string;
    }
  | { readonly k: 'members'; readonly conn: string; readonly channel: string; readonly change: string }
  | {
      readonly k: 'page';
      readonly conn: string;
      readonly channel: string;
      readonly asked: number;
      readonly since?: Place;
      readonly reverse: boolean;
      readonly at?: Place;
      readonly recovered: boolean;
      readonly more: boolean;
      readonly items: readonly { readonly at: Place; readonly v: string }[];
    }
  | { readonly k: 'told'; readonly conn: string }
  | { readonly k: 'drain'; readonly node: string; readonly ms: number; readonly conns: readonly string[] }
  | { readonly k: 'drained'; readonly node: string; readonly left: number }
  | { readonly k: 'fault'; readonly fault: string; readonly on?: string }
  | { readonly k: 'grant' | 'revoke'; readonly user: string; readonly channel: string }
  | {
      readonly k: 'kept';
      readonly when: 'before' | 'after';
      readonly channel: string;
      readonly oldest: number;
      readonly top: Place;
    }
  | { readonly k: 'stop' | 'heal' | 'end' }
  | {
      readonly k: 'queues';
      readonly who: string;
      readonly what: 'outbox' | 'queue' | 'heap';
      readonly size: number;
      readonly cap: number;
    }
  | {
      readonly k: 'count';
      readonly node: string;
      readonly name: string;
      readonly counted: number;
      readonly recounted: number;
    }
  | { readonly k: 'metrics'; readonly node: string; readonly metrics: Readonly<Record<string, number>> }
  | {
      readonly k: 'stands';
      readonly c: string;
      readonly s: number;
      readonly channel: string;
      readonly status: string;
      readonly state: string;
      readonly at?: Place;
      readonly top: Place;
      readonly healed?: number;
    }
  | {
      readonly k: 'present';
      readonly node: string;
      readonly channel: string;
      readonly members: readonly string[];
      readonly live: readonly string[];
    }
  | {
      readonly k: 'roster';
      readonly c: string;
      readonly node: string;
      readonly channel: string;
      readonly shown: readonly string[];
      readonly members: readonly string[];
    }
  | { readonly k: 'leftover'; readonly who: string; readonly what: string; readonly count: number }
  | { readonly k: 'uncaught'; readonly what: string }
  /** What a fault must bring about, or must leave alone. */
  | { readonly k: 'expected'; readonly what: string; readonly came: boolean };

/** A happening with its moment, virtual milliseconds. */
export type Line = Happening & { readonly t: number };

export type LineOf<K extends Line['k']> = Extract<Line, { readonly k: K }>;

/** Every line of one kind, in order. */
export function linesOf<K extends Line['k']>(history: readonly Line[], kind: K): LineOf<K>[] {
  return history.filter((line): line is LineOf<K> => line.k === kind);
}

/** What of a channel's values one takes the place of another by: its publisher's counter says. */
export function keyOf(v: string): number {
  return Number(v.split('#')[1]) % 3;
}

/** One promise that was broken, and the line at which it shows. */
export interface Violation {
  /** The number in the list of `check/index.ts`, or a name for what has none there. */
  readonly invariant: string;
  readonly message: string;
  /** Index in the history. */
  readonly at: number;
  /** What a line must contain to belong to the story. */
  readonly about: readonly string[];
}

export type Checker = (history: readonly Line[]) => Violation[];
