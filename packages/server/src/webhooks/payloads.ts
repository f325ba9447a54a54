import type { Action } from '@thrum/core';

export const webhookQuestions = ['connect', 'validate', 'subscribe', 'publish'] as const;

/** What a backend can be asked. */
export type WebhookQuestion = (typeof webhookQuestions)[number];

export const webhookEventTypes = [
  'channel.occupied',
  'channel.vacated',
  'user.online',
  'user.offline',
  'connection.opened',
  'connection.closed',
  'member.joined',
  'member.left',
] as const;

/** What a backend can be told. `node.started` is told whenever anything is. */
export type WebhookEventType = (typeof webhookEventTypes)[number];

/** A user in a question: what authentication said of them. */
export interface WebhookUser {
  readonly id: string;
  readonly anonymous: boolean;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** The `data` of each question. */
export interface WebhookQuestionData {
  /** May whoever has this token come in, and who is it? */
  readonly connect: { readonly token: string };
  /** Is this session still good? */
  readonly validate: { readonly user: WebhookUser };
  /** May this user read the channel? `action` says how. */
  readonly subscribe: {
    readonly action: Exclude<Action, 'publish'>;
    readonly user: WebhookUser;
    readonly channel: string;
    readonly params: Readonly<Record<string, string>>;
  };
  readonly publish: {
    readonly user: WebhookUser;
    readonly channel: string;
    readonly params: Readonly<Record<string, string>>;
    readonly event: string;
  };
}

/** What happened. `timestamp` is ISO 8601. */
export type WebhookEvent = { readonly timestamp: string } & (
  | { readonly type: 'node.started' }
  | { readonly type: 'channel.occupied' | 'channel.vacated'; readonly channel: string }
  | { readonly type: 'user.online' | 'user.offline'; readonly userId: string }
  | {
      readonly type: 'connection.opened';
      readonly connectionId: string;
      readonly userId: string;
      readonly anonymous: boolean;
    }
  | {
      readonly type: 'connection.closed';
      readonly connectionId: string;
      readonly userId: string;
      readonly anonymous: boolean;
      readonly code: number;
      readonly reason: string;
    }
  | { readonly type: 'member.joined' | 'member.left'; readonly channel: string; readonly userId: string }
);

/** The `data` of a batch of events. */
export interface WebhookEvents {
  /** The option `node`, where it is set. */
  readonly node?: string;
  /** How many events were given up since the last batch that said so, and will never come. */
  readonly dropped: number;
  /** In the order in which they happened. */
  readonly events: readonly WebhookEvent[];
}

/** The body of a request to a backend. */
export type WebhookRequest =
  | {
      readonly [Q in WebhookQuestion]: {
        readonly type: Q;
        readonly timestamp: string;
        readonly data: WebhookQuestionData[Q];
      };
    }[WebhookQuestion]
  | { readonly type: 'events'; readonly timestamp: string; readonly data: WebhookEvents };
