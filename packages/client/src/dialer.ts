import { helloTimeout, maxFailures, recall } from './choice.ts';
import type { Fallback, Link, Upgrade } from './choice.ts';
import type { Settings } from './settings.ts';
import { hear, lost, openWebSocket } from './web-socket.ts';
import type { SocketClose, SocketListener } from './web-socket.ts';

/**
 * @param given what this attempt has already
 * @param again called when the attempt shall be made again, and better
 */
export type Dial = (listener: SocketListener, given: Link | undefined, again: () => void) => Link | undefined;

/**
 * Dials for one client: by WebSocket alone as long as that gets through, and from then on with the fallback, which is
 * loaded for it. Throws where no retry will help.
 */
export const createDialer = (settings: Settings, upgrade: Upgrade): Dial => {
  let fallback: Fallback | undefined;
  let failures = 0;
  // Before a WebSocket got through, the first failure counts.
  let mayFail = 0;

  return (listener, given, again) => {
    if (fallback) return fallback.dial(listener, given);
    const [first, second] = settings.transports;
    const isPlain = first === 'websocket' && !(second && recall(settings.url));
    const socket = isPlain ? openWebSocket(settings) : undefined;
    let isDoubted = !isPlain || (second && ++failures > mayFail);
    let isGiven = false;
    let stop = (): void => {};

    const fall = ({ code }: SocketClose): void => {
      stop();
      import('./fallback/index.ts')
        .then(({ createFallback }) => {
          fallback ??= createFallback(settings, upgrade, mayFail > 0);
          if (!isDoubted) return;
          isDoubted = false;
          isGiven = true;
          again();
        })
        // Whoever serves the page is gone too. A WebSocket that is only slow may still get through.
        .catch(({ message }: Error) => {
          if (!socket || socket.readyState > 1) listener.close({ code, reason: message });
        });
    };

    if (socket) {
      hear(socket, {
        message: (event) => {
          if (isGiven) return;
          stop();
          isDoubted = false;
          failures = 0;
          mayFail = maxFailures;
          listener.message(event);
        },
        close: (event) => {
          if (isGiven) return;
          stop();
          if (isDoubted) fall(event);
          else listener.close(event);
        },
      });
      if (isDoubted) stop = settings.env.timer(helloTimeout, () => fall(lost));
    } else fall(lost);
    return socket;
  };
};
