import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { within } from './deadline.ts';
import { EventQueue } from './queue.ts';

/** An event as HTML §9.2.6 has it dispatched. */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
  /** The last id that was seen, in this event or before. */
  readonly id: string;
}

export interface EventClientOptions {
  readonly headers?: Readonly<Record<string, string>>;
}

/** Opens a stream of events, or whatever is answered instead: see `status`. */
export async function connectEvents(url: string, options: EventClientOptions = {}): Promise<EventClient> {
  const headers = { Accept: 'text/event-stream', ...options.headers };
  const sent = request(url, { headers, agent: false });
  const answered = once(sent, 'response');
  // Whichever comes later has nobody to tell.
  answered.catch(() => {});
  sent.on('error', () => {});
  sent.end();
  const [response] = (await within(answered, () => `an answer to GET ${url}`)) as [IncomingMessage];
  return new EventClient(response);
}

/** Reads `text/event-stream` as it is written in HTML §9.2.6 and nothing else: it never comes back by itself. */
export class EventClient implements AsyncDisposable {
  readonly events: EventQueue<StreamEvent> = new EventQueue();
  readonly comments: EventQueue<string> = new EventQueue();
  /** Everything as it came. */
  text = '';
  lastId = '';
  /** The last `retry`, in milliseconds. */
  retry: number | undefined;
  readonly #response: IncomingMessage;
  readonly #ended: Promise<void>;
  #rest = '';
  #event = '';
  #data: string[] = [];

  constructor(response: IncomingMessage) {
    this.#response = response;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = promise;
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => this.#read(chunk));
    response.on('error', () => {}); // `close` follows
    response.on('close', () => {
      const error = new Error(`the stream ended after ${this.text.length} characters`);
      this.events.end(error);
      this.comments.end(error);
      resolve();
    });
  }

  get status(): number {
    return this.#response.statusCode ?? 0;
  }

  get headers(): IncomingMessage['headers'] {
    return this.#response.headers;
  }

  /** The next event of this name; those before it stay for others. */
  next(event: string, deadline?: number): Promise<StreamEvent> {
    return this.events.next(
      (found) => found.event === event,
      () => `an event ${event}`,
      deadline,
    );
  }

  /** The very next event. */
  take(deadline?: number): Promise<StreamEvent> {
    return this.events.next(
      () => true,
      () => 'an event',
      deadline,
    );
  }

  /** Stops reading: the server's bytes pile up. */
  pause(): void {
    this.#response.pause();
  }

  resume(): void {
    this.#response.resume();
  }

  /** Resolves when the stream is over, whoever ended it. */
  ended(deadline?: number): Promise<void> {
    return within(this.#ended, () => 'the end of the stream', deadline);
  }

  /** Cuts the stream. */
  close(): void {
    this.#response.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.#ended;
  }

  #read(chunk: string): void {
    this.text += chunk;
    // A CR at the end may be half of a CRLF.
    const lines = (this.#rest + chunk).split(/\r\n|\n|\r(?!$)/u);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    if (line === '') {
      this.#dispatch();
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) {
      this.comments.push(line.slice(1));
      return;
    }
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /u, '');
    if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.lastId = value;
    else if (field === 'retry' && /^\d+$/u.test(value)) this.retry = Number(value);
  }

  #dispatch(): void {
    const [event, data] = [this.#event || 'message', this.#data];
    this.#event = '';
    this.#data = [];
    if (data.length > 0) this.events.push({ event, data: data.join('\n'), id: this.lastId });
  }
}
