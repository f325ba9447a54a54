import { backoffDelay } from '../backoff.ts';
import { maxFailures } from '../choice.ts';
import type { Fallback, Upgrade } from '../choice.ts';
import type { Settings } from '../settings.ts';
import type { SocketLike, TransportName } from '../socket-like.ts';
import { openWebSocket, pageUrl } from '../web-socket.ts';
import { receiveEvents, receivePolls } from './downstream.ts';
import { createHttpSocket } from './http-socket.ts';
import { createMemory } from './memory.ts';
import { createRace } from './race.ts';
import type { Race, RaceParts } from './race.ts';

/** Pauses between looks for something better: 1, 2, 4 … 60 minutes ± 25 %. */
const upgradeBackoff = { base: 60_000, max: 3_600_000, jitter: 0.25 };
const known: readonly TransportName[] = ['websocket', 'sse', 'longpoll'];
/** Milliseconds after which a better connection asks again whether it may be used. */
const busyPause = 250;

/** Throws what no retry will cure. */
const dial = (settings: Settings, name: TransportName): SocketLike => {
  if (name === 'websocket') return openWebSocket(settings);
  const open = (): SocketLike =>
    name === 'sse'
      ? createHttpSocket(settings, receiveEvents, true)
      : createHttpSocket(settings, receivePolls, false);
  const { wrap } = settings.http ?? {};
  return wrap ? wrap(open, name) : open();
};

/** Those that can carry this client's frames. Throws for settings that make no sense. */
const usable = ({ transports, http, url }: Settings): readonly TransportName[] => {
  pageUrl(http?.url ?? url);
  const names = transports.filter((name) => known.includes(name));
  if (names.length > 0 && transports.every((name) => known.includes(name))) return names;
  throw new TypeError(`transports: expected some of ${known.join()}, got ${transports.join()}`);
};

/**
 * Chooses among the transports for one client. The core entry loads it when it needs it; `import()` it before, where that
 * may be too late.
 *
 * @param isGood a WebSocket has got through on this page
 */
export const createFallback = (settings: Settings, upgrade: Upgrade, isGood: boolean): Fallback => {
  const { env, lifecycle } = settings;
  const memory = createMemory(settings);
  // What has got through.
  let trusted: TransportName | undefined = isGood ? 'websocket' : undefined;
  // Where it did; among others, another one may.
  let among = settings.transports.join();
  // Attempts in a row by what is trusted alone, and looks for something better.
  let failures = 0;
  let looks = 0;
  let stopLooking = (): void => {};

  const startRace = (parts: Omit<RaceParts, 'env' | 'dial'>): Race =>
    createRace({ ...parts, env, dial: (name) => dial(settings, name) });

  /** While this one is in use, looks now and then whether a better one gets through by now. */
  const look = (names: readonly TransportName[]): void => {
    let found: Race | undefined;
    // From then on the better one is the connection's to close, and its end no failure to find one.
    let isTaken = false;
    const failed = (): void => {
      if (isTaken) return;
      stopLooking();
      memory.write(trusted);
      look(names);
    };
    const offer = (better: Race): void => {
      stop();
      isTaken = true;
      isTaken = upgrade(better);
      if (!isTaken) stop = env.timer(busyPause, () => offer(better));
    };
    let stop = env.timer(backoffDelay({ backoff: upgradeBackoff, env }, looks++), () => {
      if (!settings.background && !lifecycle.active()) return look(names);
      stop = env.timer(settings.connectTimeout, failed);
      found = startRace({ names, won: offer, close: failed });
    });
    stopLooking = () => {
      stop();
      if (!isTaken) found?.close();
    };
  };

  const use = ({ transport }: Race): void => {
    const { transports } = settings;
    const better = transports.slice(0, transports.indexOf(transport as TransportName));
    trusted = transport;
    among = transports.join();
    failures = 0;
    if (better.length > 0) look(better);
    else looks = 0;
    memory.write(better.length > 0 ? trusted : undefined);
  };

  /** Those to be dialed next, in this order. */
  const choose = (names: readonly TransportName[], started: unknown): readonly TransportName[] => {
    // What is down is dialed as it got through, and now and then in every way.
    failures = started || failures === maxFailures ? 0 : failures + 1;
    const isKnown = among === settings.transports.join() && names.includes(trusted as TransportName);
    if (failures > 0 && isKnown) return [trusted as TransportName];
    const needed = memory.read();
    return names
      .filter((name) => !started || name !== 'websocket')
      .sort((a, b) => Number(b === needed) - Number(a === needed));
  };

  return {
    dial: (listener, given) => {
      const names = usable(settings);
      const { close } = listener;
      let race: Race;
      if (given && 'listen' in given && given.readyState === 1) use((race = given as Race));
      else {
        const started = given && !('listen' in given) ? (given as SocketLike) : undefined;
        race = startRace({ names: choose(names, started), started, won: use, close });
      }
      race.listen(listener);
      const left = race.close;
      race.close = (code, reason) => {
        stopLooking();
        left(code, reason);
      };
      return race;
    },
  };
};
