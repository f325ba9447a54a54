export { idempotent, reject, ThrumError } from '@thrum/core';
export type {
  Action,
  Auth,
  Authorize,
  AuthorizeRequest,
  Broker,
  BrokerFailure,
  BrokerStats,
  CallContext,
  ChannelDefinition,
  ChannelEvent,
  ChannelInfo,
  ConnectionEvent,
  ConnectionInfo,
  CoreStats,
  DeadLetter,
  Duration,
  Env,
  Events,
  Feature,
  FeatureContext,
  FeatureFrame,
  Histogram,
  HistoryQuery,
  Hooks,
  Identity,
  IncomingMessage,
  Log,
  LogFields,
  IdempotentOptions,
  MemberEvent,
  MethodDefinition,
  Metrics,
  OccupancyEvent,
  PublishRequestOptions,
  PublishResult,
  PutOptions,
  Store,
  StoreRecord,
  Tier,
  User,
  UserEvent,
} from '@thrum/core';
export type {
  ErrorCode,
  HistoryResult,
  Limits,
  Member,
  Position,
  Publication,
  Schema,
} from '@thrum/protocol';
export type { UpgradeSource } from './attach.ts';
export { createRedisBroker } from './brokers/redis/broker.ts';
export { RedisBrokerError } from './brokers/redis/errors.ts';
export type { RedisBrokerReason } from './brokers/redis/errors.ts';
export type { RedisBroker, RedisBrokerOptions, RedisBrokerStats } from './brokers/redis/options.ts';
export { createSqliteBroker } from './brokers/sqlite/broker.ts';
export { SqliteBrokerError } from './brokers/sqlite/errors.ts';
export type { SqliteBrokerReason } from './brokers/sqlite/errors.ts';
export type {
  EpochChange,
  SqliteBroker,
  SqliteBrokerOptions,
  SqliteBrokerStats,
} from './brokers/sqlite/options.ts';
export { mintToken } from './auth/mint.ts';
export type { MintOptions } from './auth/mint.ts';
export { createTokenAuth } from './auth/token-auth.ts';
export type { TokenAuthOptions } from './auth/token-auth.ts';
export { channel, method } from './definition.ts';
export type {
  Authenticate,
  Channel,
  DefinitionContract,
  EventsOptions,
  ThrumDefinition,
} from './definition.ts';
export type { TlsOptions } from './http/certificate.ts';
export type { RequestHandler } from './http/routes.ts';
export { createLog } from './node/log.ts';
export type { LogLevel, LogOptions } from './node/log.ts';
export { createMemoryBroker } from './node/memory-broker.ts';
export { createSqliteStore } from './stores/sqlite/store.ts';
export type { SqliteStoreOptions } from './stores/sqlite/store.ts';
export { createThrum } from './thrum.ts';
export type {
  AttachOptions,
  CloseOptions,
  DataOf,
  EventOf,
  Listening,
  ListenOptions,
  Thrum,
} from './thrum-api.ts';
export type { WebhookOptions } from './webhooks/options.ts';
export type {
  WebhookEvent,
  WebhookEvents,
  WebhookEventType,
  WebhookQuestion,
  WebhookQuestionData,
  WebhookRequest,
  WebhookUser,
} from './webhooks/payloads.ts';
export { verifyWebhook, WebhookVerificationError } from './webhooks/verify.ts';
export type { VerifiedWebhook, VerifyWebhookOptions, WebhookHeaders } from './webhooks/verify.ts';
