/** The server's limits, each an option (PROTOCOL.md §13). Units are in the names; the rest are counts. */
export interface Limits {
  readonly messageBytes: number;
  readonly fragments: number;
  readonly frameSeconds: number;
  readonly outboxBytes: number;
  readonly outboxFrames: number;
  readonly inboxFrames: number;
  readonly inboxBytes: number;
  readonly authSeconds: number;
  readonly pingSeconds: number;
  readonly deadSeconds: number;
  readonly channels: number;
  readonly connections: number;
  readonly historyPage: number;
  readonly recentBytes: number;
  readonly rate: number;
  readonly abuseFactor: number;
  readonly presenceStateBytes: number;
  readonly presenceGraceSeconds: number;
  readonly dataDepth: number;
  readonly drainSeconds: number;
  readonly validateSeconds: number;
  readonly positionCheckSeconds: number;
  readonly redeliverySeconds: number;
  readonly redeliveries: number;
  readonly ackWindow: number;
  readonly cursorSeconds: number;
  readonly conflateKeys: number;
}

export const defaultLimits: Limits = {
  messageBytes: 65_536,
  fragments: 64,
  frameSeconds: 10,
  outboxBytes: 1_048_576,
  outboxFrames: 16_384,
  inboxFrames: 256,
  inboxBytes: 1_048_576,
  authSeconds: 5,
  pingSeconds: 30,
  deadSeconds: 35,
  channels: 100,
  connections: 10_000,
  historyPage: 300,
  recentBytes: 33_554_432,
  rate: 50,
  abuseFactor: 50,
  presenceStateBytes: 1024,
  presenceGraceSeconds: 5,
  dataDepth: 32,
  drainSeconds: 30,
  validateSeconds: 300,
  positionCheckSeconds: 30,
  redeliverySeconds: 5,
  redeliveries: 3,
  ackWindow: 256,
  cursorSeconds: 2_592_000,
  conflateKeys: 1000,
};
