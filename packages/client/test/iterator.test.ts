import { describe, expect, it } from 'vitest';
import { createHarness } from './support/harness.ts';

async function looped() {
  const harness = createHarness();
  const socket = await harness.online();
  const channel = harness.client.channel('chat:a');
  const loop = channel[Symbol.asyncIterator]();
  const first = loop.next();
  await harness.env.settle();
  return { ...harness, socket, channel, loop, first };
}

describe('for await over a channel', () => {
  it('subscribes, gives each publication in order, and leaves with the loop', async () => {
    const { client, env, online } = createHarness();
    const socket = await online();
    const got: unknown[] = [];
    const done = (async () => {
      for await (const { data } of client.channel('chat:a')) {
        got.push(data);
        if (data === 3) break;
      }
    })();
    await env.settle();
    socket.subscribed('chat:a');
    for (const offset of [1, 2, 3, 4]) socket.publish('chat:a', offset);
    await done;
    await env.advance(500);
    expect(got).toEqual([1, 2, 3]);
    expect(socket.all('unsubscribe')).toHaveLength(1);
  });

  it('ends when the handle is disposed of', async () => {
    const { channel, first } = await looped();
    channel.dispose();
    expect(await first).toEqual({ done: true, value: undefined });
  });

  it('gives what it kept and then throws when the loop is 1,000 behind', async () => {
    const { socket, loop, first } = await looped();
    socket.subscribed('chat:a');
    for (let offset = 1; offset <= 1100; offset += 1) socket.publish('chat:a', offset);
    expect((await first).value?.data).toBe(1);
    let count = 1;
    const drain = async (): Promise<void> => {
      for (;;) {
        await loop.next();
        count += 1;
      }
    };
    await expect(drain()).rejects.toMatchObject({ code: 'queue_full' });
    expect(count).toBe(1000);
    expect(await loop.next()).toEqual({ done: true, value: undefined });
  });

  it('throws what the server refused the subscription with', async () => {
    const { socket, first } = await looped();
    socket.send({
      type: 'error',
      id: socket.last('subscribe')['id'],
      code: 'access_denied',
      message: 'no',
      retry: false,
    });
    await expect(first).rejects.toMatchObject({ code: 'access_denied' });
  });

  it('goes on over a reconnect', async () => {
    const { socket, loop, first, reconnect } = await looped();
    socket.subscribed('chat:a');
    socket.publish('chat:a', 1);
    await first;
    const second = loop.next();
    const next = await reconnect();
    next.subscribed('chat:a', { recovered: true, position: { epoch: 'e1', offset: 1 } });
    next.publish('chat:a', 2);
    expect((await second).value?.offset).toBe(2);
  });
});
