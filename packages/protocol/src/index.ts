export { closeCodes, heartbeatClose, mayReconnect, terminalReasons, tokenReasons } from './closes.ts';
export { errorCodes, errorInfo } from './codes.ts';
export type { CloseInfo, ErrorCode, ErrorCodeInfo } from './codes.ts';
export { jsonCodec } from './codec.ts';
export type { Codec, OutgoingFrame } from './codec.ts';
export type {
  ChannelContract,
  Contract,
  ContractOf,
  EventsFor,
  InputOf,
  MethodContract,
  NamesOf,
  OutputOf,
  ParamsOf,
  PatternFor,
  Schema,
  SchemaIssue,
  SchemaResult,
} from './contract.ts';
export { toPublicationFrame } from './frames.ts';
export type {
  AckedFrame,
  AckFrame,
  AuthFrame,
  AuthSuccessFrame,
  BehindFrame,
  CallFrame,
  ClientFrame,
  ErrorFrame,
  FrameId,
  HistoryFrame,
  HistoryResult,
  JoinedFrame,
  LeftFrame,
  Member,
  MessageFrame,
  PingFrame,
  PongFrame,
  PresenceFrame,
  PresenceListFrame,
  PresenceMeta,
  PresenceResult,
  Publication,
  PublicationFrame,
  ReconnectFrame,
  ResultFrame,
  ServerFrame,
  SubscribedFrame,
  SubscribeFrame,
  UnsubscribedFrame,
  UnsubscribeFrame,
  WelcomeFrame,
  WelcomeLimits,
} from './frames.ts';
export { isClientType, isFrameError, isFrameId, readClientFrame, readEnvelope } from './guards.ts';
export type { Envelope, FrameError, RawFrame } from './guards.ts';
export { jsonError } from './json.ts';
export { defaultLimits } from './limits.ts';
export type { Limits } from './limits.ts';
export { channelNameError, eventNameError, reservedEvents, reservedPrefix, utf8Length } from './names.ts';
export { isOffset, isPosition, isSince } from './position.ts';
export type { Position, Since } from './position.ts';
export { intervalOf, leastRate, rateOf } from './rates.ts';
