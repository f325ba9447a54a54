import { isPosition } from '@thrum/protocol';
import type { FrameId, Member, Position, Publication, Since } from '@thrum/protocol';
import { backoffDelay } from './backoff.ts';
import { ThrumError, notify } from './errors.ts';
import type { Outbox, Requests, Subscriptions } from './parts.ts';
import { withChanges } from './presence.ts';
import type { Settings } from './settings.ts';
import type { Encoded } from './socket-like.ts';
import type { Status, StatusType, Subscription } from './subscription.ts';
import { readError, readPublication } from './wire.ts';
import type { Frame } from './wire.ts';

// A server that announces subscriptions without end must not fill the page's memory.
const maxChannels = 10_000;
// Confirmations within this many milliseconds become one frame: a busy channel must not spend the rate limit on them.
const ackDelay = 50;

// One for all, so that it stays the same while nothing changes.
const nobody: readonly Member[] = [];

/** @param wanted connects where nothing else did */
export const createSubscriptions = (
  settings: Settings,
  outbox: Outbox,
  requests: Requests,
  wanted: () => unknown,
): Subscriptions => {
  const { env } = settings;
  const subs = new Map<string, Subscription>();

  const get = (name: string): Subscription => {
    let sub = subs.get(name);
    if (!sub) {
      sub = {
        name,
        listeners: new Set(),
        statusListeners: new Set(),
        phase: 'idle',
        status: 'unsubscribed',
        members: nobody,
      };
      subs.set(name, sub);
    }
    return sub;
  };

  /** Moves on to a phase and says so. */
  const emit = (sub: Subscription, phase: Subscription['phase'], status: Status): void => {
    sub.phase = phase;
    sub.status = status.type;
    notify(sub.statusListeners, status);
  };
  const setMembers = (sub: Subscription, members: readonly Member[]): void => {
    if (sub.members !== members) {
      sub.members = members;
      notify(sub.listeners, 'presence', members);
    }
  };

  /** Without `since`: for a stream that goes on as it is (PROTOCOL.md §2 subscribe). */
  const encodeOptions = (sub: Subscription, id: FrameId, since?: Since): Encoded =>
    JSON.stringify({
      type: 'subscribe',
      channel: sub.name,
      since,
      ack: sub.ack,
      name: sub.as,
      presence: sub.presence,
      maxRate: sub.slowed ?? sub.maxRate,
      id,
    });
  /** Sends a `subscribe`, in place of one that has no answer yet. */
  const ask = (sub: Subscription, delay?: number): void => {
    outbox.items.delete(sub.asking);
    sub.phase = 'asking';
    const encodeSubscribe = (id: FrameId): Encoded => {
      // The cursor knows what was processed. What was only received has to come again, should this page end now.
      return encodeOptions(sub, id, sub.as ? sub.since : (sub.position ?? sub.since));
    };
    const done = (outcome: Frame | ThrumError): void => {
      if (!(outcome instanceof ThrumError)) onAnswer(sub, outcome);
      // The server's own subscription goes on; what came since we last knew is not ours to ask for.
      else if (sub.byServer) enter(sub, 'reset');
      else stop(sub, { type: 'error', error: outcome });
    };
    sub.asking = outbox.add({ lives: 'again', encode: encodeSubscribe, done }, delay);
  };
  const begin = (sub: Subscription, delay?: number): void => {
    emit(sub, 'asking', { type: 'subscribing' });
    ask(sub, delay);
  };
  const enter = (sub: Subscription, type: StatusType, position?: Position): void => {
    sub.position = position;
    sub.origin ??= position;
    emit(sub, 'live', { type, position });
  };

  const onAnswer = (sub: Subscription, { recovered, position }: Frame): void => {
    // What came in order since we asked counts: an answer to an older position must not take it back.
    const last = sub.position ?? sub.since;
    sub.since = undefined;
    sub.excused = 0;
    if (!isPosition(last)) enter(sub, 'subscribed', position);
    else if (recovered) enter(sub, 'recovered', last);
    else enter(sub, 'reset', position);
    tell(sub);
  };
  const tell = (sub: Subscription): void => {
    if (!sub.state) return;
    requests
      .request('once', { type: 'presence', channel: sub.name, ...sub.state }, undefined, () => {})
      .catch((error) => {
        // Without a connection nobody refused it, and it goes again on the next one.
        if (sub.phase === 'live') notify(sub.statusListeners, { type: 'error', error });
      });
  };
  // PROTOCOL.md §3: an unasked-for one is a subscription that the server made, or had to begin anew.
  const onAnnounced = (sub: Subscription, { recovered, position }: Frame): void => {
    const { phase } = sub;
    if (phase !== 'live') sub.byServer = true;
    if (phase !== 'asking' && !recovered) enter(sub, phase === 'idle' ? 'subscribed' : 'reset', position);
  };

  /** Nothing more of it comes, and nothing more goes. */
  const stop = (sub: Subscription, status: Status): void => {
    outbox.items.delete(sub.asking);
    sub.byServer = false;
    setMembers(sub, nobody);
    emit(sub, 'idle', status);
    if (sub.listeners.size > 0) return;
    // Gone for good: a next listener must inherit nothing. Only those who watch the status stay.
    sub.stopLinger?.();
    outbox.items.delete(sub.acking);
    subs.delete(sub.name);
    if (sub.statusListeners.size > 0) get(sub.name).statusListeners = sub.statusListeners;
  };
  const leave = (sub: Subscription): void => {
    if (outbox.items.get(sub.asking)?.sent || sub.phase === 'live') {
      outbox.add({
        lives: 'now',
        encode: (id) => JSON.stringify({ type: 'unsubscribe', channel: sub.name, id }),
      });
    }
    stop(sub, { type: 'unsubscribed' });
  };

  const acknowledge = (sub: Subscription): void => {
    if (outbox.items.get(sub.acking)) return;
    const encodeAck = (): Encoded | undefined => {
      const { processed } = sub;
      // An offset of an older epoch would confirm what nobody has seen.
      return processed && processed.epoch === sub.position?.epoch
        ? JSON.stringify({ type: 'ack', channel: sub.name, ...processed })
        : undefined;
    };
    sub.acking = outbox.add({ lives: 'now', encode: encodeAck }, ackDelay);
  };

  /** Gives a publication to the listeners if it is the next one; a repeat or one behind a hole is not (PROTOCOL.md §6). */
  const deliver = (sub: Subscription, publication: Publication): void => {
    const { position: last, ack } = sub;
    const { event, epoch = '', offset, conflated = 0 } = publication;
    const position = offset === undefined ? undefined : { epoch, offset };
    if (position) {
      const ahead = last?.epoch === epoch ? position.offset - last.offset : Infinity;
      // Sent again because it was not confirmed: say once more how far the listeners have come.
      if (ahead <= 0 && ack) acknowledge(sub);
      // Not live: left over from before, or it comes again in order once our subscribe is answered.
      // Those right before it that gave way to newer ones are no hole (PROTOCOL.md §19).
      const missing = ahead - conflated - 1;
      if (ahead <= 0 || (missing > 0 && sub.phase !== 'live')) return;
      if (missing > 0 && last) {
        const excused = (sub.excused ?? 0) - missing;
        if (excused >= 0) sub.excused = excused;
        else if (sub.holeAt !== last) {
          sub.holeAt = last;
          sub.since = sub.processed;
          ask(sub);
          return;
        }
        // Asked once, answered, and the same hole again: say so and go on, rather than ask for ever.
        else emit(sub, 'live', { type: 'reset', position });
      }
      sub.position = position;
    }
    const running = notify(sub.listeners, event, publication);
    if (ack && position) {
      sub.processing = Promise.all([sub.processing, ...running]).then(() => {
        sub.processed = position;
        acknowledge(sub);
      });
    }
  };

  return {
    all: subs,
    get,
    retain: (sub, { ack, name, presence, since, maxRate }) => {
      const faster = (maxRate ?? Infinity) > (sub.maxRate ?? Infinity);
      const more = (ack && !sub.ack) || (presence && !sub.presence) || faster;
      if (faster || sub.phase === 'idle') sub.maxRate = maxRate;
      sub.ack ||= ack;
      sub.as ??= name;
      sub.presence ||= presence;
      if (sub.phase === 'idle') {
        sub.since ??= since;
        begin(sub);
      } else if (more) ask(sub);
      wanted();
    },
    release: (sub) => {
      if (sub.listeners.size > 0 || sub.byServer) return;
      sub.stopLinger?.();
      sub.stopLinger = env.timer(settings.linger, () => {
        if (sub.listeners.size === 0) leave(sub);
      });
    },
    setRate: (name, maxRate) => {
      const sub = get(name);
      sub.slowed = maxRate;
      if (sub.phase === 'asking') ask(sub);
      if (sub.phase !== 'live') return;
      outbox.add({
        // The next connection's own `subscribe` says it too.
        lives: 'now',
        encode: (id) => encodeOptions(sub, id),
        // Refused: asked with everything, it is tried again or told. `disconnected` is no answer.
        done: (outcome) =>
          'retry' in outcome && outcome.code !== 'disconnected' && sub.phase === 'live' && ask(sub),
      });
    },
    setState: (name, state) => {
      const sub = get(name);
      sub.state = { state };
      if (sub.phase === 'live') tell(sub);
    },
    down: (error) => {
      for (const sub of subs.values()) {
        if (error) setMembers(sub, nobody);
        sub.byServer = false;
        if (sub.phase === 'live' || (sub.phase === 'idle' && sub.listeners.size > 0)) begin(sub);
      }
    },
    receive: (frame) => {
      const { type, channel, dropped, superseded } = frame;
      if (!channel) return false;
      const sub = type === 'subscribed' && subs.size < maxChannels ? get(channel) : subs.get(channel);
      // What we have left may still be on its way here.
      if (!sub || (sub.phase === 'idle' && type !== 'subscribed')) return true;
      switch (type) {
        case 'subscribed':
          onAnnounced(sub, frame);
          break;
        case 'unsubscribed':
          if (frame.code === 'unavailable') begin(sub, backoffDelay(settings, 0));
          else stop(sub, { type, error: frame.code ? readError(frame) : undefined });
          break;
        case 'error':
          notify(sub.statusListeners, { type, error: readError(frame) });
          break;
        case 'joined':
        case 'left':
        case 'presence':
          setMembers(sub, withChanges(sub.members, frame));
          break;
        case 'behind': {
          const count = Number(dropped) || 0;
          notify(sub.statusListeners, {
            type,
            dropped: count,
            superseded: superseded === true,
          });
          if (superseded) sub.excused = (sub.excused ?? 0) + count;
          // The hole would only show with the next publication, and there may be none for long.
          else if (sub.position && sub.phase === 'live') ask(sub);
          break;
        }
        default: {
          const [publication] = readPublication(frame);
          if (!publication) return false;
          deliver(sub, publication);
        }
      }
      return true;
    },
    clear: () => {
      [...subs.values()].forEach(leave);
      subs.clear();
    },
  };
};
