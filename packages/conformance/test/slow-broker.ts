import type { Broker } from '@thrum/core';
import { createMemoryBroker } from 'thrum';

/**
 * A memory broker on a slow disk: what is read was true some milliseconds ago, and an append is answered later than it is
 * notified. Races that a fast log hides (PROTOCOL.md §14) happen all the time here.
 */
export function createSlowBroker(): Broker {
  const inner = createMemoryBroker();
  let calls = 0;
  // Not random, so that every run is alike; uneven, so that answers overtake nothing and meet everything.
  const pause = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, (calls += 1) % 7));
  return {
    durable: false,
    publish: async (channel, draft, options) => {
      const outcome = await inner.publish(channel, draft, options);
      await pause();
      return outcome;
    },
    read: async (channel, options) => {
      const page = await inner.read(channel, options);
      await pause();
      return page;
    },
    subscribe: async (channel, deliver) => {
      await pause();
      return inner.subscribe(channel, deliver);
    },
    close: () => inner.close(),
  };
}
