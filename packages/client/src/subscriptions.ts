import { isPosition } from '@thrum/protocol';
import { backoffDelay } from './backoff.ts';
import { onBehind, receive } from './delivery.ts';
import { notify } from './errors.ts';
import type { Encoded } from './link.ts';
import { encode } from './outgoing.ts';
import type { Settings } from './settings.ts';
import { createSubscription, emit, isWanted, stopRetry } from './subscription.ts';
import type { ChannelOptions, Subscription } from './subscription.ts';
import { isText, readError, readPublication, withPosition } from './wire.ts';
import type { Raw } from './wire.ts';

/** Every channel of one client. Handles come and go; what the server knows is kept here. */
export interface Subscriptions {
  get(name: string): Subscription;
  peek(name: string): Subscription | undefined;
  /** Somebody listens now: subscribes unless that has happened, or asks again for more. */
  retain(sub: Subscription, options: ChannelOptions): void;
  /** Somebody left: the last one unsubscribes, after the linger. */
  release(sub: Subscription): void;
  setState(sub: Subscription, state: unknown): void;
  next(): Encoded | undefined;
  welcome(): void;
  down(): void;
  rest(): void;
  /** An `error` with an id that is no request's: it may answer a `subscribe`, or an own presence state. */
  refused(frame: Raw): void;
  /** Every other frame about a channel; returns whether it was sound. */
  receive(frame: Raw): boolean;
  /** The client is disposed of. */
  clear(): void;
}

// A server that announces subscriptions without end must not fill the page's memory.
const maxChannels = 10_000;
// Confirmations within this many milliseconds become one frame: a busy channel must not spend the rate limit on them.
const ackDelay = 50;

/**
 * @param nextId a frame id that nothing else carries
 * @param wanted connects where nothing else did
 * @param welcomed whether a connection is there
 * @param pump sends what may go now
 */
export function createSubscriptions(
  settings: Settings,
  nextId: () => number,
  wanted: () => unknown,
  welcomed: () => boolean,
  pump: () => void,
): Subscriptions {
  const { env, codec } = settings;
  const subs = new Map<string, Subscription>();
  const leaving: string[] = [];

  const get = (name: string): Subscription => {
    const sub = subs.get(name) ?? createSubscription(name);
    subs.set(name, sub);
    return sub;
  };
  const forget = (sub: Subscription): void => {
    if (!isWanted(sub) && sub.statusListeners.size === 0) subs.delete(sub.name);
  };
  /** A `subscribe` has to go: at once, or after a while. */
  const ask = (sub: Subscription, after?: number): void => {
    stopRetry(sub);
    sub.phase = 'due';
    if (after === undefined) pump();
    else {
      sub.stopTimer = env.timer(after, () => {
        sub.stopTimer = undefined;
        pump();
      });
    }
  };
  const askLater = (sub: Subscription, after?: number): void =>
    ask(sub, after ?? backoffDelay(settings.backoff, sub.retries++, env.random()));

  const delivery = {
    resubscribe: (sub: Subscription): void => {
      sub.since = sub.processed;
      ask(sub);
    },
    acknowledge: (sub: Subscription): void => {
      sub.stopAck ??= env.timer(ackDelay, () => {
        sub.stopAck = undefined;
        sub.ackDue = true;
        pump();
      });
    },
  };

  const clearRoster = (sub: Subscription): void => {
    if (sub.roster.clear()) notify(sub.presenceListeners);
  };

  const leave = (sub: Subscription): void => {
    stopRetry(sub);
    sub.stopAck?.();
    if (welcomed() && (sub.phase === 'asked' || sub.phase === 'live')) leaving.push(sub.name);
    // Gone for good: a next listener must inherit nothing. Only those who watch the status stay.
    subs.delete(sub.name);
    if (sub.statusListeners.size > 0)
      subs.set(sub.name, { ...createSubscription(sub.name), statusListeners: sub.statusListeners });
    sub.phase = 'idle';
    emit(sub, { type: 'unsubscribed' });
    pump();
  };

  const subscribeFrame = (sub: Subscription): Encoded => {
    const since = sub.position ?? sub.since;
    const { ack, as, presence } = sub;
    sub.phase = 'asked';
    sub.requestId = nextId();
    sub.asked = isPosition(since) ? since : undefined;
    sub.stopTimer = env.timer(settings.requestTimeout, () => ask(sub));
    // The cursor knows what was processed. What was only received has to come again, should this page end now.
    const from = as === undefined ? since : sub.since;
    return codec.encode({
      type: 'subscribe',
      channel: sub.name,
      since: from,
      ack,
      name: as,
      presence,
      id: sub.requestId,
    });
  };

  // PROTOCOL.md §3: an unasked-for one is a subscription that the server made, or had to begin anew.
  const onAnnounced = (sub: Subscription, frame: Raw): void => {
    sub.announced = true;
    const at = withPosition(frame);
    if (sub.phase === 'live') {
      if (frame['recovered'] === true) return;
      sub.position = at.position;
      emit(sub, { type: 'reset', ...at });
    } else if (sub.phase === 'idle' || sub.phase === 'stopped') {
      sub.byServer = true;
      sub.phase = 'live';
      sub.position = at.position;
      emit(sub, { type: 'subscribed', ...at });
    }
  };

  const onSubscribed = (sub: Subscription, frame: Raw): void => {
    if (sub.phase !== 'asked' || sub.requestId !== frame['id']) return;
    const recovered = frame['recovered'] === true;
    const { asked } = sub;
    stopRetry(sub);
    sub.phase = 'live';
    sub.retries = 0;
    sub.since = undefined;
    sub.excused = undefined;
    // What came meanwhile counts: an answer to an older position must not take it back.
    if (recovered && asked !== undefined) sub.position ??= asked;
    else sub.position = withPosition(frame).position;
    emit(sub, {
      type: asked === undefined ? 'subscribed' : recovered ? 'recovered' : 'reset',
      ...withPosition(sub),
    });
    sub.stateDue = true;
    pump();
  };

  const onRefused = (sub: Subscription, frame: Raw): void => {
    const error = readError(frame);
    stopRetry(sub);
    if (error.retry) askLater(sub, error.after);
    else if (sub.announced === true) {
      // The server's own subscription goes on; what came since we last knew is not ours to ask for.
      sub.phase = 'live';
      sub.position = undefined;
      emit(sub, { type: 'reset' });
      return;
    } else {
      sub.phase = 'stopped';
      sub.byServer = false;
    }
    emit(sub, { type: 'error', error });
    forget(sub);
  };

  const onUnsubscribed = (sub: Subscription, frame: Raw): void => {
    // With an id it answers our own unsubscribe, after which a new subscribe may be on its way already.
    if (frame['id'] !== undefined || sub.phase === 'idle') return;
    if (frame['code'] === 'unavailable') {
      emit(sub, { type: 'subscribing' });
      askLater(sub);
      return;
    }
    stopRetry(sub);
    sub.phase = 'stopped';
    sub.byServer = false;
    clearRoster(sub);
    emit(sub, { type: 'unsubscribed', ...(frame['code'] !== undefined && { error: readError(frame) }) });
    forget(sub);
  };

  return {
    get,
    peek: (name) => subs.get(name),
    retain: (sub, { ack, name, presence, since }) => {
      sub.stopLinger?.();
      sub.stopLinger = undefined;
      const more = (ack === true && sub.ack !== true) || (presence === true && sub.presence !== true);
      if (ack === true) sub.ack = true;
      sub.as ??= name;
      if (presence === true) sub.presence = true;
      const begins = sub.phase === 'idle' || sub.phase === 'stopped';
      if (begins) {
        sub.since ??= since;
        emit(sub, { type: 'subscribing' });
      }
      if (begins || more) ask(sub);
      wanted();
    },
    release: (sub) => {
      if (isWanted(sub)) return;
      sub.stopLinger = env.timer(settings.linger, () => {
        sub.stopLinger = undefined;
        if (!isWanted(sub)) leave(sub);
      });
    },
    setState: (sub, state) => {
      sub.stateId = nextId();
      sub.state = encode(settings, { type: 'presence', channel: sub.name, state, id: sub.stateId });
      sub.stateDue = true;
      pump();
    },
    next: () => {
      const left = leaving.shift();
      if (left !== undefined) return codec.encode({ type: 'unsubscribe', channel: left, id: nextId() });
      for (const sub of subs.values()) {
        if (sub.phase === 'due' && sub.stopTimer === undefined) return subscribeFrame(sub);
      }
      for (const sub of subs.values()) {
        const { ackDue, stateDue, state, phase, processed, position, name } = sub;
        if (phase !== 'live') continue;
        sub.stateDue = false;
        if (stateDue === true && state !== undefined) return state;
        if (ackDue !== true) continue;
        sub.ackDue = false;
        // An offset of an older epoch would confirm what nobody has seen.
        if (processed === undefined || processed.epoch !== position?.epoch) continue;
        return codec.encode({ type: 'ack', channel: name, ...processed });
      }
      return undefined;
    },
    welcome: () => {
      for (const sub of subs.values()) {
        sub.announced = false;
        if (isWanted(sub)) ask(sub);
      }
    },
    down: () => {
      leaving.length = 0;
      for (const sub of subs.values()) {
        const { phase } = sub;
        stopRetry(sub);
        if (phase !== 'asked' && phase !== 'live') continue;
        sub.phase = 'due';
        if (phase === 'live') emit(sub, { type: 'subscribing' });
      }
    },
    rest: () => {
      for (const sub of subs.values()) clearRoster(sub);
    },
    refused: (frame) => {
      for (const sub of subs.values()) {
        if (sub.phase === 'asked' && sub.requestId === frame['id']) onRefused(sub, frame);
        else if (sub.stateId === frame['id']) emit(sub, { type: 'error', error: readError(frame) });
      }
    },
    receive: (frame) => {
      const { type, channel, id, dropped, superseded } = frame;
      if (!isText(channel)) return false;
      const unasked = type === 'subscribed' && id === undefined && subs.size < maxChannels;
      const sub = unasked ? get(channel) : subs.get(channel);
      if (sub === undefined) return true;
      switch (type) {
        case 'subscribed':
          if (id === undefined) onAnnounced(sub, frame);
          else onSubscribed(sub, frame);
          break;
        case 'unsubscribed':
          onUnsubscribed(sub, frame);
          break;
        case 'error':
          emit(sub, { type, error: readError(frame) });
          break;
        case 'joined':
        case 'left':
        case 'presence':
          if (sub.phase !== 'idle' && sub.roster.apply(frame)) notify(sub.presenceListeners);
          break;
        case 'behind':
          if (onBehind(sub, dropped, superseded === true)) ask(sub);
          break;
        default: {
          const publication = readPublication(frame, type);
          if (publication === undefined) return false;
          receive(sub, publication, delivery);
        }
      }
      return true;
    },
    clear: () => {
      for (const sub of subs.values()) {
        stopRetry(sub);
        sub.stopAck?.();
        sub.stopLinger?.();
        // Ends the loops that still wait for a publication.
        sub.phase = 'stopped';
        emit(sub, { type: 'unsubscribed' });
        sub.listeners.clear();
        sub.statusListeners.clear();
        sub.presenceListeners.clear();
      }
      subs.clear();
    },
  };
}
