import type { FrameId, Position } from '@thrum/protocol';
import { backoffDelay } from './backoff.ts';
import { ThrumError, safely } from './errors.ts';
import type { ThrumErrorCode } from './errors.ts';
import type { DroppedPublish, Settings } from './settings.ts';
import type { Encoded } from './socket-like.ts';
import { readError } from './wire.ts';
import type { Frame } from './wire.ts';

/** What a caller may say about how long to wait. */
export interface WaitOptions {
  /** Milliseconds until the promise rejects with `timeout`. A publish without it waits for `queue.maxAge`, then `expired`. */
  readonly timeout?: number | undefined;
  /** Rejects the promise with `aborted` when it fires. */
  readonly signal?: AbortSignal | undefined;
}

export interface CallOptions extends WaitOptions {
  /**
   * The idempotency key, 1 to 128 characters, for a method whose handler is `idempotent`: with it the call is sent again
   * after a reconnect, until it is answered or timed out. Default: none, and never sent twice.
   */
  readonly id?: string | undefined;
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
  readonly position?: Position | undefined;
  /** Whether the server had it already, from an earlier try. */
  readonly duplicate: boolean;
}

/** A frame that has to go, and what becomes of it. */
interface Order {
  /** What its answer is known by; no other order has it. Default: a number. */
  readonly id?: FrameId;
  /** The frame, made when it goes; `undefined`: not now. `follows` is for publishes (PROTOCOL.md §2 message). */
  encode(id: FrameId, follows?: string): Encoded | undefined;
  /** `now`: on this connection or not at all · `once`: never twice · `again`: until it is answered. */
  readonly lives: 'now' | 'once' | 'again';
  /** Called once, with its answer or with why there is none. Where nobody cares, the order ends when it went. */
  done?(outcome: Frame | ThrumError): void;
}

/** How long somebody waits for an answer, and what for. */
interface Question {
  readonly id: FrameId;
  readonly lives: Order['lives'];
  /** There for publishes: they keep their order, and their number is bounded. */
  readonly publish?: DroppedPublish;
  /** Milliseconds until it fails. */
  readonly timeout: number;
  /** What it fails with then. Default `timeout`. */
  readonly late?: ThrumErrorCode | undefined;
  /** Whether the application has used its id before. */
  readonly repeats?: boolean;
}

interface Item extends Order, Partial<Omit<Question, 'id' | 'lives'>> {
  readonly id: FrameId;
  /** On this connection, and not refused since. */
  sent: boolean;
  /** It went once: whatever becomes of it now, the server may have it. */
  tried?: boolean;
  /** What it followed when it went last. */
  follows?: string | undefined;
  refusals: number;
  /** When it may go, or may go again. */
  dueAt: number;
  readonly deadline: number;
  /**
   * Somebody waits for the answer: it goes once the server let us in, and fails when nothing will go by itself any more.
   * The others tend subscriptions; they go right behind `auth` and outlive `disconnect()`.
   */
  readonly asked?: boolean;
  /** Of the frame; above the limit, the order fails. */
  readonly bytes?: number;
}

interface RequestFrame {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** All that has to be sent, below the server's rate limit, and all that waits for an answer. */
export interface Outbox {
  /** Kept across connections and sent again with its id until acknowledged, within the bounds of the queue. */
  publish(channel: string, event: string, data: unknown, options?: PublishOptions): Promise<Published>;
  /** `read` turns the answer's `data` into what the promise resolves with. */
  request<T>(
    lives: Order['lives'],
    frame: RequestFrame,
    wait: CallOptions | undefined,
    read: (data: unknown) => T,
  ): Promise<T>;
  /** Sends it in its turn, as soon as it may go, and not before `delay` milliseconds. Returns its id. */
  add(order: Order, delay?: number): FrameId;
  get(id: FrameId | undefined): (Order & { readonly sent: boolean }) | undefined;
  /** Forgets it. */
  cancel(id: FrameId | undefined): void;
  /** Takes the frame as the answer to the order with its id, if there is one. */
  answer(frame: Frame): void;
  /** Sends as much as may go now. */
  pump(): void;
  /** A connection with these limits (PROTOCOL.md §13). */
  open(limits: unknown): void;
  /** Nothing in flight will be answered; with an error, nothing will go by itself, and all that somebody waits for fails. */
  down(error: ThrumError | undefined): void;
  /** How much somebody waits for. */
  size(): number;
}

// Frames go at 80 % of the server's rate. It allows a burst of two seconds' worth; here it is 1.5, and pings come on top.
const perSecond = 1000 / 0.8;
const burst = 1.5 * perSecond;
const maxUsed = 500;

/**
 * @param wanted connects where nothing else did; returns why nothing can be sent, if so
 * @param ready whether the server let us in
 * @param send hands a frame to the socket
 */
export const createOutbox = (
  settings: Settings,
  wanted: () => ThrumError | undefined,
  ready: () => boolean,
  send: (data: Encoded) => void,
): Outbox => {
  const { codec, env, queue, publishTimeout, onDrop } = settings;
  const items = new Map<unknown, Item>();
  let lastId = 0;
  let maxBytes = queue.maxBytes;
  // Milliseconds that each frame takes of the rate; 0 while there is no connection.
  let pace = 0;
  // When all that was sent will be paid for; never more than `burst` from now.
  let paidAt = 0;
  let stopTimer = (): void => {};

  const add = (order: Order & Partial<Item>, delay = 0): FrameId => {
    const now = env.monotonic();
    const { id = (lastId += 1), timeout = Infinity } = order;
    items.set(id, { ...order, id, sent: false, refusals: 0, dueAt: now + delay, deadline: now + timeout });
    pump();
    return id;
  };
  // The ids of publishes that came to an end, the latest of them; a long-lived page must not keep all.
  const used = new Set<string>();
  const remember = (id: string): void => {
    used.add(id);
    if (used.size > maxUsed) used.delete(used.values().next().value as string);
  };

  const settle = (id: unknown, outcome: Frame | ThrumError): void => {
    const item = items.get(id);
    items.delete(id);
    if (item?.publish) remember(item.publish.id);
    item?.done?.(outcome);
  };

  const fail = (id: unknown, code: ThrumErrorCode): void => settle(id, new ThrumError(code, { retry: true }));

  /** One look at everything: ends what is too late, sends what may go, and comes back when the next thing is due. */
  const pump = (): void => {
    const now = env.monotonic();
    // By channel: the last publish so far that has no answer yet.
    const unanswered = new Map<string, string | null>();
    let paused = false;
    let next = Infinity;
    for (const item of items.values()) {
      const { id, publish, asked, bytes = 0, late = 'timeout', deadline } = item;
      if (deadline <= now) fail(id, late);
      // The server of an earlier connection took larger ones, and may have taken this one.
      else if (bytes > maxBytes && !item.sent)
        settle(id, new ThrumError(item.tried ? 'disconnected' : 'too_large'));
      else {
        const mayGo = item.dueAt <= now && pace && !(publish && paused) && (!asked || ready());
        const follows = publish && unanswered.get(publish.channel);
        if (mayGo && follows !== null) dispatch(item, now, follows);
        if (publish) {
          // What was published later does not overtake.
          paused ||= !item.sent;
          // A repeat may be in the log from long ago, which would say nothing of what it follows.
          if (item.lives === 'again')
            unanswered.set(publish.channel, item.repeats && follows !== undefined ? null : publish.id);
        }
        next = Math.min(next, deadline, item.dueAt > now ? item.dueAt : Infinity);
      }
    }
    trim();
    stopTimer();
    if (next < Infinity) stopTimer = env.timer(Math.ceil(next - now), pump);
  };

  const dispatch = (item: Item, now: number, follows: string | undefined): void => {
    const paid = Math.max(paidAt, now) + pace;
    if (paid > now + burst) item.dueAt = paid - burst;
    // No room to name what it follows: it goes when that is answered. No codec needs more than 6 bytes a character.
    else if (!follows || (item.bytes ?? 0) + 6 * follows.length + 20 <= maxBytes) {
      const data = item.encode(item.id, follows);
      if (!data) return;
      if (!item.done) items.delete(item.id);
      paidAt = paid;
      item.sent = item.tried = true;
      item.follows = follows;
      item.dueAt = item.lives === 'again' ? now + publishTimeout : Infinity;
      send(data);
    }
  };

  // What is on its way is not counted while connected: dropping it would save nothing and lose its ack. What went before
  // the connection broke is counted and kept: `queue_full` says that the server does not have it.
  const trim = (): void => {
    const waiting = [...items.values()].filter(({ publish, sent }) => publish && !sent);
    let count = waiting.length;
    let total = waiting.reduce((sum, { bytes = 0 }) => sum + bytes, 0);
    for (const { id, tried, bytes = 0 } of waiting) {
      if (count <= queue.maxCount && total <= queue.maxBytes) break;
      if (tried) continue;
      count -= 1;
      total -= bytes;
      fail(id, 'queue_full');
    }
  };

  const ask = <T>(
    question: Question,
    frame: RequestFrame,
    signal: AbortSignal | undefined,
    read: (answer: Frame) => T,
  ): Promise<T> => {
    const promise = new Promise<T>((resolve, reject) => {
      const { id, publish, lives } = question;
      const data = encode(settings, { ...frame, id });
      const aborted = (): ThrumError => new ThrumError('aborted', { cause: signal?.reason });
      const abort = (): void => settle(id, aborted());
      const done = (outcome: Frame | ThrumError): void => {
        signal?.removeEventListener('abort', abort);
        if (!(outcome instanceof ThrumError)) resolve(read(outcome));
        else {
          reject(outcome);
          if (publish) void safely(() => onDrop?.(publish, outcome));
        }
      };
      const twin = items.get(id);
      if (twin) {
        if (twin.encode(id) !== data) throw new ThrumError('id_conflict');
        const first = twin.done;
        twin.done = (outcome) => {
          first?.(outcome);
          done(outcome);
        };
        return;
      }
      const refusal = wanted() ?? (signal?.aborted && aborted());
      if (refusal) throw refusal;
      const bytes = typeof data === 'string' ? new TextEncoder().encode(data).length : data.length;
      signal?.addEventListener('abort', abort);
      const encodeAgain = (_: FrameId, follows?: string): Encoded =>
        // From what was encoded once: the caller may have changed its data since.
        follows ? codec.encode({ ...Object(codec.decode(data)), follows }) : data;
      add({ ...question, encode: encodeAgain, bytes, asked: true, done });
      if (lives === 'now' && !ready()) fail(id, 'disconnected');
    });
    // A refusal nobody waits for must not end a Node process as an unhandled rejection.
    promise.catch(() => {});
    return promise;
  };

  return {
    publish: (channel, event, data = null, { id = env.id(), queue: keep = true, timeout, signal } = {}) => {
      const publish = { channel, event, data, id };
      const question: Question = {
        id,
        publish,
        repeats: used.has(id),
        lives: keep ? 'again' : 'now',
        timeout: timeout ?? queue.maxAge,
        late: timeout === undefined ? 'expired' : undefined,
      };
      return ask(question, { type: 'message', ...publish }, signal, ({ position, duplicate }) => ({
        id,
        position,
        duplicate: duplicate === true,
      }));
    },
    request: (lives, frame, { id = (lastId += 1), timeout = settings.requestTimeout, signal } = {}, read) =>
      ask({ id, lives, timeout }, frame, signal, ({ data }) => read(data)),
    add,
    get: (id) => items.get(id),
    cancel: (id) => items.delete(id),
    answer: (frame) => {
      const item = items.get(frame['id']);
      if (!item) return;
      const error = frame.type === 'error' ? readError(frame) : undefined;
      if (error?.retry && item.lives === 'again' && (item.publish || !item.asked)) {
        // Behind what was refused, it was not looked at: it goes again in its turn, which is no failure of its own.
        const isBehind = error.code === 'out_of_order' && item.follows;
        const pause = isBehind ? 0 : (error.after ?? backoffDelay(settings, item.refusals++));
        item.sent = false;
        item.dueAt = env.monotonic() + pause;
      } else settle(item.id, error ?? frame);
      pump();
    },
    pump,
    open: (limits) => {
      // In place of nonsense: the protocol's defaults, and bounds within which the arithmetic holds.
      const { message, rate } = Object(limits) as { readonly message: number; readonly rate: number };
      maxBytes = Math.min(message > 0 ? message : 65_536, queue.maxBytes);
      pace = perSecond / (rate >= 1 && rate < 1e6 ? rate : 50);
      paidAt = 0;
      pump();
    },
    down: (error) => {
      pace = 0;
      for (const item of items.values()) {
        if (error && item.asked) settle(item.id, error);
        else if (item.lives === 'now' || (item.lives === 'once' && item.sent)) fail(item.id, 'disconnected');
        item.sent = false;
        item.dueAt = 0;
      }
      pump();
    },
    size: () => [...items.values()].filter(({ asked }) => asked).length,
  };
};

/** Throws `invalid_data` for what no frame can carry: cycles, BigInt, a throwing `toJSON`. */
export const encode = ({ codec }: Pick<Settings, 'codec'>, frame: object): Encoded => {
  try {
    return codec.encode(frame);
  } catch (cause) {
    throw new ThrumError('invalid_data', { cause });
  }
};
