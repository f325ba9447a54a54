import { memoryKey, recall } from '../choice.ts';
import type { Settings } from '../settings.ts';
import type { TransportName } from '../socket-like.ts';

/** Milliseconds for which other pages begin with what this one had to use. */
const memoryTime = 3_600_000;

/** Which transport this network needs, over pages; where there is no storage, over this client's connections. */
export interface Memory {
  read(): TransportName | undefined;
  /** `undefined`: the best one does. */
  write(name: TransportName | undefined): void;
}

export const createMemory = ({ env, url }: Settings): Memory => ({
  read: () => {
    const [name, until] = (recall(url) ?? '').split(' ');
    const left = Number(until) - env.now();
    // A clock that was set back must not make it last.
    return left > 0 && left <= memoryTime ? (name as TransportName) : undefined;
  },
  write: (name) => {
    try {
      const storage = window.localStorage;
      if (name) storage.setItem(memoryKey(url), `${name} ${env.now() + memoryTime}`);
      else storage.removeItem(memoryKey(url));
    } catch {
      // Forbidden, full, or none.
    }
  },
});
