import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as http } from 'node:http';
import { Agent as HttpsAgent, request as https } from 'node:https';
import type { Env } from '@thrum/core';
import { AddressRefused, type AddressRules } from './addresses.ts';
import { WebhookFailure } from './failure.ts';
import { hostOf } from './options.ts';

export interface PosterOptions {
  readonly env: Pick<Env, 'timer'>;
  readonly addresses: AddressRules;
  /** Most sockets kept for the next request, for each backend. How many are in use is bounded by who asks. */
  readonly idleSockets: number;
  /** Largest reply, in bytes. */
  readonly replyBytes: number;
}

/** What is posted: the bytes that were signed, with the headers that say so. */
export interface Letter {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Milliseconds until the whole reply has come. */
  readonly ms: number;
}

/** How long an unused socket is kept. Shorter than most backends keep theirs, so that the end of one is rarely met. */
const idleMs = 4000;

/** What a socket says whose other end is gone. */
const cutOff: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'EPIPE']);

/** Statuses that gateways give for a backend that is gone or full. */
const downStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/**
 * POST requests with kept connections: to addresses that may be called, without redirects or proxies, bounded in time and
 * bytes. What is no 2xx is a failure.
 */
export class Poster {
  private readonly options: PosterOptions;
  private readonly agents: { readonly 'http:': HttpAgent; readonly 'https:': HttpsAgent };
  private closed = false;

  constructor(options: PosterOptions) {
    // Agents of our own, so that what NODE_USE_ENV_PROXY does to the global one is none of our business.
    const agent = { keepAlive: true, maxFreeSockets: options.idleSockets, timeout: idleMs };
    this.options = options;
    this.agents = { 'http:': new HttpAgent(agent), 'https:': new HttpsAgent(agent) };
  }

  /** The body of the reply. @throws WebhookFailure */
  async post(letter: Letter): Promise<Buffer> {
    const { host, isAddress } = hostOf(letter.url);
    // Node asks no `lookup` for what is an address already.
    if (isAddress && !this.options.addresses.allows(host, host)) {
      throw new WebhookFailure('ours', new AddressRefused(host).message);
    }
    return new Promise((resolve, reject) => this.send(letter, { resolve, reject }));
  }

  /** Ends every connection; what is under way fails. */
  close(): void {
    this.closed = true;
    for (const agent of Object.values(this.agents)) agent.destroy();
  }

  private send(letter: Letter, outcome: Outcome): void {
    let isOver = false;
    let current: ClientRequest | undefined;
    const end = (result: Buffer | WebhookFailure): void => {
      if (isOver) return;
      isOver = true;
      cancel();
      if (Buffer.isBuffer(result)) outcome.resolve(result);
      else {
        current?.destroy();
        outcome.reject(result);
      }
    };
    const late = new WebhookFailure('down', 'did not answer in time');
    const cancel = this.options.env.timer(letter.ms, () => end(late));
    const attempt = (mayRepeat: boolean): void => {
      if (this.closed) {
        end(new WebhookFailure('ours', 'the server is closing'));
        return;
      }
      const request = this.request(letter);
      current = request;
      request.on('response', (response) => this.read(response, end));
      request.on('error', (error: NodeJS.ErrnoException) => {
        // A kept connection that the backend closed just then says nothing of the backend; nothing of it was answered.
        if (mayRepeat && !isOver && request.reusedSocket && cutOff.has(error.code)) attempt(false);
        else if (error instanceof AddressRefused) end(new WebhookFailure('ours', error.message));
        else end(WebhookFailure.from(error));
      });
      request.end(letter.body);
    };
    attempt(true);
  }

  private request({ url, headers, body }: Letter): ClientRequest {
    const isTls = url.protocol === 'https:';
    const { host } = hostOf(url);
    return (isTls ? https : http)({
      agent: this.agents[isTls ? 'https:' : 'http:'],
      host,
      port: url.port,
      path: `${url.pathname}${url.search}`,
      method: 'POST',
      lookup: this.options.addresses.lookup,
      headers: {
        host: url.host,
        accept: 'application/json',
        // No decompression: a small reply that becomes a large one is none we want.
        'accept-encoding': 'identity',
        'content-type': 'application/json',
        'content-length': body.length,
        'user-agent': 'Thrum',
        ...headers,
      },
    });
  }

  private read(response: IncomingMessage, end: (result: Buffer | WebhookFailure) => void): void {
    const { replyBytes } = this.options;
    const { statusCode: status = 0 } = response;
    const chunks: Buffer[] = [];
    let bytes = 0;
    const tooLarge = new WebhookFailure('answered', `answered with more than ${replyBytes} bytes`, {
      status,
    });
    response.on('error', (error) => end(WebhookFailure.from(error)));
    if (Number(response.headers['content-length'] ?? 0) > replyBytes) {
      end(tooLarge);
      return;
    }
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > replyBytes) end(tooLarge);
      else chunks.push(chunk);
    });
    response.on('end', () => end(status >= 200 && status < 300 ? Buffer.concat(chunks) : refusal(response)));
  }
}

interface Outcome {
  readonly resolve: (body: Buffer) => void;
  readonly reject: (failure: WebhookFailure) => void;
}

function refusal({ statusCode: status = 0, headers }: IncomingMessage): WebhookFailure {
  const seconds = Number(headers['retry-after']);
  const kind = downStatuses.has(status) ? 'down' : 'answered';
  const isRedirect = status >= 300 && status < 400;
  return new WebhookFailure(
    kind,
    `answered with ${status}${isRedirect ? ': redirects are not followed' : ''}`,
    {
      status,
      retryAfter: seconds > 0 ? seconds * 1000 : undefined,
    },
  );
}
