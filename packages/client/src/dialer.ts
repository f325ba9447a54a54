import { helloTimeout, maxFailures, recall } from './choice.ts';
import type { Fallback, Link, Upgrade } from './choice.ts';
import type { Settings } from './settings.ts';
import { hear, openWebSocket } from './web-socket.ts';
import type { SocketListener } from './web-socket.ts';

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
    const socket =
      first === 'websocket' && !(second && recall(settings.url)) ? openWebSocket(settings) : undefined;
    let isDoubted = !socket || (second && ++failures > mayFail);
    // Until the fallback has it.
    let isMine = true;
    let stop = (): void => {};

    const fall = (): void => {
      import('./fallback/index.ts').then(
        ({ createFallback }) => {
          fallback ??= createFallback(settings, upgrade, mayFail > 0);
          if (!isDoubted) return;
          isDoubted = isMine = false;
          again();
        },
        ({ message }: Error) => {
          // Whoever serves the page is gone too. A WebSocket that is only slow may still get through.
          if (!socket || socket.readyState > 1) listener.close({ code: 1006, reason: message });
        },
      );
    };

    if (socket) {
      hear(socket, {
        message: (event) => {
          stop();
          if (!isMine) return;
          isDoubted = false;
          failures = 0;
          mayFail = maxFailures;
          listener.message(event);
        },
        close: (event) => {
          stop();
          // Another code is the server's own word.
          if (isDoubted && event.code === 1006) fall();
          else if (isMine) listener.close(event);
        },
      });
      if (isDoubted) stop = settings.env.timer(helloTimeout, fall);
    } else fall();
    return socket;
  };
};
