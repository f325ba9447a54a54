import type { Readable } from './store.ts';

/** Who is typing in a room, and how to say that one is oneself. The only place that knows `@thrum/typing`. */
export interface TypingSource {
  readonly users: Readable<readonly string[]>;
  start(): void;
  stop(): void;
  dispose(): void;
}

/** The part of `createTyping`'s answer that is used here. */
export interface TypingHandle {
  readonly users: readonly string[];
  start(): void;
  stop(): void;
  onChange(listener: (users: readonly string[]) => void): () => void;
  dispose(): void;
}

export function typingSource(handle: TypingHandle): TypingSource {
  return {
    users: { get: () => handle.users, subscribe: (listener) => handle.onChange(() => listener()) },
    start: () => handle.start(),
    stop: () => handle.stop(),
    dispose: () => handle.dispose(),
  };
}

/** “Ada is typing”, “Ada and Finn are typing”, “3 people are typing”; empty when nobody is. */
export function typingSentence(names: readonly string[]): string {
  const [first, second] = names;
  if (first === undefined) return '';
  if (second === undefined) return `${first} is typing`;
  return names.length === 2 ? `${first} and ${second} are typing` : `${names.length} people are typing`;
}
