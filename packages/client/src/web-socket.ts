import type { Settings } from './settings.ts';
import type { SocketConstructor, SocketLike } from './socket-like.ts';
import { readFields } from './wire.ts';
import type { Frame } from './wire.ts';

/** How a socket ended (PROTOCOL.md §12). */
export type SocketClose = Pick<CloseEvent, 'code' | 'reason'>;

/** What happens on a socket. */
export interface SocketListener {
  readonly message: (event: Pick<MessageEvent, 'data'>) => void;
  readonly close: (event: SocketClose) => void;
}

/** The address, against the page where there is one. Throws for what is none. */
export const pageUrl = (url: string): string =>
  new URL(url, (globalThis as Partial<typeof globalThis>).location?.href).href;

/** Dials. Throws what `URL` and the WebSocket constructor throw: an address that no retry will cure. */
export const openWebSocket = (settings: Settings): SocketLike => {
  const Socket = settings.WebSocket ?? (WebSocket as SocketConstructor);
  return new Socket(pageUrl(settings.url).replace(/^http/, 'ws'));
};

export const hear = (socket: SocketLike, { message, close }: SocketListener): void => {
  socket.addEventListener('message', message as (event: unknown) => void);
  socket.addEventListener('close', close as (event: unknown) => void);
  // Says nothing that the close after it does not; without a listener the `ws` package would throw.
  socket.addEventListener('error', () => {});
};

/** The frame in a message, JSON or decoded already, or `undefined` where there is none. */
export const readFrame = (data: unknown): Frame | undefined => {
  try {
    const frame = readFields(typeof data === 'string' ? JSON.parse(data) : data);
    return frame.type ? (frame as Frame) : undefined;
  } catch {
    return undefined;
  }
};
