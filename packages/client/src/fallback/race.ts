import { helloTimeout } from '../choice.ts';
import type { Link } from '../choice.ts';
import type { Env } from '../env.ts';
import type { SocketLike, TransportName } from '../socket-like.ts';
import { hear } from '../web-socket.ts';
import type { SocketListener } from '../web-socket.ts';
import { lost } from './wire.ts';

/** Several transports on one start: what speaks first is used, and the others are closed. */
export interface Race extends Link {
  readonly readyState: number;
  close: Link['close'];
  /** Tells this listener from now on, and first of the frames that came before. */
  listen(listener: SocketListener): void;
}

export interface RaceParts {
  readonly env: Env;
  readonly dial: (name: TransportName) => SocketLike;
  /** In the order in which they are dialed. */
  readonly names: readonly TransportName[];
  /** A WebSocket that is in the race already. */
  readonly started?: SocketLike | undefined;
  /** The first frame is there. */
  won(race: Race): void;
  /** All have failed, or the winner has ended. */
  readonly close: SocketListener['close'];
}

/** Dials the next one whenever one fails or has not spoken in time; that one stays in the race. */
export const createRace = ({ env, dial, names, started, won, close }: RaceParts): Race => {
  const running = new Set<SocketLike>();
  const early: Parameters<SocketListener['message']>[0][] = [];
  const left = [...names];
  let listener: Pick<SocketListener, 'close'> & Partial<SocketListener> = { close };
  let winner: SocketLike | undefined;
  let isOver = false;
  let stop = (): void => {};

  const next = (): void => {
    stop();
    const name = left.shift();
    if (name) {
      stop = env.timer(helloTimeout, next);
      try {
        enter(dial(name), name);
      } catch {
        // No such thing here, or the page's policy forbids it.
        next();
      }
    } else if (running.size === 0) listener.close(lost);
  };

  const win = (socket: SocketLike, name: TransportName): void => {
    winner = socket;
    race.transport = name;
    stop();
    running.forEach((each) => each === socket || each.close());
  };

  const enter = (socket: SocketLike, name: TransportName): void => {
    running.add(socket);
    hear(socket, {
      message: (event) => {
        if (isOver || (winner ?? socket) !== socket) return;
        if (!winner) {
          win(socket, name);
          won(race);
        }
        if (listener.message) listener.message(event);
        else early.push(event);
      },
      close: (event) => {
        running.delete(socket);
        if (isOver || (winner ?? socket) !== socket) return;
        // Any other code is the server's own word, which got through.
        if (!winner && event.code === lost.code) next();
        else {
          win(socket, name);
          listener.close(event);
        }
      },
    });
  };

  const race = {
    transport: undefined as TransportName | undefined,
    get readyState() {
      return winner?.readyState ?? 0;
    },
    send: (data: string | Uint8Array<ArrayBuffer>) => {
      if (race.readyState === 1) winner?.send(data);
    },
    close: (code?: number, reason?: string) => {
      isOver = true;
      stop();
      running.forEach((each) => each.close(code, reason));
    },
    listen: (given: SocketListener) => {
      listener = given;
      early.splice(0).forEach((event) => given.message(event));
    },
  };
  if (started && started.readyState < 2) enter(started, 'websocket');
  next();
  return race;
};
