import type { FrameId } from '@thrum/protocol';
import { backoffDelay } from './backoff.ts';
import { ThrumError } from './errors.ts';
import type { ThrumErrorCode } from './errors.ts';
import type { Settings } from './settings.ts';
import type { Encoded } from './socket-like.ts';
import type { Item, Outbox } from './parts.ts';
import { readError } from './wire.ts';
import type { Frame } from './wire.ts';

// Frames go at 80 % of the server's rate. It allows a burst of two seconds' worth; here it is 1.5, and pings come on top.
const perSecond = 1000 / 0.8;
const burst = 1.5 * perSecond;

// Further back, nobody repeats what was acknowledged.
const maxAcked = 1000;

/** Why an order ended that may be given again. */
export const ended = (code: ThrumErrorCode): ThrumError => new ThrumError(code, { retry: true });

/**
 * @param ready whether what somebody waits for may go
 * @param send hands a frame to the socket
 */
export const createOutbox = (
  settings: Settings,
  ready: () => boolean,
  send: (data: Encoded) => void,
): Outbox => {
  const { env, queue, publishTimeout } = settings;
  const items = new Map<FrameId | undefined, Item>();
  // Publishes that are in a log; the application may give their ids again.
  const acked = new Set<FrameId>();
  let lastId = 0;
  let maxBytes = queue.maxBytes;
  // Milliseconds that each frame takes of the rate; 0 while there is no connection.
  let pace = 0;
  // When all that was sent will be paid for; never more than `burst` from now.
  let paidAt = 0;
  let stopTimer = (): void => {};

  const newId = (): number => (lastId += 1);
  const settle = (id: FrameId, outcome: Frame | ThrumError): void => {
    const item = items.get(id);
    items.delete(id);
    item?.done?.(outcome);
  };

  /** One look at everything: ends what is too late, sends what may go, and comes back when the next thing is due. */
  const pump = (): void => {
    const now = env.monotonic();
    // By channel: the last publish so far that has no answer yet.
    const unanswered = new Map<string, string>();
    let paused = false;
    let next = Infinity;
    for (const item of items.values()) {
      const { id, publish, asked, bytes = 0, late = 'timeout', deadline } = item;
      if (deadline <= now) settle(id, ended(late));
      // The server of an earlier connection took larger ones, and may have taken this one.
      else if (bytes > maxBytes && !item.sent)
        settle(id, new ThrumError(item.tried ? 'disconnected' : 'too_large'));
      else {
        const mayGo = item.dueAt <= now && pace && !(publish && paused) && (!asked || ready());
        if (mayGo) dispatch(item, now, publish && unanswered.get(publish.channel));
        if (publish) {
          // What was published later does not overtake.
          paused ||= !item.sent;
          // A repeat may stand in the log though what goes before it now does not: to follow it would prove nothing.
          if (item.lives === 'again' && !acked.has(id)) unanswered.set(publish.channel, publish.id);
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
    // No room to name what it follows: it goes when that is answered. JSON needs no more than 6 bytes a character.
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
      settle(id, ended('queue_full'));
    }
  };

  return {
    items,
    newId,
    add: (order, delay = 0) => {
      const now = env.monotonic();
      const { id = newId(), timeout = Infinity } = order;
      items.set(id, { ...order, id, sent: false, refusals: 0, dueAt: now + delay, deadline: now + timeout });
      pump();
      return id;
    },
    settle,
    answer: (frame) => {
      const item = items.get(frame['id'] as FrameId);
      if (!item) return;
      const error = frame.type === 'error' ? readError(frame) : undefined;
      if (error?.retry && item.lives === 'again' && (item.publish || !item.asked)) {
        // Behind what was refused, it was not looked at: it goes again in its turn, which is no failure of its own.
        const isBehind = error.code === 'out_of_order' && item.follows;
        const pause = isBehind ? 0 : (error.after ?? backoffDelay(settings, item.refusals++));
        item.sent = false;
        item.dueAt = env.monotonic() + pause;
      } else {
        if (item.publish && !error) acked.add(item.id);
        const [oldest] = acked;
        if (acked.size > maxAcked) acked.delete(oldest as FrameId);
        settle(item.id, error ?? frame);
      }
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
        else if (item.lives === 'now' || (item.lives === 'once' && item.sent))
          settle(item.id, ended('disconnected'));
        item.sent = false;
        item.dueAt = 0;
      }
      pump();
    },
    busy: () => [...items.values()].some((item) => item.sent && item.lives !== 'again'),
  };
};
