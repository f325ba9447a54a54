import type { SocketConstructor, SocketLike } from '../socket-like.ts';
import { joinPages } from './page.ts';
import type { Page } from './page.ts';

export interface SharedWebSocketOptions {
  /** Whose pages these are: the id by which the server will know their user. Only pages of one user share. */
  readonly user: string;
  /** What the connection is made with. Default `globalThis.WebSocket`, looked up when dialing. */
  readonly WebSocket?: SocketConstructor | undefined;
}

/**
 * One connection for all pages of this origin that have one user and one URL: `createClient(url, { WebSocket:
 * sharedWebSocket({ user }) })`. One page has it for all; when that page ends or freezes, another one connects, and all go on
 * from their positions. Where the browser has no Web Locks or no BroadcastChannel, and with a binary codec, each page
 * connects by itself.
 */
export const sharedWebSocket = ({ user, WebSocket: given }: SharedWebSocketOptions): SocketConstructor => {
  const pages = new Map<string, Page>();

  const open = (url: string, protocols: string | string[] = []): SocketLike => {
    const dial = (): SocketLike => new (given ?? (WebSocket as SocketConstructor))(url, protocols);
    const { navigator, BroadcastChannel, origin } = globalThis as Partial<typeof globalThis>;
    // A page without an origin of its own may not ask for locks, and Node has none at all.
    const mayShare = navigator?.locks && BroadcastChannel && origin && origin !== 'null';
    if (!mayShare || protocols.length > 0) return dial();
    const page = pages.get(url) ?? joinPages(`thrum:${user}:${url}`, dial, () => pages.delete(url));
    pages.set(url, page);
    return page.open();
  };
  // Called with `new`, like the class that it stands for; an arrow function could not be.
  return function (url: string, protocols?: string | string[]) {
    return open(url, protocols);
  } as unknown as SocketConstructor;
};
