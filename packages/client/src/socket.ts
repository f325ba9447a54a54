import type { ClientCodec, Settings } from './settings.ts';
import type { Encoded, SocketConstructor, SocketLike } from './socket-like.ts';
import { readFields } from './wire.ts';
import type { Frame } from './wire.ts';

/** Dials. Throws what `URL` and the WebSocket constructor throw: an address that no retry will cure. */
export const openSocket = (
  settings: Settings,
  onMessage: (event: MessageEvent) => void,
  onClose: (event: CloseEvent) => void,
): SocketLike => {
  const { location } = globalThis as Partial<typeof globalThis>;
  const url = new URL(settings.url, location?.href).href.replace(/^http/, 'ws');
  const Socket = settings.WebSocket ?? (WebSocket as SocketConstructor);
  const socket = new Socket(url, settings.codec.subprotocol ?? []);
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('message', onMessage as (event: unknown) => void);
  socket.addEventListener('close', onClose as (event: unknown) => void);
  // Says nothing that the close after it does not; without a listener the `ws` package would throw.
  socket.addEventListener('error', () => {});
  return socket;
};

/** The frame in a message, or `undefined` where there is none. */
export const readFrame = (codec: ClientCodec, data: unknown): Frame | undefined => {
  try {
    const frame = readFields(
      codec.decode(data instanceof ArrayBuffer ? new Uint8Array(data) : (data as Encoded)),
    );
    return frame.type ? (frame as Frame) : undefined;
  } catch {
    return undefined;
  }
};
