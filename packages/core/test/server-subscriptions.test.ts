import { describe, expect, it } from 'vitest';
import type { ChannelEvent } from '../src/index.ts';
import { createWorld } from './support/world.ts';

describe('subscribeUser', () => {
  it('subscribes every connection of a user, unasked', async () => {
    const world = createWorld();
    const tabs = [world.connect('ada'), world.connect('ada')];
    const other = world.connect('bob');
    expect(await world.core.subscribeUser('ada', 'a')).toBe(2);
    await world.publish('a', 1);
    for (const tab of tabs) {
      expect(tab.last('subscribed')).toEqual({
        type: 'subscribed',
        channel: 'a',
        position: expect.objectContaining({ offset: 0 }),
        recovered: false,
      });
      expect(tab.offsets()).toEqual([1]);
    }
    expect(other.publications()).toEqual([]);
  });

  it('leaves a subscription that is there with the options its client chose', async () => {
    const world = createWorld({ channels: { a: { presence: true } } });
    const client = await world.join('ada', 'a', { ack: true, presence: true });
    client.clear();
    await world.core.subscribeUser('ada', 'a');
    expect(client.frames).toEqual([]);
    await world.join('bob', 'a');
    expect(client.all('joined')).toHaveLength(1);
    await world.publish('a', 1);
    await world.advance(5250);
    expect(client.offsets()).toEqual([1, 1]);
  });

  it('refuses names that no client could use', async () => {
    const { core } = createWorld();
    await expect(core.subscribeUser('ada', 'a\n')).rejects.toMatchObject({ code: 'invalid_channel' });
    await expect(core.history('')).rejects.toMatchObject({ code: 'invalid_channel' });
    await expect(core.publish('x'.repeat(256), 'message', 1)).rejects.toMatchObject({
      code: 'invalid_channel',
    });
  });

  it('meets a subscribe of the client itself without losing or doubling anything', async () => {
    for (let turns = 0; turns < 12; turns += 1) {
      const world = createWorld();
      await world.publish('a', 1);
      const epoch = world.broker.appended[0]?.epoch;
      const client = world.connect('ada');
      const subscribing = world.core.subscribeUser('ada', 'a');
      for (let i = 0; i < turns; i += 1) await Promise.resolve();
      client.send({ type: 'subscribe', channel: 'a', since: { epoch, offset: 0 }, ack: true, id: 1 });
      for (let n = 2; n <= 6; n += 1) {
        await Promise.resolve();
        void world.publish('a', n);
      }
      await subscribing;
      await world.settle();
      expect(client.answers(1)).toHaveLength(1);
      const own = client.frames.findIndex(({ id }) => id === 1);
      const after = client.frames.slice(own).filter((frame) => frame['timestamp'] !== undefined);
      expect(after.map(({ offset }) => offset)).toEqual([1, 2, 3, 4, 5, 6]);
    }
  });
});

describe('unsubscribeUser', () => {
  it('reaches a subscribe whose right was asked for before it was withdrawn', async () => {
    let answer = (allowed: boolean): void => void allowed;
    const authorize = (): Promise<boolean> => new Promise((resolve) => (answer = resolve));
    const world = createWorld({ channels: { a: { authorize } } });
    const client = world.connect('ada');
    client.send({ type: 'subscribe', channel: 'a', id: 1 });
    await world.settle();
    world.core.unsubscribeUser('ada', 'a');
    answer(true);
    await world.settle();
    expect(client.last('error')).toMatchObject({ code: 'access_denied', id: 1 });
    await world.publish('a', 1);
    expect(client.publications()).toEqual([]);
  });

  it('is what a denied resubscribe comes to: the subscription that was there ends too', async () => {
    let allowed = true;
    const world = createWorld({ channels: { a: { authorize: () => allowed } } });
    const client = await world.join('ada', 'a');
    allowed = false;
    client.send({ type: 'subscribe', channel: 'a', id: 2 });
    await world.advance(50);
    expect(client.last('unsubscribed')).toMatchObject({ channel: 'a', code: 'access_denied' });
    expect(client.last('error')).toMatchObject({ code: 'access_denied', id: 2 });
    await world.publish('a', 1);
    expect(client.publications()).toEqual([]);
  });

  it('ends the subscriptions of a user, and says why', async () => {
    const world = createWorld();
    const client = await world.join('ada', 'a');
    expect(world.core.unsubscribeUser('ada', 'a')).toBe(1);
    expect(client.last('unsubscribed')).toEqual({
      type: 'unsubscribed',
      channel: 'a',
      code: 'access_denied',
    });
    await world.publish('a', 1);
    expect(client.publications()).toEqual([]);
    expect(world.core.unsubscribeUser('ada', 'a')).toBe(0);
  });

  it('during a join answers that join too', async () => {
    const world = createWorld();
    const release = world.broker.hold();
    const client = world.connect('ada');
    client.send({ type: 'subscribe', channel: 'a', id: 1 });
    await world.settle();
    world.core.unsubscribeUser('ada', 'a');
    release();
    await world.settle();
    expect(client.answers(1)).toEqual([
      expect.objectContaining({ type: 'error', code: 'access_denied', channel: 'a' }),
    ]);
    expect(world.core.channels()).toEqual([]);
  });

  it('during a join that fails leaves a later subscription alone', async () => {
    const world = createWorld();
    await world.join('bob', 'a');
    const release = world.broker.hold();
    world.broker.failingReads = 1;
    const client = world.connect('ada');
    client.send({ type: 'subscribe', channel: 'a', id: 1 });
    await world.settle();
    world.core.unsubscribeUser('ada', 'a');
    const again = world.core.subscribeUser('ada', 'a');
    release();
    await again.catch(() => undefined);
    await world.settle();
    await world.core.subscribeUser('ada', 'a');
    await world.publish('a', 1);
    expect(client.offsets()).toEqual([1]);
    client.drop();
    expect(world.core.channels()).toEqual([expect.objectContaining({ channel: 'a', subscribers: 1 })]);
  });
});

describe('subscribe and unsubscribe hooks', () => {
  it('come in pairs, also for joins that never finished', async () => {
    const events: string[] = [];
    const note = (what: string) => (event: ChannelEvent) => void events.push(`${what} ${event.channel}`);
    const world = createWorld({ hooks: { subscribe: note('+'), unsubscribe: note('-') } });
    const client = await world.join('ada', 'a');
    client.send({ type: 'unsubscribe', channel: 'a' });
    const release = world.broker.hold();
    client.send({ type: 'subscribe', channel: 'b' });
    await world.settle();
    client.drop();
    release();
    await world.settle();
    expect(events).toEqual(['+ a', '- a']);
  });

  it('tell when a subscription is lost because its log could not be read again', async () => {
    const events: string[] = [];
    const note = (what: string) => (event: ChannelEvent) => void events.push(`${what} ${event.channel}`);
    const world = createWorld({ hooks: { subscribe: note('+'), unsubscribe: note('-') } });
    const client = await world.join('ada', 'a');
    world.broker.failingReads = 1;
    client.send({ type: 'subscribe', channel: 'a', since: 'latest', id: 1 });
    await world.settle();
    expect(client.answers(1)[0]).toMatchObject({ code: 'unavailable' });
    expect(client.last('unsubscribed')).toEqual({ type: 'unsubscribed', channel: 'a', code: 'unavailable' });
    expect(events).toEqual(['+ a', '- a']);
  });
});
