import { once } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connectEvents, type EventClient } from './event-client.ts';
import type { RawListener, RawSocket } from './raw-socket.ts';

/** Longer than any test: nothing is expected of a stream that is silent. */
const forever = 2 ** 31 - 1;
const framesAtOnce = 100;
const abnormal = 1006;

export interface HttpSocketOptions {
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that is not the beginning of a connection. */
export class ConnectRefused extends Error {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];

  constructor(path: string, status: number, headers: IncomingMessage['headers']) {
    super(`${path} was answered with ${status}`);
    this.name = 'ConnectRefused';
    this.status = status;
    this.headers = headers;
  }
}

interface Names {
  readonly session: string;
  readonly node: string;
}

interface Answer extends Names {
  readonly seq: number;
  readonly frames: readonly string[];
  readonly close?: { readonly code: number; readonly reason: string };
}

/** JSON up, one request after the other over one connection. */
class Poster {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #base: URL;
  readonly #headers: Readonly<Record<string, string>>;
  #current: ClientRequest | undefined;

  constructor(base: URL, headers: Readonly<Record<string, string>> = {}) {
    this.#base = base;
    this.#headers = headers;
  }

  async post(
    path: string,
    body: object,
  ): Promise<{
    readonly status: number;
    readonly headers: IncomingMessage['headers'];
    readonly text: string;
  }> {
    const url = new URL(path, this.#base);
    url.search = this.#base.search;
    const headers = { ...this.#headers, 'Content-Type': 'application/json' };
    const sent = request(url, { method: 'POST', headers, agent: this.#agent });
    this.#current = sent;
    const answered = once(sent, 'response');
    sent.end(JSON.stringify(body));
    const [response] = (await answered) as [IncomingMessage];
    response.setEncoding('utf8');
    let text = '';
    for await (const chunk of response as AsyncIterable<string>) text += chunk;
    return { status: response.statusCode ?? 0, headers: response.headers, text };
  }

  destroy(): void {
    this.#current?.on('error', () => {});
    this.#current?.destroy();
    this.#agent.destroy();
  }
}

/** Frames up: numbered POSTs, each after the answer to the one before it (PROTOCOL.md §17). */
class Upward {
  readonly #poster: Poster;
  readonly #names: Names;
  readonly #waiting: string[] = [];
  #seq = 0;
  #close = false;
  #busy = false;

  constructor(poster: Poster, names: Names) {
    this.#poster = poster;
    this.#names = names;
  }

  send(message: string | Uint8Array): void {
    this.#waiting.push(typeof message === 'string' ? message : Buffer.from(message).toString('utf8'));
    void this.#pump();
  }

  close(): void {
    this.#close = true;
    void this.#pump();
  }

  async #pump(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#waiting.length > 0 || this.#close) {
        const frames = this.#waiting.splice(0, this.#fitting());
        const close = this.#close && this.#waiting.length === 0;
        this.#close &&= !close;
        this.#seq += 1;
        const body = { ...this.#names, seq: this.#seq, frames, ...(close && { close }) };
        const { status } = await this.#poster.post('/connect/send', body);
        if (status !== 204) break;
      }
    } catch {
      // The way down says how it ended.
    }
    this.#busy = false;
  }

  /** At least one; else as many as fit into a body of the default size. */
  #fitting(): number {
    let characters = 0;
    const tooMany = this.#waiting.findIndex((frame, index) => {
      characters += frame.length;
      return index >= framesAtOnce || (index > 0 && characters > 60_000);
    });
    return tooMany < 0 ? this.#waiting.length : tooMany;
  }
}

function baseOf(url: string): URL {
  const base = new URL(url.replace(/^ws/u, 'http'));
  base.pathname = '/';
  return base;
}

/** `GET /connect/sse` down, `POST /connect/send` up. */
export async function openSsePost(url: string, { headers }: HttpSocketOptions = {}): Promise<RawSocket> {
  const base = baseOf(url);
  const down = await connectEvents(`${base.origin}/connect/sse${base.search}`, {
    ...(headers && { headers }),
  });
  if (down.status !== 200) {
    down.close();
    throw new ConnectRefused('/connect/sse', down.status, down.headers);
  }
  const names = JSON.parse((await down.next('thrum:open')).data) as Names;
  const poster = new Poster(base, headers);
  const up = new Upward(poster, names);
  return {
    protocol: '',
    start: (listener) => void read(down, poster, listener),
    send: (message) => up.send(message),
    ping: noPing,
    close: () => up.close(),
    terminate: () => down.close(),
    pause: () => down.pause(),
    resume: () => down.resume(),
  };
}

async function read(down: EventClient, poster: Poster, listener: RawListener): Promise<void> {
  let ending = { code: abnormal, reason: '' };
  try {
    for (;;) {
      const { event, data } = await down.take(forever);
      if (event === 'message') listener.text(data);
      else if (event === 'thrum:closed') ending = JSON.parse(data) as typeof ending;
    }
  } catch {
    poster.destroy();
    listener.closed(ending.code, ending.reason);
  }
}

/** `POST /connect/poll` down, `POST /connect/send` up. */
export async function openLongPoll(url: string, { headers }: HttpSocketOptions = {}): Promise<RawSocket> {
  const down = new Poller(baseOf(url), headers);
  const up = new Upward(new Poster(baseOf(url), headers), await down.open());
  return {
    protocol: '',
    start: (listener) => void down.run(listener),
    send: (message) => up.send(message),
    ping: noPing,
    close: () => up.close(),
    terminate: () => down.stop(),
    pause: () => down.pause(),
    resume: () => down.resume(),
  };
}

class Poller {
  readonly #poster: Poster;
  #first: Answer | undefined;
  #stopped = false;
  #paused: PromiseWithResolvers<void> | undefined;

  constructor(base: URL, headers: Readonly<Record<string, string>> | undefined) {
    this.#poster = new Poster(base, headers);
  }

  async open(): Promise<Names> {
    const { status, headers, text } = await this.#poster.post('/connect/poll', {});
    if (status !== 200) {
      this.#poster.destroy();
      throw new ConnectRefused('/connect/poll', status, headers);
    }
    this.#first = JSON.parse(text) as Answer;
    const { session, node } = this.#first;
    return { session, node };
  }

  async run(listener: RawListener): Promise<void> {
    let ending = { code: abnormal, reason: '' };
    try {
      let ack = 0;
      for (let answer = this.#first; answer !== undefined; answer = await this.#next(answer, ack)) {
        const first = answer.seq - answer.frames.length + 1;
        for (const [index, frame] of answer.frames.entries()) if (first + index > ack) listener.text(frame);
        ack = Math.max(ack, answer.seq);
        if (answer.close !== undefined) {
          ending = answer.close;
          break;
        }
      }
    } catch {
      // Cut, by whichever side.
    }
    this.#poster.destroy();
    listener.closed(ending.code, ending.reason);
  }

  pause(): void {
    this.#paused ??= Promise.withResolvers();
  }

  resume(): void {
    this.#paused?.resolve();
    this.#paused = undefined;
  }

  stop(): void {
    this.#stopped = true;
    this.resume();
    this.#poster.destroy();
  }

  async #next({ session, node }: Names, ack: number): Promise<Answer | undefined> {
    await this.#paused?.promise;
    if (this.#stopped) return undefined;
    const { status, text } = await this.#poster.post('/connect/poll', { session, node, ack });
    return status === 200 && !this.#stopped ? (JSON.parse(text) as Answer) : undefined;
  }
}

function noPing(): never {
  throw new Error('only WebSockets have pings of their own');
}
