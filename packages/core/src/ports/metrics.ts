/**
 * What a node counts. Plain numbers, added to on the hot path and read at scrape time; totals only grow.
 */
export interface Metrics {
  connections: number;
  subscriptions: number;
  channels: number;
  accepted: number;
  refused: number;
  closed: number;
  framesIn: number;
  bytesIn: number;
  framesOut: number;
  bytesOut: number;
  published: number;
  duplicates: number;
  delivered: number;
  recovered: number;
  unrecovered: number;
  /** Readings of publications, and of a position alone, for subscriptions that begin or go on. */
  pagesRead: number;
  positionsRead: number;
  /** Pages for them that were made of what others had been sent: each costs a position, and many share one. */
  pagesShared: number;
  healed: number;
  resets: number;
  redelivered: number;
  deadLetters: number;
  /** How often a subscription stopped because its window was full. */
  paused: number;
  /** Publications left out because a connection read too slowly. */
  dropped: number;
  /** Publications that gave way to newer ones before they were sent to a subscriber, counted for each (PROTOCOL.md §19). */
  conflated: number;
  /** Connections closed because they read too slowly. */
  slowConsumers: number;
  errors: number;
}

export function createMetrics(): Metrics {
  return {
    connections: 0,
    subscriptions: 0,
    channels: 0,
    accepted: 0,
    refused: 0,
    closed: 0,
    framesIn: 0,
    bytesIn: 0,
    framesOut: 0,
    bytesOut: 0,
    published: 0,
    duplicates: 0,
    delivered: 0,
    recovered: 0,
    unrecovered: 0,
    pagesRead: 0,
    positionsRead: 0,
    pagesShared: 0,
    healed: 0,
    resets: 0,
    redelivered: 0,
    deadLetters: 0,
    paused: 0,
    dropped: 0,
    conflated: 0,
    slowConsumers: 0,
    errors: 0,
  };
}
