import type { Publication } from '@thrum/protocol';
import { type TypingFrame, typingEvent, typingRepeat, typingTimeout } from '../messages.ts';

/** The part of the SDK's channel that is used here. */
export interface TypingChannel {
  readonly name: string;
  onAny(listener: (publication: Publication) => void): () => void;
}

/** The part of the SDK's client that is used here. */
export interface TypingClient {
  readonly userId: string | undefined;
  send(frame: TypingFrame): boolean;
}

export interface TypingOptions {
  /** Runs once after `ms` milliseconds; returns what cancels it. Default `setTimeout`. For simulations and tests. */
  readonly timer?: (ms: number, run: () => void) => () => void;
}

/** Who types in one channel, and how to say that one is typing oneself. */
export interface TypingIndicator {
  /** The user ids of the others who are typing; the same array until it changes. */
  readonly users: readonly string[];
  onChange(listener: (users: readonly string[]) => void): () => void;
  /** Call it on every keystroke: at most one frame in 2.5 seconds leaves. */
  start(): void;
  /** Call it when the text was sent or cleared. */
  stop(): void;
  /** Ends the listening; harmless twice. */
  dispose(): void;
}

/**
 * Watches and sends typing indicators in a channel of a server that has the `typing()` feature.
 *
 * @example const typing = createTyping(client.channel('chat:lobby'), client)
 */
export function createTyping(
  channel: TypingChannel,
  client: TypingClient,
  { timer = defaultTimer }: TypingOptions = {},
): TypingIndicator {
  return new Indicator(channel, client, timer);
}

class Indicator implements TypingIndicator {
  users: readonly string[] = [];
  private readonly channel: TypingChannel;
  private readonly client: TypingClient;
  private readonly timer: NonNullable<TypingOptions['timer']>;
  private readonly listeners = new Set<(users: readonly string[]) => void>();
  private readonly typists = new Map<string, () => void>();
  private readonly unlisten: () => void;
  /** The server may still believe that we type. */
  private typing = false;
  /** Set while a repeated `start` would change nothing for the others. */
  private resting: (() => void) | undefined;

  constructor(channel: TypingChannel, client: TypingClient, timer: NonNullable<TypingOptions['timer']>) {
    this.channel = channel;
    this.client = client;
    this.timer = timer;
    this.unlisten = channel.onAny((publication) => this.receive(publication));
  }

  onChange(listener: (users: readonly string[]) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  start(): void {
    if (this.resting !== undefined) return;
    if (!this.client.send({ type: 'typing', channel: this.channel.name, active: true })) return;
    this.typing = true;
    this.resting = this.timer(typingRepeat, () => {
      this.resting = undefined;
    });
  }

  stop(): void {
    if (!this.typing) return;
    this.typing = false;
    this.resting?.();
    this.resting = undefined;
    this.client.send({ type: 'typing', channel: this.channel.name, active: false });
  }

  dispose(): void {
    this.stop();
    this.unlisten();
    for (const cancel of this.typists.values()) cancel();
    this.typists.clear();
    this.listeners.clear();
  }

  private receive({ event, data, from }: Publication): void {
    if (from === undefined || from === this.client.userId) return;
    // A message from somebody says that they have stopped, sooner than any frame could.
    if (event !== typingEvent) {
      this.set(from, false);
      return;
    }
    const active = typeof data === 'object' && data !== null && 'active' in data && data.active === true;
    this.set(from, active);
  }

  private set(userId: string, active: boolean): void {
    const known = this.typists.get(userId);
    if (known === undefined && !active) return;
    known?.();
    if (active) {
      // Their own next frame comes well before; one that is lost must not leave them typing for ever.
      const cancel = this.timer(typingTimeout + typingRepeat, () => this.set(userId, false));
      this.typists.set(userId, cancel);
      if (known !== undefined) return;
    } else this.typists.delete(userId);
    this.users = [...this.typists.keys()];
    for (const listener of this.listeners) listener(this.users);
  }
}

function defaultTimer(ms: number, run: () => void): () => void {
  const id = setTimeout(run, ms);
  return () => clearTimeout(id);
}
