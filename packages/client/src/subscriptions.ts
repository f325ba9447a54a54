import { backoffDelay } from './backoff.ts';
import { receive } from './delivery.ts';
import { ThrumError, safely } from './errors.ts';
import type { Encoded } from './link.ts';
import type { Requests } from './requests.ts';
import type { Settings } from './settings.ts';
import { createSubscription, emit, isWanted, stopRetry } from './subscription.ts';
import type { ChannelOptions, Subscription } from './subscription.ts';
import { readError, readPosition, readPublication } from './wire.ts';
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
  /** An `error` with an id that is no request's: it may answer a `subscribe`. */
  refused(frame: Raw): void;
  /** Every other frame about a channel; returns whether it was sound. */
  receive(frame: Raw): boolean;
  /** The client is disposed of. */
  clear(): void;
}

export interface SubscriptionsNeeds {
  readonly settings: Settings;
  readonly requests: Requests;
  /** Connects where nothing else did. */
  wanted(): void;
  /** Whether a connection is there. */
  welcomed(): boolean;
  pump(): void;
}

// A server that announces subscriptions without end must not fill the page's memory.
const maxChannels = 10_000;

export function createSubscriptions(needs: SubscriptionsNeeds): Subscriptions {
  const { settings, requests, wanted, welcomed, pump } = needs;
  const { env, codec, backoff, linger, requestTimeout } = settings;
  const subs = new Map<string, Subscription>();
  const leaving: string[] = [];

  const get = (name: string): Subscription => {
    const found = subs.get(name) ?? createSubscription(name);
    subs.set(name, found);
    return found;
  };
  const forget = (sub: Subscription): void => {
    if (!isWanted(sub) && sub.statusListeners.size === 0 && sub.phase !== 'live') subs.delete(sub.name);
  };
  const setDue = (sub: Subscription): void => {
    stopRetry(sub);
    sub.phase = 'due';
    pump();
  };
  const resubscribe = (sub: Subscription): void => setDue(sub);
  const deliveryNeeds = { env, resubscribe, pump };

  const retry = (sub: Subscription, after: number | undefined): void => {
    stopRetry(sub);
    sub.phase = 'due';
    sub.stopTimer = env.timer(after ?? backoffDelay(backoff, sub.retries++, env.random()), () => {
      sub.stopTimer = undefined;
      pump();
    });
  };

  const changed = (sub: Subscription): void => {
    for (const listener of [...sub.presenceListeners]) safely(listener);
  };

  const leave = (sub: Subscription): void => {
    stopRetry(sub);
    sub.stopAck?.();
    if (welcomed() && (sub.phase === 'asked' || sub.phase === 'live')) leaving.push(sub.name);
    // All that a next listener must not inherit; only those who watch the status stay.
    const { statusListeners } = sub;
    const fresh = createSubscription(sub.name);
    Object.assign(sub, fresh, { statusListeners });
    emit(sub, { type: 'unsubscribed' });
    forget(sub);
    pump();
  };

  const retain = (sub: Subscription, options: ChannelOptions): void => {
    subs.set(sub.name, sub);
    sub.stopLinger?.();
    sub.stopLinger = undefined;
    const more = (options.ack === true && !sub.ack) || (options.presence === true && !sub.presence);
    sub.ack ||= options.ack === true;
    sub.presence ||= options.presence === true;
    if (sub.phase === 'idle' || sub.phase === 'stopped') {
      sub.since ??= options.since;
      emit(sub, { type: 'subscribing' });
      setDue(sub);
    } else if (more) setDue(sub);
    wanted();
  };

  const release = (sub: Subscription): void => {
    if (isWanted(sub)) return;
    sub.stopLinger = env.timer(linger, () => {
      sub.stopLinger = undefined;
      if (!isWanted(sub)) leave(sub);
    });
  };

  const subscribeFrame = (sub: Subscription): Encoded => {
    const since = sub.position ?? sub.since;
    sub.phase = 'asked';
    sub.requestId = requests.nextId();
    sub.asked = readPosition(since);
    sub.stopTimer = env.timer(requestTimeout, () => setDue(sub));
    return codec.encode({
      type: 'subscribe',
      channel: sub.name,
      ...(since !== undefined && { since }),
      ...(sub.ack && { ack: true }),
      ...(sub.presence && { presence: true }),
      id: sub.requestId,
    });
  };

  const next = (): Encoded | undefined => {
    const left = leaving.shift();
    if (left !== undefined) return codec.encode({ type: 'unsubscribe', channel: left, id: requests.nextId() });
    for (const sub of subs.values()) {
      if (sub.phase === 'due' && sub.stopTimer === undefined) return subscribeFrame(sub);
    }
    for (const sub of subs.values()) {
      if (!sub.ackDue || sub.phase !== 'live') continue;
      sub.ackDue = false;
      const { processed, position } = sub;
      if (processed === undefined || processed.epoch !== position?.epoch) continue;
      return codec.encode({ type: 'ack', channel: sub.name, offset: processed.offset });
    }
    return undefined;
  };

  const sendState = (sub: Subscription): void => {
    if (sub.state === undefined || sub.phase !== 'live') return;
    requests.send({ type: 'presence', channel: sub.name, state: sub.state[0] }).catch((error: unknown) => {
      if (error instanceof ThrumError) emit(sub, { type: 'error', error });
    });
  };

  // PROTOCOL.md §3: an answer to our own subscribe, a subscription the server made, or one it had to begin anew.
  const onSubscribed = (frame: Raw): void => {
    const position = readPosition(frame['position']);
    const recovered = frame['recovered'] === true;
    const at = position !== undefined && { position };
    const name = frame['channel'] as string;
    if (frame['id'] === undefined) {
      if (subs.size >= maxChannels && !subs.has(name)) return;
      const sub = get(name);
      sub.announced = true;
      if (sub.phase === 'live') {
        if (recovered) return;
        const lost = sub.position !== undefined || position !== undefined;
        sub.position = position;
        emit(sub, { type: lost ? 'reset' : 'subscribed', ...at });
      } else if (sub.phase === 'idle' || sub.phase === 'stopped') {
        sub.byServer = true;
        sub.phase = 'live';
        sub.position = position;
        emit(sub, { type: 'subscribed', ...at });
      }
      return;
    }
    const sub = subs.get(name);
    if (sub === undefined || sub.phase !== 'asked' || sub.requestId !== frame['id']) return;
    stopRetry(sub);
    sub.phase = 'live';
    sub.retries = 0;
    sub.since = undefined;
    // What came meanwhile counts: an answer to an older position must not take it back.
    if (!recovered || sub.asked === undefined) sub.position = position;
    else sub.position ??= position ?? sub.asked;
    const type = sub.asked === undefined ? 'subscribed' : recovered ? 'recovered' : 'reset';
    emit(sub, { type, ...(sub.position !== undefined && { position: sub.position }) });
    sendState(sub);
  };

  const onRefused = (sub: Subscription, frame: Raw): void => {
    const error = readError(frame);
    stopRetry(sub);
    if (error.retry) retry(sub, error.after);
    else if (sub.announced) {
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
    const { code } = frame;
    if (code === 'unavailable') {
      emit(sub, { type: 'subscribing' });
      retry(sub, undefined);
      return;
    }
    stopRetry(sub);
    sub.phase = 'stopped';
    sub.byServer = false;
    const error = code === undefined ? {} : { error: readError({ message: 'The server ended the subscription', ...frame }) };
    if (sub.roster.clear()) changed(sub);
    emit(sub, { type: 'unsubscribed', ...error });
    forget(sub);
  };

  const receiveFrame = (frame: Raw): boolean => {
    const { type, channel } = frame;
    if (typeof channel !== 'string') return false;
    if (type === 'subscribed') {
      onSubscribed(frame);
      return true;
    }
    const sub = subs.get(channel);
    if (sub === undefined) return true;
    switch (type) {
      case 'unsubscribed':
        onUnsubscribed(sub, frame);
        return true;
      case 'error':
        emit(sub, { type: 'error', error: readError(frame) });
        return true;
      case 'joined':
      case 'left':
      case 'presence':
        if (sub.phase !== 'idle' && sub.roster.apply(frame)) changed(sub);
        return true;
      case 'behind': {
        const { dropped } = frame;
        emit(sub, { type: 'behind', ...(typeof dropped === 'number' && { dropped }) });
        // The hole would only show with the next publication, and there may be none for long.
        if (sub.position !== undefined && sub.phase === 'live') setDue(sub);
        return true;
      }
      default: {
        const publication = readPublication(frame, type);
        if (publication !== undefined) receive(sub, publication, deliveryNeeds);
        return publication !== undefined;
      }
    }
  };

  return {
    get,
    peek: (name) => subs.get(name),
    retain,
    release,
    setState: (sub, state) => {
      sub.state = [state];
      sendState(sub);
    },
    next,
    welcome: () => {
      for (const sub of subs.values()) {
        sub.announced = false;
        if (isWanted(sub)) setDue(sub);
      }
    },
    down: () => {
      leaving.length = 0;
      for (const sub of subs.values()) {
        stopRetry(sub);
        if (sub.phase !== 'asked' && sub.phase !== 'live') continue;
        const wasLive = sub.phase === 'live';
        sub.phase = 'due';
        if (wasLive) emit(sub, { type: 'subscribing' });
      }
    },
    rest: () => {
      for (const sub of subs.values()) {
        if (sub.roster.clear()) changed(sub);
      }
    },
    refused: (frame) => {
      for (const sub of subs.values()) {
        if (sub.phase === 'asked' && sub.requestId === frame['id']) return onRefused(sub, frame);
      }
    },
    receive: receiveFrame,
    clear: () => {
      for (const sub of subs.values()) {
        stopRetry(sub);
        sub.stopAck?.();
        sub.stopLinger?.();
        sub.listeners.clear();
        sub.statusListeners.clear();
        sub.presenceListeners.clear();
      }
      subs.clear();
    },
  };
}
