/** The channels that everybody uses, one of each tier, and one whose worker confirms what it has done. */
export const channels = {
  durable: 'durable:a',
  recoverable: 'recoverable:a',
  ephemeral: 'ephemeral:a',
  work: 'work:a',
  /** Filled once and then left alone: what a clock does to it is the clock's doing. */
  still: 'still:a',
} as const;

export const keptChannels: readonly string[] = [
  channels.durable,
  channels.recoverable,
  channels.work,
  channels.still,
];

/** Short ones, so that a fault that lasts longer than any of them fits into seconds. */
export const limits = {
  rate: 2000,
  outboxBytes: 262_144,
  pingSeconds: 1,
  deadSeconds: 2,
  presenceGraceSeconds: 1,
  positionCheckSeconds: 1,
  redeliverySeconds: 1,
  drainSeconds: 2,
} as const;

/** Heap and buffers of a server that has nothing to hide: its code, and every outbox full. */
export const heapCap = 200 * 1024 * 1024;
