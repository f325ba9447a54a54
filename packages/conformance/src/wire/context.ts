import { randomUUID } from 'node:crypto';
import { defaultLimits, jsonCodec, type Limits } from '@thrum/protocol';
import {
  type ByteClient,
  connectBytes,
  connectEvents,
  connectRaw,
  type EventClient,
  exchange,
  type Frame,
  type HttpResponse,
  openSocket,
  RawClient,
  type RawOptions,
  type UpgradeRequest,
  upgradeRequest,
} from '@thrum/testkit';
import { isPublicationOf, position } from './check.ts';
import { type ChannelKind, wireContract } from './contract.ts';
import type { WireOptions, WireTokens } from './options.ts';

/** What a stream is asked for with. */
export interface EventsRequest {
  readonly user?: string;
  /** More of the query, from its `&` on. */
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What one case works with: connections that end with it, and names that nobody else uses. */
export class WireContext implements AsyncDisposable {
  readonly url: string;
  readonly options: WireOptions;
  readonly limits: Limits;
  readonly #resources = new AsyncDisposableStack();

  constructor(url: string, options: WireOptions) {
    this.url = url;
    this.options = options;
    this.limits = { ...defaultLimits, ...options.limits };
  }

  get tokens(): WireTokens {
    if (this.options.tokens === undefined) throw new Error('this topic needs the option tokens');
    return this.options.tokens;
  }

  /** Bytes of a frame in the codec in use. */
  sizeOf(frame: object): number {
    return Buffer.byteLength((this.options.codec ?? jsonCodec).encode(frame));
  }

  /** A channel of this kind that no other case has touched. */
  channel(kind: ChannelKind = 'open'): string {
    return `${wireContract.channels[kind].prefix}${randomUUID()}`;
  }

  /** A connection of a user, authenticated in the handshake, its `welcome` taken. */
  async connect(user = 'alice'): Promise<RawClient> {
    const token = await this.tokens.valid(user);
    const client = await this.dial({ headers: { Authorization: `Bearer ${token}` } });
    await client.next('welcome');
    return client;
  }

  /** A connection with nothing said and nothing read. */
  async dial(options: RawOptions & { readonly query?: string } = {}): Promise<RawClient> {
    const { transport = 'websocket', codec } = this.options;
    return this.#keep(
      await connectRaw(`${this.url}${options.query ?? ''}`, { transport, codec, ...options }),
    );
  }

  /** A connection of a user made of bytes, its `welcome` taken. */
  async bytes(user = 'alice'): Promise<ByteClient> {
    const token = await this.tokens.valid(user);
    const client = await connectBytes(this.url, { headers: { Authorization: `Bearer ${token}` } });
    this.#keep(client);
    await client.message('welcome');
    return client;
  }

  /** A stream of events of a user, or what is answered instead. */
  async events(
    channels: readonly string[],
    { user = 'alice', query = '', headers = {} }: EventsRequest = {},
  ): Promise<EventClient> {
    const Authorization = `Bearer ${await this.tokens.valid(user)}`;
    const names = channels.map((channel) => `channel=${encodeURIComponent(channel)}`).join('&');
    const url = `${this.httpUrl}/events?${names}${query}`;
    return this.#keep(await connectEvents(url, { headers: { Authorization, ...headers } }));
  }

  /** `http://host:port` of the target. */
  get httpUrl(): string {
    return new URL(this.url.replace(/^ws/u, 'http')).origin;
  }

  /** What the server answers to a handshake. */
  async handshake(request: UpgradeRequest = {}): Promise<HttpResponse> {
    const { host, pathname } = new URL(this.url);
    return this.http(upgradeRequest(host, { path: pathname, ...request }));
  }

  /** What the server answers to these bytes. */
  async http(request: string): Promise<HttpResponse> {
    const socket = await openSocket(this.url);
    this.#resources.defer(() => void socket.destroy());
    return exchange(socket, request);
  }

  /** Takes care of what must end with the case. */
  defer(end: () => void): void {
    this.#resources.defer(end);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }

  #keep<T extends AsyncDisposable>(resource: T): T {
    return this.#resources.use(resource);
  }
}

/** Publishes and takes the `ack`. */
export async function publish(
  client: RawClient,
  channel: string,
  data: unknown,
  more: object = {},
): Promise<Frame> {
  const ack = await client.ask({ type: 'message', channel, data, ...more });
  if (ack.type !== 'ack') throw new Error(`expected an ack, got ${JSON.stringify(ack)}`);
  return ack;
}

/** Fewer than a server's `inboxFrames`, so that a fast sender is not told to wait. */
const batch = 100;

/** Publishes the numbers from 1 to `count`, many at once, and returns the position of the last. */
export async function publishMany(
  client: RawClient,
  channel: string,
  count: number,
): Promise<{ readonly epoch: string; readonly offset: number }> {
  let last: Frame | undefined;
  for (let done = 0; done < count; done += batch) {
    const size = Math.min(batch, count - done);
    const sent = Array.from({ length: size }, (_, index) => publish(client, channel, done + index + 1));
    last = (await Promise.all(sent)).at(-1);
  }
  return position(last);
}

/** Subscribes and takes the `subscribed`. */
export async function subscribe(client: RawClient, channel: string, more: object = {}): Promise<Frame> {
  const answer = await client.ask({ type: 'subscribe', channel, ...more });
  if (answer.type !== 'subscribed') throw new Error(`expected subscribed, got ${JSON.stringify(answer)}`);
  return answer;
}

/** Takes the next publications of a channel, in the order in which they came. */
export async function publications(client: RawClient, channel: string, count: number): Promise<Frame[]> {
  const taken: Frame[] = [];
  while (taken.length < count) taken.push(await client.next(isPublicationOf(channel)));
  return taken;
}

/**
 * Fails when anything of this kind has arrived and was not expected. Frames are handled in their order, so the answer to
 * one that changes nothing is a barrier.
 */
export function nothing(client: RawClient, match?: (frame: Frame) => boolean): Promise<void> {
  const barrier = { type: 'unsubscribe', channel: `${wireContract.channels.open.prefix}never-joined` };
  return client.expectNothing(match, barrier);
}
