export type { Backoff } from './backoff.ts';
export type { Channel, HistoryOptions, Presence } from './channel.ts';
export { createClient } from './client.ts';
export type { Client, ClientStats } from './client.ts';
export type { Env } from './env.ts';
export { ThrumError } from './errors.ts';
export type { ThrumErrorCode } from './errors.ts';
export { pageLifecycle } from './lifecycle.ts';
export type { Lifecycle, LifecycleEvent, Scope } from './lifecycle.ts';
export type { Persist, PersistedClient } from './persisted.ts';
export type { CodecName, SocketConstructor, SocketLike, TransportName } from './socket-like.ts';
export type { DroppedPublish, Published, QueueBounds } from './publish.ts';
export type { CallOptions, PublishOptions, WaitOptions } from './parts.ts';
export type { ClientOptions, HttpOptions, Token } from './settings.ts';
export type { ConnectionView, State, StateInfo, StateListener } from './state.ts';
export type { ChannelOptions, Status, StatusType } from './subscription.ts';
export type {
  ChannelEvents,
  ChannelName,
  EventInput,
  EventName,
  EventSchemas,
  HistoryPage,
  MethodName,
  MethodParams,
  MethodResult,
  PublicationOf,
} from './types.ts';
export type {
  Contract,
  ContractOf,
  Member,
  Position,
  PresenceMeta,
  PresenceResult,
  Publication,
  Since,
} from '@thrum/protocol';
