import { describe, expect, it } from 'vitest';
import { slowWhenHidden } from '../src/rate/index.ts';
import { at } from './support/fake-server.ts';
import { createHarness } from './support/harness.ts';

async function live(options: { readonly maxRate?: number } = {}) {
  const harness = createHarness();
  const socket = await harness.online();
  const channel = harness.client.channel('cursors:7', options);
  const got: (number | undefined)[] = [];
  const statuses: string[] = [];
  channel.onStatus(({ type }) => statuses.push(type));
  channel.onAny(({ offset }) => got.push(offset));
  socket.subscribed('cursors:7');
  return { ...harness, socket, channel, got, statuses };
}

describe('a conflated stream', () => {
  it('has no hole where each publication accounts for those before it', async () => {
    const { socket, got } = await live();
    socket.publish('cursors:7', 1);
    socket.publish('cursors:7', 5, { conflated: 3 });
    socket.publish('cursors:7', 6);
    // It may account for more than this subscriber has not seen.
    socket.publish('cursors:7', 8, { conflated: 6 });
    expect(got).toEqual([1, 5, 6, 8]);
    expect(socket.all('subscribe')).toHaveLength(1);
  });

  it('with a hole beyond that asks again from the last good position', async () => {
    const { socket, got } = await live();
    socket.publish('cursors:7', 1);
    socket.publish('cursors:7', 5, { conflated: 2 });
    expect(got).toEqual([1]);
    expect(socket.last('subscribe')).toMatchObject({ since: at(1) });
  });

  it('is a repeat by its offset, whatever it accounts for', async () => {
    const { socket, got } = await live();
    for (const offset of [3, 3, 2]) socket.publish('cursors:7', offset, { conflated: 2 });
    expect(got).toEqual([3]);
  });

  it('adds up with what a slow reader was told of', async () => {
    const { socket, got } = await live();
    socket.publish('cursors:7', 1);
    socket.send({ type: 'behind', channel: 'cursors:7', dropped: 2, superseded: true });
    socket.publish('cursors:7', 6, { conflated: 2 });
    expect(got).toEqual([1, 6]);
  });

  it('shows the application how many gave way', async () => {
    const { socket, channel } = await live();
    const counts: unknown[] = [];
    channel.onAny(({ conflated }) => counts.push(conflated));
    socket.publish('cursors:7', 1);
    socket.publish('cursors:7', 4, { conflated: 2 });
    expect(counts).toEqual([undefined, 2]);
  });
});

describe('maxRate', () => {
  it('is asked for with the subscription, and again after a reconnect', async () => {
    const { socket, reconnect } = await live({ maxRate: 5 });
    expect(socket.last('subscribe')).toMatchObject({ maxRate: 5 });
    const next = await reconnect();
    expect(next.last('subscribe')).toMatchObject({ maxRate: 5, since: at(0) });
  });

  it('of several handles is the highest, and none where one of them wants everything', async () => {
    const { client, socket } = await live({ maxRate: 5 });
    const listen = (maxRate?: number) =>
      client.channel('cursors:7', { maxRate }).on('message', () => undefined);
    listen(2);
    expect(socket.all('subscribe')).toHaveLength(1);
    listen(10);
    expect(socket.last('subscribe')).toMatchObject({ maxRate: 10 });
    socket.subscribed('cursors:7', { recovered: true });
    listen();
    expect(socket.last('subscribe')).not.toHaveProperty('maxRate');
    socket.subscribed('cursors:7', { recovered: true });
    listen(1);
    expect(socket.all('subscribe')).toHaveLength(3);
  });

  it('changes on a live stream, which goes on without asking for anything again', async () => {
    const { channel, socket, got, statuses } = await live();
    socket.publish('cursors:7', 1);
    channel.setMaxRate(0.2);
    expect(socket.last('subscribe')).toEqual({
      type: 'subscribe',
      channel: 'cursors:7',
      maxRate: 0.2,
      id: expect.anything(),
    });
    socket.publish('cursors:7', 2);
    socket.subscribed('cursors:7', { position: at(2), maxRate: 0.2 });
    socket.publish('cursors:7', 9, { conflated: 6 });
    channel.setMaxRate(undefined);
    expect(socket.last('subscribe')).not.toHaveProperty('maxRate');
    expect(got).toEqual([1, 2, 9]);
    expect(statuses).toEqual(['subscribing', 'subscribed']);
  });

  it('that was changed holds on the next connection, and before the first', async () => {
    const harness = createHarness();
    const channel = harness.client.channel('cursors:7');
    channel.on('message', () => undefined);
    channel.setMaxRate(1);
    const socket = await harness.online();
    expect(socket.all('subscribe')).toEqual([expect.objectContaining({ maxRate: 1 })]);
    socket.subscribed('cursors:7', { position: at(3) });
    channel.setMaxRate(2);
    const next = await harness.reconnect();
    expect(next.all('subscribe')).toEqual([expect.objectContaining({ maxRate: 2, since: at(3) })]);
  });

  it('that changes while an answer is out is asked for again', async () => {
    const harness = createHarness();
    const socket = await harness.online();
    const channel = harness.client.channel('cursors:7');
    channel.on('message', () => undefined);
    channel.setMaxRate(1);
    expect(socket.last('subscribe')).toMatchObject({ maxRate: 1 });
    socket.subscribed('cursors:7');
    expect(channel.status).toBe('subscribed');
  });

  it('that is refused is asked for again with the position, and then told', async () => {
    const { channel, socket, statuses } = await live();
    channel.setMaxRate(0);
    for (const since of [undefined, at(0)]) {
      const { id, ...asked } = socket.last('subscribe');
      expect(asked['since']).toEqual(since);
      socket.send({ type: 'error', code: 'invalid_frame', message: 'Invalid frame', retry: false, id });
    }
    expect(statuses.at(-1)).toBe('error');
  });

  it('that is on its way when the connection ends leaves the end as it is', async () => {
    const { client, channel, statuses } = await live();
    channel.setMaxRate(1);
    client.disconnect();
    expect(statuses.at(-1)).toBe('subscribing');
  });

  it('of a channel that nobody listens to asks for nothing', async () => {
    const harness = createHarness();
    const socket = await harness.online();
    harness.client.channel('cursors:7').setMaxRate(1);
    expect(socket.all('subscribe')).toEqual([]);
  });
});

describe('slowWhenHidden', () => {
  function createScope(visibilityState: string) {
    const listeners = new Set<(event: never) => void>();
    const document = { visibilityState };
    return {
      document,
      listeners,
      addEventListener: (_type: string, listener: (event: never) => void) => void listeners.add(listener),
      removeEventListener: (_type: string, listener: (event: never) => void) =>
        void listeners.delete(listener),
      become: (state: string) => {
        document.visibilityState = state;
        for (const listener of listeners) listener({ type: 'visibilitychange' } as never);
      },
    };
  }

  it('slows a subscription down while the page is hidden, and back up', async () => {
    const { channel, socket } = await live({ maxRate: 5 });
    const scope = createScope('visible');
    const stop = slowWhenHidden(channel, { scope });
    expect(socket.all('subscribe')).toHaveLength(1);
    const rates = () => socket.all('subscribe').map(({ maxRate }) => maxRate);
    scope.become('hidden');
    scope.become('hidden');
    scope.become('visible');
    expect(rates()).toEqual([5, 0.2, 5]);
    scope.become('hidden');
    stop();
    expect(rates()).toEqual([5, 0.2, 5, 0.2, 5]);
    expect(scope.listeners.size).toBe(0);
  });

  it('counts a page that is hidden from the start, and none where there is no document', () => {
    const rates: unknown[] = [];
    const channel = { setMaxRate: (maxRate: number | undefined) => void rates.push(maxRate) };
    slowWhenHidden(channel, { maxRate: 1, scope: createScope('hidden') });
    slowWhenHidden(channel, { scope: {} })();
    expect(rates).toEqual([1]);
  });
});
