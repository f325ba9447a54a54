import type { SocketLike, TransportName } from './socket-like.ts';
import type { SocketListener } from './web-socket.ts';

/** A connection, or the attempt at one: a WebSocket, or whatever the fallback has found in its place. */
export interface Link extends Pick<SocketLike, 'readyState' | 'send' | 'close'> {
  /** To be read once the server has spoken. Default `websocket`. */
  readonly transport?: TransportName | undefined;
}

/** Goes on over `link`, on which the server has spoken. False: not now. */
export type Upgrade = (link: Link) => boolean;

/** What dials for one client where WebSocket alone does not get through. */
export interface Fallback {
  /** @param given a WebSocket that has not spoken yet, or the link of an {@link Upgrade} */
  dial(listener: SocketListener, given: Link | undefined): Link;
}

/** Milliseconds that a transport has for the server's first frame before the next one is tried beside it. */
export const helloTimeout = 3000;
/** Attempts that may fail before what did get through is doubted: more often it is the server that is down. */
export const maxFailures = 2;

export const memoryKey = (url: string): string => `thrum:transport:${url}`;

/** What an earlier page found out, where that is kept: the transport, and until when. */
export const recall = (url: string): string | null | undefined => {
  try {
    // Not the global of that name: Node has one, which warns.
    return window.localStorage.getItem(memoryKey(url));
  } catch {
    return undefined;
  }
};
