import type { Client } from '@thrum/client';
import { createTyping, type TypingChannel } from '@thrum/typing/client';
import type { Readable } from './store.ts';

/** Who is typing in a room, and how to say that one is oneself. The only place that knows `@thrum/typing`. */
export interface TypingSource {
  readonly users: Readable<readonly string[]>;
  start(): void;
  stop(): void;
  dispose(): void;
}

export function openTyping(channel: TypingChannel, client: Client): TypingSource {
  const indicator = createTyping(channel, client);
  return {
    users: { get: () => indicator.users, subscribe: (listener) => indicator.onChange(() => listener()) },
    start: () => indicator.start(),
    stop: () => indicator.stop(),
    dispose: () => indicator.dispose(),
  };
}

/** “Ada is typing”, “Ada and Finn are typing”, “3 people are typing”; empty when nobody is. */
export function typingSentence(names: readonly string[]): string {
  const [first, second] = names;
  if (first === undefined) return '';
  if (second === undefined) return `${first} is typing`;
  return names.length === 2 ? `${first} and ${second} are typing` : `${names.length} people are typing`;
}
