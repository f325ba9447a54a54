import type { HistoryResult, Member, Position, Publication } from '@thrum/protocol';

/** The part of the SDK's channel that a room uses. */
export interface RoomChannel {
  /** How the subscription stands; another listener may have made it. */
  readonly status: RoomStatus['type'];
  readonly presence: PresenceSource;
  onAny(listener: (publication: Publication) => void): () => void;
  onStatus(listener: (status: RoomStatus) => void): () => void;
  publish(
    event: string,
    data: unknown,
    options: { readonly id: string },
  ): Promise<{ readonly position?: Position | undefined }>;
  history(options: {
    readonly limit: number;
    readonly reverse: boolean;
    readonly since?: Position;
  }): Promise<HistoryResult>;
  dispose(): void;
}

interface PresenceSource {
  readonly members: readonly Member[];
  onChange(listener: (members: readonly Member[]) => void): () => void;
  update(state: unknown): unknown;
}

export interface RoomStatus {
  readonly type: 'subscribing' | 'subscribed' | 'recovered' | 'reset' | 'unsubscribed' | 'error' | 'behind';
  readonly position?: Position | undefined;
  readonly error?: unknown;
  readonly dropped?: number | undefined;
}
