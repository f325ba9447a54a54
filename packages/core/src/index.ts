export type {
  Action,
  Authorize,
  AuthorizeRequest,
  ChannelDefinition,
  Conflate,
  Events,
  KeyOf,
  SlowPolicy,
  Tier,
  User,
} from './channel/definition.ts';
export type {
  Authentication,
  ChannelInfo,
  ConnectionInfo,
  Core,
  CoreOptions,
  CoreStats,
  Handshake,
  HistoryQuery,
  PublishRequestOptions,
  PublishResult,
} from './core-api.ts';
export { createCore } from './core.ts';
export { toMilliseconds } from './duration.ts';
export type { Duration } from './duration.ts';
export { reject, ThrumError } from './errors.ts';
export type { Feature, FeatureContext, FeatureFrame } from './feature.ts';
export type {
  ChannelEvent,
  ConnectionEvent,
  DeadLetter,
  Hooks,
  IncomingMessage,
  MemberEvent,
  OccupancyEvent,
  SlowReader,
  UserEvent,
} from './hooks.ts';
export { Recorder } from './histogram.ts';
export type { Histogram } from './histogram.ts';
export { idempotent } from './idempotent.ts';
export type { IdempotentOptions } from './idempotent.ts';
export { createMemoryBroker } from './memory/broker.ts';
export { createMemoryStore } from './memory/store.ts';
export type { CallContext, MethodDefinition } from './methods.ts';
export type { Auth, Identity } from './ports/auth.ts';
export type {
  Broker,
  BrokerFailure,
  BrokerStats,
  Deliver,
  Draft,
  Idempotency,
  LogPage,
  PublishOptions,
  PublishOutcome,
  ReadOptions,
  Retention,
} from './ports/broker.ts';
export type { Cancel, Env } from './ports/env.ts';
export type { Log, LogFields } from './ports/log.ts';
export type { Metrics } from './ports/metrics.ts';
export type { PutOptions, Store, StoreRecord } from './ports/store.ts';
export type { FrameCodec, Session, Transport, WireForm } from './ports/transport.ts';
export { nearest, refuseUnknown } from './suggest.ts';
export { Trouble } from './trouble.ts';
export type { TroubleParts } from './trouble.ts';
export type { MaybePromise } from './types.ts';
