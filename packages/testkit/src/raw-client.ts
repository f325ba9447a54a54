import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Codec } from '@thrum/protocol';
import { WebSocket } from 'ws';
import { defaultDeadline, within } from './deadline.ts';
import { openLongPoll, openSsePost } from './http-sockets.ts';
import { EventQueue } from './queue.ts';
import { type RawSocket, webSocketOf } from './raw-socket.ts';

/** A frame of the server, parsed and not yet believed. */
export type Frame = Readonly<Record<string, unknown>> & { readonly type: string };

/** A frame type, or whether this is the frame. */
export type Match = string | ((frame: Frame) => boolean);

/** How frames travel (PROTOCOL.md §1, §17). */
export type TransportName = 'websocket' | 'sse' | 'longpoll';

export interface RawOptions {
  /** Default `websocket`. */
  readonly transport?: TransportName;
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
  /** What is spoken where the server chose its subprotocol. Default JSON. */
  readonly codec?: Codec | undefined;
}

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** The server answered the handshake with something else than 101. */
export class HandshakeRefused extends Error {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];

  constructor(response: IncomingMessage) {
    super(`the handshake was answered with ${response.statusCode}`);
    this.name = 'HandshakeRefused';
    this.status = response.statusCode ?? 0;
    this.headers = response.headers;
  }
}

/** Opens a connection. Nothing that arrives is lost, not even what comes with the handshake's answer. */
export async function connectRaw(url: string, options: RawOptions = {}): Promise<RawClient> {
  if (options.transport === 'sse') return new RawClient(await openSsePost(url, options));
  if (options.transport === 'longpoll') return new RawClient(await openLongPoll(url, options));
  const { codec, protocols = codec === undefined ? [] : [codec.subprotocol] } = options;
  const socket = new WebSocket(url, [...protocols], {
    headers: { ...options.headers },
    perMessageDeflate: false,
  });
  const client = new RawClient(webSocketOf(socket), codec);
  const refused = once(socket, 'unexpected-response').then(([request, response]) => {
    (request as { destroy(): void }).destroy();
    throw new HandshakeRefused(response as IncomingMessage);
  });
  // Whichever comes first counts; the others may reject later and nobody listens.
  refused.catch(() => {});
  await within(Promise.race([once(socket, 'open'), refused]), () => `the WebSocket to ${url}`);
  return client;
}

/** A client that knows the wire and nothing else, over any transport: no retries, no state, no opinions. */
export class RawClient implements AsyncDisposable {
  readonly frames: EventQueue<Frame> = new EventQueue();
  /** Messages as they came, before parsing; of those in another codec, what JSON makes of their frames. */
  readonly texts: string[] = [];
  readonly #socket: RawSocket;
  readonly #codec: Codec | undefined;
  readonly #pongs: EventQueue<Buffer> = new EventQueue();
  readonly #closed: Promise<Closed>;
  #ids = 0;

  constructor(socket: RawSocket, codec?: Codec) {
    this.#socket = socket;
    this.#codec = codec;
    const { promise, resolve } = Promise.withResolvers<Closed>();
    this.#closed = promise;
    socket.start({
      text: (text) => {
        this.texts.push(text);
        this.frames.push(parsed(text));
      },
      binary: (data) => {
        const frame = decoded(this.#spoken, data);
        this.texts.push(frame === undefined ? data.toString('utf8') : JSON.stringify(frame));
        this.frames.push(frame ?? { type: '(binary)', bytes: data.toString('hex') });
      },
      pong: (payload) => this.#pongs.push(payload),
      closed: (code, reason) => {
        const error = new Error(`the connection was closed with ${code} ${reason}`);
        this.frames.end(error);
        this.#pongs.end(error);
        resolve({ code, reason });
      },
    });
  }

  /** The subprotocol that the server chose. */
  get protocol(): string {
    return this.#socket.protocol;
  }

  /**
   * An object travels as a frame of the codec, bytes as a binary message, a string as the text it is. In another codec than
   * JSON a text that says no more than its value travels as that value; one about JSON's own spelling stays text.
   */
  send(message: object | string | Uint8Array): void {
    const { encode } = this.#spoken ?? { encode: JSON.stringify };
    if (message instanceof Uint8Array) this.#socket.send(message);
    else if (typeof message === 'string') this.#socket.send(encodedText(this.#spoken, message) ?? message);
    else this.#socket.send(encode(message));
  }

  get #spoken(): Codec | undefined {
    return this.protocol === this.#codec?.subprotocol ? this.#codec : undefined;
  }

  /** Takes the first frame that matches; frames before it stay for others. */
  next(match: Match, deadline?: number): Promise<Frame> {
    const name = typeof match === 'string' ? `a frame of type ${match}` : `a frame with ${match.toString()}`;
    return this.frames.next(predicate(match), () => name, deadline);
  }

  /** The very next frame, whatever it is. */
  take(deadline?: number): Promise<Frame> {
    return this.frames.next(
      () => true,
      () => 'a frame',
      deadline,
    );
  }

  /** Sends a frame with an id of its own and takes the frame that answers it. */
  ask(frame: object, deadline?: number): Promise<Frame> {
    this.#ids += 1;
    const id = 'id' in frame ? frame.id : `ask-${this.#ids}`;
    this.send({ ...frame, id });
    return this.frames.next(
      (answer) => answer['id'] === id && !isPublication(answer),
      () => `the answer to ${JSON.stringify(frame).slice(0, 200)}`,
      deadline,
    );
  }

  /**
   * Fails when a matching frame has arrived that nobody took. Instead of sleeping it asks for one answer more: by then
   * everything that the server had sent before has arrived. `ping` is answered at once, other frames in their turn.
   */
  async expectNothing(match: Match = () => true, barrier: object = { type: 'ping' }): Promise<void> {
    await this.ask(barrier);
    const found = this.frames.waiting(predicate(match));
    if (found.length > 0)
      throw new Error(`expected no such frame, got ${JSON.stringify(found).slice(0, 1000)}`);
  }

  /** A ping of the WebSocket protocol; resolves with the payload of the pong. */
  async ping(payload: Uint8Array = new Uint8Array()): Promise<Buffer> {
    this.#socket.ping(payload);
    return this.#pongs.next(
      () => true,
      () => 'a pong',
    );
  }

  close(code: number = 1000, reason: string = ''): Promise<Closed> {
    this.#socket.close(code, reason);
    return this.closed();
  }

  /** Cuts the connection without a close frame. */
  terminate(): void {
    this.#socket.terminate();
  }

  /** Stops reading: the server's bytes pile up. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  closed(deadline: number = defaultDeadline): Promise<Closed> {
    return within(this.#closed, () => 'the close of the connection', deadline);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
    await this.#closed;
  }
}

function predicate(match: Match): (frame: Frame) => boolean {
  return typeof match === 'string' ? (frame) => frame.type === match : match;
}

function encodedText(codec: Codec | undefined, text: string): string | Uint8Array | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    const isPlain = text.startsWith('{') && JSON.stringify(value) === text;
    return isPlain ? codec?.encode(value as object) : undefined;
  } catch {
    return undefined;
  }
}

function decoded(codec: Codec | undefined, data: Buffer): Frame | undefined {
  try {
    return codec?.decode(data) as Frame | undefined;
  } catch {
    return undefined;
  }
}

/** A hostile server must not take the test down with it. */
function parsed(text: string): Frame {
  try {
    return JSON.parse(text) as Frame;
  } catch {
    return { type: '(not JSON)', text };
  }
}

/** Publications carry their publisher's id, which answers to this client may repeat. */
export function isPublication(frame: Frame): boolean {
  return 'timestamp' in frame && 'channel' in frame;
}
