import type { Position } from '@thrum/protocol';
import { backoffDelay } from './backoff.ts';
import { ThrumError, safely } from './errors.ts';
import type { ThrumErrorCode } from './errors.ts';
import type { Encoded } from './link.ts';
import type { DroppedPublish, Settings } from './settings.ts';
import { readError, withPosition } from './wire.ts';
import type { Raw } from './wire.ts';

/** What a caller may say about how long to wait. */
export interface WaitOptions {
  /** Milliseconds until the promise rejects with `timeout`. */
  readonly timeout?: number | undefined;
  /** Rejects the promise with `aborted` when it fires. */
  readonly signal?: AbortSignal | undefined;
}

export interface PublishOptions extends WaitOptions {
  /** The idempotency key (PROTOCOL.md §2 message), 1 to 128 characters. Default: a random one. */
  readonly id?: string | undefined;
  /** `false`: only if connected now, and never sent again. Default true. */
  readonly queue?: boolean | undefined;
}

/** What became of a publish. */
export interface Published {
  readonly id: string;
  /** Where it stands in the channel's log; absent for a transient event or an ephemeral channel. */
  readonly position?: Position;
  /** Whether the server had it already, from an earlier try. */
  readonly duplicate: boolean;
}

/** All that waits for an answer, in the order of the calls: publishes until their `ack`, requests until a `result`. */
export interface Outgoing {
  /** Kept across connections and sent again with its id until acknowledged, within the bounds of the queue. */
  publish(channel: string, event: string, data: unknown, options?: PublishOptions): Promise<Published>;
  /** `read` turns the answer's `data` into what the promise resolves with. */
  request<T>(frame: Raw, options: WaitOptions | undefined, read: (data: unknown) => T): Promise<T>;
  /** A number no other frame of this client carries. */
  nextId(): number;
  next(): Encoded | undefined;
  /** Whether the frame answered anything. */
  answer(frame: Raw): boolean;
  /** Bytes in one message, as this server has it. */
  limit(bytes: number): void;
  /** Nothing in flight will be answered. */
  down(): void;
  /** Nothing will be sent by itself: all of it, or the publishes alone, are rejected. */
  rest(error: ThrumError, publishesOnly?: boolean): void;
  size(): number;
}

interface Item {
  readonly data: Encoded;
  readonly bytes: number;
  readonly promise: Promise<unknown>;
  /** There for publishes. */
  readonly publish: DroppedPublish | undefined;
  /** Sent again after a break. A call may have done its work already, so it is not. */
  readonly again: boolean;
  sent: boolean;
  stopTimer?: () => void;
  settle(error: ThrumError | undefined, answer?: Raw): void;
}

interface Order<T> extends WaitOptions {
  readonly id: string | number;
  readonly frame: Raw;
  readonly ms: number;
  readonly late: ThrumErrorCode;
  readonly again: boolean;
  readonly publish?: DroppedPublish;
  readonly read: (answer: Raw) => T;
}

// What the SDK itself gave up; the server's refusals and the caller's own wishes are no loss.
const losses = 'expired queue_full disconnected';

/**
 * @param wanted connects where nothing else did; returns why nothing can be sent, if so
 * @param ready whether publishes and requests may go
 * @param pump sends what may go now
 */
export function createOutgoing(
  settings: Settings,
  wanted: () => ThrumError | undefined,
  ready: () => boolean,
  pump: () => void,
): Outgoing {
  const { env, queue: bounds, onDrop, backoff } = settings;
  const items = new Map<unknown, Item>();
  let messageLimit = Infinity;
  let refusals = 0;
  let stopPause: (() => void) | undefined;
  let lastId = 0;
  const nextId = (): number => (lastId += 1);

  const resume = (): void => {
    stopPause?.();
    stopPause = undefined;
  };
  const unsend = (item: Item): void => {
    item.stopTimer?.();
    item.sent = false;
  };
  const isTooLarge = (bytes: number): boolean => bytes > Math.min(messageLimit, bounds.maxBytes);

  const add = <T>({ id, frame, ms, late, again, publish, read, signal }: Order<T>): Promise<T> => {
    const promise = new Promise<T>((resolve, reject) => {
      const data = encode(settings, { ...frame, id });
      const twin = items.get(id);
      if (twin !== undefined) {
        if (twin.data !== data) throw new ThrumError('id_conflict', 'This id is in use for another message');
        resolve(twin.promise as Promise<T>);
        return;
      }
      const refusal = wanted() ?? (again || !publish || ready() ? undefined : gone());
      if (refusal !== undefined) throw refusal;
      const bytes = typeof data === 'string' ? new TextEncoder().encode(data).length : data.length;
      if (isTooLarge(bytes)) throw tooLarge();

      const settle: Item['settle'] = (error, answer) => {
        if (!items.delete(id)) return;
        stopDeadline();
        item.stopTimer?.();
        signal?.removeEventListener('abort', abort);
        if (error === undefined) resolve(read(answer as Raw));
        else {
          reject(error);
          if (publish !== undefined && losses.includes(error.code)) safely(() => onDrop?.(publish, error));
        }
      };
      const abort = (): void =>
        settle(new ThrumError('aborted', 'Aborted', false, { cause: signal?.reason }));
      const stopDeadline = env.timer(ms, () => settle(new ThrumError(late, `No answer in ${ms} ms`, true)));
      // The executor runs before its promise has a name; `promise` is read only once it has one.
      const item: Item = {
        data,
        bytes,
        get promise() {
          return promise;
        },
        publish,
        again,
        sent: false,
        settle,
      };
      items.set(id, item);
      signal?.addEventListener('abort', abort);
      if (signal?.aborted === true) abort();
    });
    // A refusal nobody waits for must not end a Node process as an unhandled rejection.
    promise.catch(() => undefined);
    pump();
    trim();
    return promise;
  };

  // What is on its way is not counted while connected: dropping it would save nothing and lose its ack.
  const trim = (): void => {
    const waiting = [...items.values()].filter((item) => item.publish !== undefined && !item.sent);
    let count = waiting.length;
    let bytes = waiting.reduce((sum, item) => sum + item.bytes, 0);
    for (const item of waiting) {
      if (count <= bounds.maxCount && bytes <= bounds.maxBytes) return;
      count -= 1;
      bytes -= item.bytes;
      item.settle(new ThrumError('queue_full', 'Dropped for a newer publish', true));
    }
  };

  return {
    nextId,
    publish: (
      channel,
      event,
      data = null,
      { id = env.id(), queue = true, timeout = Infinity, signal } = {},
    ) => {
      const { maxAge } = bounds;
      const hasty = timeout < maxAge;
      return add<Published>({
        id,
        frame: { type: 'message', channel, event, data },
        ms: hasty ? timeout : maxAge,
        late: hasty ? 'timeout' : 'expired',
        again: queue,
        publish: { channel, event, data, id },
        read: (ack) => ({ id, duplicate: ack['duplicate'] === true, ...withPosition(ack) }),
        signal,
      });
    },
    request: (frame, { timeout = settings.requestTimeout, signal } = {}, read) =>
      add({
        id: nextId(),
        frame,
        ms: timeout,
        late: 'timeout',
        again: frame['type'] !== 'call',
        read: (answer) => read(answer['data']),
        signal,
      }),
    next: () => {
      for (const item of items.values()) {
        if (item.sent || (item.publish !== undefined && stopPause !== undefined)) continue;
        if (isTooLarge(item.bytes)) {
          item.settle(tooLarge());
          continue;
        }
        item.sent = true;
        if (item.again) {
          item.stopTimer = env.timer(settings.publishTimeout, () => {
            item.sent = false;
            pump();
          });
        }
        return item.data;
      }
      return undefined;
    },
    answer: (frame) => {
      const item = items.get(frame['id']);
      if (item === undefined) return false;
      if (frame['type'] !== 'error') {
        refusals = 0;
        item.settle(undefined, frame);
        return true;
      }
      const error = readError(frame);
      if (item.publish === undefined || !item.again || !error.retry) item.settle(error);
      else {
        unsend(item);
        // The whole queue waits, so that what was published later does not overtake.
        stopPause?.();
        stopPause = env.timer(error.after ?? backoffDelay(backoff, refusals++, env.random()), () => {
          resume();
          pump();
        });
      }
      return true;
    },
    limit: (bytes) => {
      messageLimit = bytes;
    },
    down: () => {
      resume();
      for (const item of items.values()) {
        if (!item.again && (item.sent || item.publish !== undefined)) item.settle(gone());
        else unsend(item);
      }
      trim();
    },
    rest: (error, publishesOnly = false) => {
      for (const item of items.values()) if (!publishesOnly || item.publish !== undefined) item.settle(error);
    },
    size: () => items.size,
  };
}

/** Throws `invalid_data` for what no frame can carry: cycles, BigInt, a throwing `toJSON`. */
export function encode({ codec }: Pick<Settings, 'codec'>, frame: object): Encoded {
  try {
    return codec.encode(frame);
  } catch (cause) {
    throw new ThrumError('invalid_data', 'Invalid data', false, { cause });
  }
}

function gone(): ThrumError {
  return new ThrumError('disconnected', 'Not connected', true);
}

function tooLarge(): ThrumError {
  return new ThrumError('too_large', 'Too large for one message');
}
