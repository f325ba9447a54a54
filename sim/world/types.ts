export type {
  Broker,
  Deliver,
  Draft,
  LogPage,
  MaybePromise,
  PublishOptions,
  PublishOutcome,
  ReadOptions,
} from '@thrum/core';
export type { Publication } from '@thrum/protocol';
