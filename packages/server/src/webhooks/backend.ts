import type { Env, Log } from '@thrum/core';
import { Breaker } from './breaker.ts';
import { WebhookFailure } from './failure.ts';
import { Gate } from './gate.ts';
import type { WebhookSettings } from './options.ts';
import type { WebhookQuestion, WebhookQuestionData } from './payloads.ts';
import type { Poster } from './post.ts';
import { QuietLog } from './quiet-log.ts';
import { signedHeaders } from './signature.ts';

export interface BackendParts {
  readonly env: Env;
  readonly log: Log;
  readonly poster: Poster;
  readonly settings: WebhookSettings;
}

/** Reads an answer; throws a sentence about what is wrong with it. */
export type Read<T> = (answer: unknown) => T;

/** One address where questions are asked: bounded in how many at once, and left alone while nobody answers there. */
export class Backend {
  private readonly url: URL;
  private readonly parts: BackendParts;
  private readonly gate: Gate;
  private readonly breaker: Breaker;
  private readonly quiet: QuietLog;

  constructor(url: URL, parts: BackendParts) {
    const { env, log, settings } = parts;
    this.url = url;
    this.parts = parts;
    this.quiet = new QuietLog(log, env);
    this.gate = new Gate(env, { places: settings.concurrency, seats: settings.queue });
    this.breaker = new Breaker({
      env,
      failures: settings.breakerFailures,
      pause: settings.breakerSeconds * 1000,
      changed: (state) => {
        if (state === 'open') {
          this.gate.clear(leftAlone());
          log.error('a webhook backend does not answer and is left alone for a while', { host: url.host });
        }
        if (state === 'closed') log.info('a webhook backend answers again', { host: url.host });
      },
    });
  }

  /** The answer to a question, or a failure that was logged. @throws WebhookFailure */
  async ask<Q extends WebhookQuestion, T>(
    question: Q,
    data: WebhookQuestionData[Q],
    read: Read<T>,
    ms: number = this.parts.settings.timeoutSeconds * 1000,
  ): Promise<T> {
    try {
      return await this.attempt(question, data, read, ms);
    } catch (error) {
      const failure = WebhookFailure.from(error);
      this.quiet.warn(`the ${question} webhook gave no answer`, {
        host: this.url.host,
        reason: failure.message,
      });
      throw failure;
    }
  }

  close(): void {
    this.gate.clear(new WebhookFailure('ours', 'the server is closing'));
  }

  private async attempt<Q extends WebhookQuestion, T>(
    question: Q,
    data: WebhookQuestionData[Q],
    read: Read<T>,
    ms: number,
  ): Promise<T> {
    const { env } = this.parts;
    const until = env.monotonic() + ms;
    const admission = this.breaker.admit();
    if (admission === undefined) throw leftAlone();
    let isIn = false;
    try {
      await this.gate.enter(ms);
      isIn = true;
      const reply = await this.post(question, data, until - env.monotonic());
      this.breaker.answered();
      return readReply(reply, read);
    } catch (error) {
      const { kind } = WebhookFailure.from(error);
      // Before the place goes to the next, who need not try what has just been given up.
      if (kind === 'answered') this.breaker.answered();
      else if (kind === 'down' || admission === 'probe') this.breaker.failed(admission);
      throw error;
    } finally {
      if (isIn) this.gate.leave();
    }
  }

  private post(question: WebhookQuestion, data: object, ms: number): Promise<Buffer> {
    const { env, poster, settings } = this.parts;
    const now = env.now();
    const body = Buffer.from(
      JSON.stringify({ type: question, timestamp: new Date(now).toISOString(), data }),
    );
    const headers = signedHeaders(settings.keys, `msg_${env.id()}`, Math.floor(now / 1000), body);
    return poster.post({ url: this.url, headers, body, ms });
  }
}

function leftAlone(): WebhookFailure {
  return new WebhookFailure('ours', 'is left alone, since it did not answer');
}

function readReply<T>(reply: Buffer, read: Read<T>): T {
  try {
    return read(JSON.parse(reply.toString('utf8')));
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'expected JSON' : (error as Error).message;
    throw new WebhookFailure('answered', `gave an answer that cannot be used: ${reason}`);
  }
}
