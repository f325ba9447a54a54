import { createContext, useCallback, useContext, useSyncExternalStore } from 'react';
import type { Playground } from '../lib/playground.ts';
import type { Readable } from '../lib/store.ts';

export const PlaygroundContext = createContext<Playground | undefined>(undefined);

export function usePlayground(): Playground {
  const playground = useContext(PlaygroundContext);
  if (playground === undefined) throw new Error('usePlayground needs a PlaygroundContext above it');
  return playground;
}

export function useReadable<T>(source: Readable<T>): T {
  return useSyncExternalStore(source.subscribe, source.get);
}

export function useMediaQuery(query: string): boolean {
  const subscribe = useCallback(
    (listener: () => void) => {
      const list = matchMedia(query);
      list.addEventListener('change', listener);
      return () => list.removeEventListener('change', listener);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => matchMedia(query).matches);
}

const tick = 250;

/** The time, refreshed often enough for a countdown in seconds; stands still while `running` is false. */
export function useNow(running: boolean): number {
  const subscribe = useCallback(
    (listener: () => void) => {
      if (!running) return () => {};
      const timer = setInterval(listener, tick);
      return () => clearInterval(timer);
    },
    [running],
  );
  // Whole ticks: two reads in one render are the same value.
  return useSyncExternalStore(subscribe, () => Math.floor(Date.now() / tick)) * tick;
}

/** Who this window is for the server: what the connection says, else what the token said. */
export function useSelf(): string | undefined {
  const { connection, identity } = usePlayground();
  const connected = useReadable(connection.view);
  const { userId } = useReadable(identity.current);
  return connected.userId ?? userId;
}
