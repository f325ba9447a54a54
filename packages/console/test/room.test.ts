import type { HistoryResult, Member, Position, Publication } from '@thrum/protocol';
import { describe, expect, test, vi } from 'vitest';
import type { Identity } from '../src/lib/identity.ts';
import { MessageStore } from '../src/lib/messages.ts';
import { Outbox } from '../src/lib/outbox.ts';
import type { RoomChannel, RoomStatus } from '../src/lib/ports.ts';
import { Room } from '../src/lib/room.ts';
import { Store } from '../src/lib/store.ts';
import type { TypingSource } from '../src/lib/typing.ts';

interface Answer<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

function pending<T>(): Answer<T> {
  let resolve: Answer<T>['resolve'] = () => {};
  let reject: Answer<T>['reject'] = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** A channel whose server is the test: requests are answered when it says so. */
class FakeChannel implements RoomChannel {
  status: RoomStatus['type'] = 'unsubscribed';
  readonly published: {
    readonly data: unknown;
    readonly id: string;
    readonly answer: Answer<{ position?: Position }>;
  }[] = [];
  readonly asked: { readonly since?: Position; readonly answer: Answer<HistoryResult> }[] = [];
  readonly states: unknown[] = [];
  readonly #listeners = new Set<(publication: Publication) => void>();
  readonly #statusListeners = new Set<(status: RoomStatus) => void>();
  readonly #presenceListeners = new Set<(members: readonly Member[]) => void>();
  readonly presence = {
    members: [] as readonly Member[],
    onChange: (listener: (members: readonly Member[]) => void) => listen(this.#presenceListeners, listener),
    update: (state: unknown): void => void this.states.push(state),
  };

  get listening(): number {
    return this.#listeners.size + this.#statusListeners.size + this.#presenceListeners.size;
  }

  onAny(listener: (publication: Publication) => void): () => void {
    return listen(this.#listeners, listener);
  }

  onStatus(listener: (status: RoomStatus) => void): () => void {
    return listen(this.#statusListeners, listener);
  }

  publish(_event: string, data: unknown, { id }: { readonly id: string }): Promise<{ position?: Position }> {
    const answer = pending<{ position?: Position }>();
    this.published.push({ data, id, answer });
    return answer.promise;
  }

  history(options: { readonly since?: Position }): Promise<HistoryResult> {
    const answer = pending<HistoryResult>();
    this.asked.push({ ...options, answer });
    return answer.promise;
  }

  dispose(): void {}

  tell(status: RoomStatus): void {
    this.status = status.type;
    this.mention(status);
  }

  /** A status that changes nothing about how the subscription stands. */
  mention(status: RoomStatus): void {
    for (const listener of this.#statusListeners) listener(status);
  }

  deliver(publication: Publication): void {
    for (const listener of this.#listeners) listener(publication);
  }
}

function listen<T>(set: Set<T>, listener: T): () => void {
  set.add(listener);
  return () => set.delete(listener);
}

function message(epoch: string, offset: number, text: string): Publication {
  return {
    channel: 'chat:lobby',
    event: 'message',
    data: { text },
    epoch,
    offset,
    from: 'grace',
    timestamp: 1,
  };
}

function page(publications: readonly Publication[], position: Position, more = false): HistoryResult {
  return { publications, position, more, recovered: true };
}

interface Rig {
  readonly channel: FakeChannel;
  readonly room: Room;
  readonly outbox: Outbox;
  readonly identity: Store<Identity>;
  readonly texts: () => string;
}

function enter(channel = new FakeChannel(), messages = new MessageStore(() => 'ada')): Rig {
  const identity = new Store<Identity>({ name: 'Ada', userId: 'ada' });
  const outbox = new Outbox();
  const typing: TypingSource = {
    users: new Store<readonly string[]>([]),
    start() {},
    stop() {},
    dispose() {},
  };
  const room = new Room('lobby', { channel, messages, typing, identity, outbox, now: () => 1 });
  const texts = (): string =>
    room.timeline
      .get()
      .map((item) =>
        item.kind === 'divider'
          ? '--'
          : `${item.message.text}${item.message.state === 'sent' ? '' : `(${item.message.state})`}`,
      )
      .join(' ');
  return { channel, room, outbox, identity, texts };
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

describe('history', () => {
  test('is loaded at the first subscribed and merged with what came live meanwhile', async () => {
    const { channel, room, texts } = enter();
    expect(room.view.get().history).toBe('loading');
    channel.tell({ type: 'subscribed', position: { epoch: 'e', offset: 1 } });
    channel.deliver(message('e', 2, 'live'));
    channel.asked[0]?.answer.resolve(
      page([message('e', 2, 'live'), message('e', 1, 'old')], { epoch: 'e', offset: 2 }),
    );
    await settled();
    expect(texts()).toBe('old live');
    expect(room.view.get()).toMatchObject({ history: 'ready', earlier: 'none' });
  });

  test('is not loaded again after a recovery, and is after a reset', async () => {
    const { channel, texts } = enter();
    channel.tell({ type: 'subscribed', position: { epoch: 'e', offset: 1 } });
    channel.asked[0]?.answer.resolve(page([message('e', 1, 'a')], { epoch: 'e', offset: 1 }));
    await settled();
    channel.tell({ type: 'subscribing' });
    channel.tell({ type: 'recovered', position: { epoch: 'e', offset: 1 } });
    expect(channel.asked).toHaveLength(1);
    channel.tell({ type: 'reset', position: { epoch: 'f', offset: 1 } });
    channel.asked[1]?.answer.resolve(page([message('f', 1, 'b')], { epoch: 'f', offset: 1 }));
    await settled();
    expect(texts()).toBe('a -- b');
  });

  test('is asked for again after a recovery when its first answer never came', async () => {
    const { channel, room, texts } = enter();
    channel.tell({ type: 'subscribed', position: { epoch: 'e', offset: 1 } });
    channel.asked[0]?.answer.reject(new Error('Not connected'));
    await settled();
    expect(room.view.get()).toMatchObject({ history: 'failed', problem: 'Not connected' });
    channel.tell({ type: 'recovered', position: { epoch: 'e', offset: 1 } });
    channel.asked[1]?.answer.resolve(page([message('e', 1, 'a')], { epoch: 'e', offset: 1 }));
    await settled();
    expect(room.view.get()).toMatchObject({ history: 'ready', problem: undefined });
    expect(texts()).toBe('a');
  });

  test('an answer that a newer request has overtaken counts for nothing', async () => {
    const { channel, texts } = enter();
    channel.tell({ type: 'subscribed', position: { epoch: 'e', offset: 1 } });
    channel.tell({ type: 'reset', position: { epoch: 'f', offset: 1 } });
    channel.asked[1]?.answer.resolve(page([message('f', 1, 'b')], { epoch: 'f', offset: 1 }));
    await settled();
    channel.asked[0]?.answer.resolve(page([message('e', 1, 'a')], { epoch: 'e', offset: 1 }));
    await settled();
    expect(texts()).toBe('b');
  });

  test('is loaded at once where the subscription was there before the room', () => {
    const channel = new FakeChannel();
    channel.status = 'recovered';
    enter(channel);
    expect(channel.asked).toHaveLength(1);
  });

  test('is paged towards the past', async () => {
    const { channel, room, texts } = enter();
    channel.tell({ type: 'subscribed', position: { epoch: 'e', offset: 2 } });
    channel.asked[0]?.answer.resolve(page([message('e', 2, 'b')], { epoch: 'e', offset: 2 }, true));
    await settled();
    expect(room.view.get().earlier).toBe('available');
    const load = room.loadEarlier();
    expect(room.view.get().earlier).toBe('loading');
    expect(channel.asked[1]?.since).toEqual({ epoch: 'e', offset: 2 });
    channel.asked[1]?.answer.resolve(page([message('e', 1, 'a')], { epoch: 'e', offset: 2 }));
    await load;
    expect(texts()).toBe('a b');
    expect(room.view.get().earlier).toBe('none');
  });
});

test('a refusal that leaves the subscription alive does not close the room', () => {
  const { channel, room } = enter();
  channel.tell({ type: 'subscribed', position: { epoch: 'e', offset: 0 } });
  channel.mention({ type: 'error', error: new Error('Rate limit exceeded') });
  channel.mention({ type: 'behind', dropped: 3 });
  expect(room.view.get().problem).toBeUndefined();
});

test('a refused room says why, and says so no more once it is let in', () => {
  const { channel, room } = enter();
  channel.tell({ type: 'error', error: new Error('Access denied to channel') });
  expect(room.view.get().problem).toBe('Access denied to channel');
  channel.tell({ type: 'subscribed' });
  expect(room.view.get().problem).toBeUndefined();
});

describe('sending', () => {
  test('a message is pending and counted until its ack', async () => {
    const { channel, room, outbox, texts } = enter();
    room.send('hi');
    expect(texts()).toBe('hi(pending)');
    expect(outbox.waiting.get()).toBe(1);
    expect(channel.published[0]?.data).toEqual({ text: 'hi', name: 'Ada' });
    channel.published[0]?.answer.resolve({ position: { epoch: 'e', offset: 1 } });
    await settled();
    expect(texts()).toBe('hi');
    expect(outbox.waiting.get()).toBe(0);
  });

  test('a retry is the same message under the same id, whatever the name is by now', async () => {
    const { channel, room, outbox, identity, texts } = enter();
    room.send('hi');
    channel.published[0]?.answer.reject(Object.assign(new Error('x'), { code: 'expired' }));
    await settled();
    expect(outbox.waiting.get()).toBe(0);
    const [item] = room.timeline.get();
    if (item?.kind !== 'message') throw new Error('expected a message');
    expect(item.message).toMatchObject({ state: 'failed', problem: 'It waited too long in the queue.' });
    identity.set({ name: 'Countess', userId: 'ada' });
    room.retry(item.message);
    expect(texts()).toBe('hi(pending)');
    expect(channel.published[1]).toMatchObject({
      id: channel.published[0]?.id,
      data: channel.published[0]?.data,
    });
  });

  test('what was sent before a look into another room is still waiting after it', () => {
    const messages = new MessageStore(() => 'ada');
    const first = enter(new FakeChannel(), messages);
    first.room.send('hi');
    first.room.dispose();
    expect(enter(new FakeChannel(), messages).texts()).toBe('hi(pending)');
  });
});

test('the name is announced at once and with each change', () => {
  const { channel, identity } = enter();
  identity.set({ name: 'Countess', userId: 'ada' });
  expect(channel.states).toEqual([{ name: 'Ada' }, { name: 'Countess' }]);
});

test('a room that was left hears nothing and asks nothing', async () => {
  const { channel, room, identity, texts } = enter();
  const dispose = vi.spyOn(channel, 'dispose');
  channel.tell({ type: 'subscribed', position: { epoch: 'e', offset: 1 } });
  room.dispose();
  channel.asked[0]?.answer.resolve(page([message('e', 1, 'a')], { epoch: 'e', offset: 1 }));
  identity.set({ name: 'Countess' });
  await settled();
  expect(texts()).toBe('');
  expect(channel.states).toHaveLength(1);
  expect(channel.listening).toBe(0);
  expect(dispose).toHaveBeenCalledOnce();
});
