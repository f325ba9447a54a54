import type { Codec } from '@thrum/protocol';
import type { SocketConstructor, SocketLike } from '../socket-like.ts';

type Listener = (event: unknown) => void;

/**
 * A class of sockets that take and give JSON as all do, and carry a codec's bytes where the server chose its subprotocol.
 *
 * @param given what opens them. Default `globalThis.WebSocket`, looked up when dialing.
 */
export const createSocketClass = (codec: Codec, given: SocketConstructor | undefined): SocketConstructor => {
  // A host refuses a connection whose server confirms nothing of what was offered (WHATWG WebSockets, §2): every Thrum server
  // confirms JSON, but something in between may not. So what did not open is followed by an attempt that offers nothing.
  let offers = true;

  return class implements SocketLike {
    binaryType = 'arraybuffer';
    readonly #socket: SocketLike & { readonly protocol?: string };

    constructor(url: string) {
      const Socket = given ?? (WebSocket as SocketConstructor);
      const socket = new Socket(url, offers ? [codec.subprotocol, 'thrum.v1.json'] : []);
      let isOpen = false;
      socket.binaryType = this.binaryType;
      socket.addEventListener('open', () => {
        isOpen = offers = true;
      });
      socket.addEventListener('close', () => {
        if (!isOpen) offers = !offers;
      });
      this.#socket = socket;
    }

    get readyState(): number {
      return this.#socket.readyState;
    }

    send(text: string): void {
      const isSpoken = this.#socket.protocol === codec.subprotocol;
      const encoded = isSpoken ? (codec.encode(JSON.parse(text)) as Uint8Array<ArrayBuffer>) : text;
      // Never more than the text, which is known to be within the server's limit and is understood as well.
      this.#socket.send(encoded.length < text.length ? encoded : text);
    }

    close(code?: number, reason?: string): void {
      this.#socket.close(code, reason);
    }

    addEventListener(type: string, listener: Listener): void {
      this.#socket.addEventListener(type, type === 'message' ? decoding(codec, listener) : listener);
    }
  };
};

/** What is no frame is given on as `undefined`, and counted as such. */
const decoding =
  ({ decode }: Codec, listener: Listener): Listener =>
  (event) => {
    let { data } = event as { data?: unknown };
    try {
      if (typeof data !== 'string') data = decode(new Uint8Array(data as ArrayBuffer));
    } catch {
      data = undefined;
    }
    listener({ data });
  };
