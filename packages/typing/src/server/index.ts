import {
  type Cancel,
  type Feature,
  type FeatureContext,
  type FeatureFrame,
  ThrumError,
  type User,
} from '@thrum/core';
import { channelNameError } from '@thrum/protocol';
import { type TypingData, typingEvent, typingTimeout } from '../messages.ts';

export type { TypingData, TypingFrame } from '../messages.ts';

interface Typist {
  readonly channel: string;
  readonly user: User;
  readonly cancel: Cancel;
}

/**
 * Typing indicators: the client frame `{"type":"typing","channel","active"?}` becomes a transient event `typing` with
 * `{userId, active}` for everyone in the channel. Only those who have joined the channel and may publish in it are shown.
 * Who falls silent for 5 seconds, leaves or disconnects has stopped; the others are told.
 *
 * @example createThrum({ channels: { 'chat:{room}': {} }, features: [typing()] })
 */
export function typing(): Feature {
  const state = new Typing();
  return {
    name: 'typing',
    frames: { typing: (frame) => state.receive(frame) },
    start: (context) => state.start(context),
    left: ({ connectionId, channel }) => state.stopped(connectionId, channel),
  };
}

class Typing {
  /** By connection and channel. */
  private readonly typists = new Map<string, Typist>();
  private context: FeatureContext | undefined;

  start(context: FeatureContext): () => void {
    this.context = context;
    return () => {
      for (const { cancel } of this.typists.values()) cancel();
      this.typists.clear();
    };
  }

  async receive({ connectionId, user, frame }: FeatureFrame): Promise<void> {
    const { channel, active = true } = frame;
    if (typeof channel !== 'string' || channelNameError(channel) !== undefined) {
      throw new ThrumError('invalid_channel');
    }
    if (typeof active !== 'boolean') {
      throw new ThrumError('invalid_frame', 'Invalid frame: active: expected true or false');
    }
    if (this.context?.isSubscribed(connectionId, channel) !== true) throw new ThrumError('not_subscribed');
    if (!(await this.context.isAllowed(user, 'publish', channel))) {
      throw new ThrumError('access_denied', 'Cannot send to channel');
    }
    // Asking took a moment in which the connection may have left.
    if (!this.context.isSubscribed(connectionId, channel)) return;
    if (active) this.started(connectionId, channel, user);
    else this.stopped(connectionId, channel);
  }

  stopped(connectionId: string, channel: string): void {
    const key = keyOf(connectionId, channel);
    const typist = this.typists.get(key);
    if (typist === undefined) return;
    typist.cancel();
    this.typists.delete(key);
    this.tell(typist, false);
  }

  private started(connectionId: string, channel: string, user: User): void {
    const { context } = this;
    if (context === undefined) return;
    const key = keyOf(connectionId, channel);
    this.typists.get(key)?.cancel();
    const cancel = context.env.timer(typingTimeout, () => this.stopped(connectionId, channel));
    const typist = { channel, user, cancel };
    this.typists.set(key, typist);
    this.tell(typist, true);
  }

  private tell({ channel, user }: Typist, active: boolean): void {
    const data: TypingData = { userId: user.id, active };
    this.context?.signal(channel, typingEvent, data, { from: user.id }).catch((error: unknown) => {
      this.context?.log.warn('a typing event could not be sent', { channel }, error);
    });
  }
}

/** Neither part can hold U+0000. */
function keyOf(connectionId: string, channel: string): string {
  return `${connectionId}\u0000${channel}`;
}
