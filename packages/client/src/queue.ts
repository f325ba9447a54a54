import { utf8Length } from '@thrum/protocol';
import type { Codec, Position } from '@thrum/protocol';
import { backoffDelay } from './backoff.ts';
import type { Env } from './env.ts';
import { ThrumError, safely } from './errors.ts';
import type { Encoded } from './link.ts';
import { createPending } from './pending.ts';
import type { Pending, WaitOptions } from './pending.ts';
import { encode } from './requests.ts';
import type { DroppedPublish, Settings } from './settings.ts';
import { readError, readPosition } from './wire.ts';
import type { Raw } from './wire.ts';

export interface PublishOptions extends WaitOptions {
  /** The idempotency key (PROTOCOL.md §2 message), 1 to 128 characters. Default: a random one. */
  readonly id?: string | undefined;
  /** `false`: only if connected now, and never sent again. Default true. */
  readonly queue?: boolean | undefined;
}

export interface Published {
  readonly id: string;
  /** Where it stands in the channel's log; absent for a transient event or an ephemeral channel. */
  readonly position?: Position;
  /** Whether the server had it already, from an earlier try. */
  readonly duplicate: boolean;
}

/** Publishes from the call until their `ack`: in order, each with its id, across connections. */
export interface Queue {
  publish(channel: string, event: string, data: unknown, options?: PublishOptions): Promise<Published>;
  next(): Encoded | undefined;
  /** Whether the frame answered a publish. */
  answer(frame: Raw): boolean;
  /** The server's limit of bytes in one message. */
  limit(bytes: number): void;
  down(): void;
  rest(error: ThrumError): void;
  readonly size: number;
}

interface Item extends Pending<Published> {
  readonly dropped: DroppedPublish;
  readonly data: Encoded;
  readonly bytes: number;
  readonly queued: boolean;
  sent: boolean;
  stopTimer: () => void;
}

export interface QueueNeeds {
  readonly settings: Settings;
  /** Connects where nothing else did; returns why nothing can be sent, if so. */
  wanted(): ThrumError | undefined;
  ready(): boolean;
  pump(): void;
}

export function createQueue({ settings, wanted, ready, pump }: QueueNeeds): Queue {
  const { env, codec, queue: bounds, onDrop } = settings;
  const items = new Map<string, Item>();
  let messageLimit = Infinity;
  let refusals = 0;
  let stopPause: (() => void) | undefined;

  const publish = async (
    channel: string,
    event: string,
    data: unknown,
    { id = env.id(), queue: queued = true, timeout, signal }: PublishOptions = {},
  ): Promise<Published> => {
    const encoded = encode(codec, { type: 'message', channel, event, data: data === undefined ? null : data, id });
    const bytes = sizeOf(encoded);
    const twin = items.get(id);
    if (twin !== undefined) {
      if (twin.data === encoded) return twin.promise;
      throw new ThrumError('id_conflict', 'This id is in use for another message', { channel });
    }
    const refusal = wanted() ?? (queued || ready() ? undefined : new ThrumError('disconnected', 'Not connected', { retry: true, channel }));
    if (refusal !== undefined) throw refusal;
    if (bytes > Math.min(messageLimit, bounds.maxBytes)) throw tooLarge(bytes, channel);

    const dropped: DroppedPublish = { channel, event, data, id };
    const patient = timeout === undefined || timeout > bounds.maxAge;
    const pending = createPending<Published>(
      env,
      { ms: patient ? bounds.maxAge : timeout, code: patient ? 'expired' : 'timeout', signal },
      (error) => {
        items.get(id)?.stopTimer();
        items.delete(id);
        if (error !== undefined && givenUp.has(error.code)) safely(() => onDrop?.(dropped, error));
      },
    );
    if (pending.settled()) return pending.promise;
    items.set(id, { ...pending, dropped, data: encoded, bytes, queued, sent: false, stopTimer: () => undefined });
    pump();
    trim();
    return pending.promise;
  };

  // What is on its way is not counted while connected: dropping it would save nothing and lose its ack.
  const trim = (): void => {
    const waiting = [...items.values()].filter((item) => !item.sent);
    let count = waiting.length;
    let bytes = waiting.reduce((sum, item) => sum + item.bytes, 0);
    for (const item of waiting) {
      if (count <= bounds.maxCount && bytes <= bounds.maxBytes) return;
      count -= 1;
      bytes -= item.bytes;
      item.reject(new ThrumError('queue_full', 'Dropped for a newer publish: the queue is full', { retry: true }));
    }
  };

  const pause = (ms: number): void => {
    stopPause?.();
    stopPause = env.timer(ms, () => {
      stopPause = undefined;
      pump();
    });
  };

  const unsend = (item: Item): void => {
    item.stopTimer();
    item.sent = false;
  };

  return {
    publish,
    next: () => {
      if (stopPause !== undefined) return undefined;
      for (const item of items.values()) {
        if (item.sent) continue;
        if (item.bytes > messageLimit) {
          item.reject(tooLarge(item.bytes, item.dropped.channel));
          continue;
        }
        item.sent = true;
        item.stopTimer = env.timer(settings.publishTimeout, () => {
          item.sent = false;
          pump();
        });
        return item.data;
      }
      return undefined;
    },
    answer: (frame) => {
      const item = items.get(frame['id'] as string);
      if (item === undefined) return false;
      if (frame['type'] === 'ack') {
        refusals = 0;
        const position = readPosition(frame['position']);
        item.resolve({
          id: item.dropped.id,
          duplicate: frame['duplicate'] === true,
          ...(position !== undefined && { position }),
        });
        return true;
      }
      const error = readError(frame);
      if (error.retry && item.queued) {
        unsend(item);
        // The whole queue waits, so that what was published later does not overtake.
        pause(error.after ?? backoffDelay(settings.backoff, refusals++, env.random()));
      } else item.reject(error);
      return true;
    },
    limit: (bytes) => {
      messageLimit = bytes;
    },
    down: () => {
      stopPause?.();
      stopPause = undefined;
      for (const item of items.values()) {
        unsend(item);
        if (!item.queued) item.reject(new ThrumError('disconnected', 'The connection broke before the ack', { retry: true }));
      }
      trim();
    },
    rest: (error) => {
      for (const item of items.values()) item.reject(error);
    },
    get size() {
      return items.size;
    },
  };
}

// What the SDK itself gave up; the server's refusals and the caller's own wishes are no loss.
const givenUp: ReadonlySet<string> = /* @__PURE__ */ new Set(['expired', 'queue_full', 'disconnected']);

function sizeOf(data: Encoded): number {
  return typeof data === 'string' ? utf8Length(data) : data.byteLength;
}

function tooLarge(bytes: number, channel: string): ThrumError {
  return new ThrumError('too_large', `Too large: ${bytes} bytes are more than one message may have`, { channel });
}
