import { describe, expect, it } from 'vitest';
import { at } from './support/fake-server.ts';
import { createHarness } from './support/harness.ts';

async function acknowledged() {
  const harness = createHarness();
  const socket = await harness.online();
  const channel = harness.client.channel('jobs', { ack: true });
  const finish: (() => void)[] = [];
  const got: number[] = [];
  channel.on('message', ({ offset }) => {
    got.push(offset ?? -1);
    return new Promise<void>((resolve) => finish.push(resolve));
  });
  socket.subscribed('jobs');
  return { ...harness, socket, channel, finish, got };
}

describe('an acknowledged subscription', () => {
  it('asks for it, and confirms once the listener’s promise has settled', async () => {
    const { env, socket, finish } = await acknowledged();
    expect(socket.last('subscribe')).toMatchObject({ ack: true });
    socket.publish('jobs', 1);
    await env.advance(1000);
    expect(socket.all('ack')).toEqual([]);
    finish[0]?.();
    await env.advance(100);
    expect(socket.all('ack')).toEqual([{ type: 'ack', channel: 'jobs', ...at(1) }]);
  });

  it('confirms in order, and several at once with one frame', async () => {
    const { env, socket, finish } = await acknowledged();
    for (const offset of [1, 2, 3]) socket.publish('jobs', offset);
    finish[2]?.();
    finish[1]?.();
    await env.advance(100);
    expect(socket.all('ack')).toEqual([]);
    finish[0]?.();
    await env.advance(100);
    expect(socket.all('ack').map(({ offset }) => offset)).toEqual([3]);
  });

  it('confirms what is sent again without giving it to the listener again', async () => {
    const { env, socket, finish, got } = await acknowledged();
    socket.publish('jobs', 1);
    finish[0]?.();
    await env.advance(100);
    socket.publish('jobs', 1);
    await env.advance(100);
    expect(got).toEqual([1]);
    expect(socket.all('ack').map(({ offset }) => offset)).toEqual([1, 1]);
  });

  it('does not confirm what is sent again while the listener is still at it', async () => {
    const { env, socket } = await acknowledged();
    socket.publish('jobs', 1);
    socket.publish('jobs', 1);
    await env.advance(1000);
    expect(socket.all('ack')).toEqual([]);
  });

  it('never confirms an offset of a log that is gone', async () => {
    const { env, socket, finish, reconnect } = await acknowledged();
    socket.publish('jobs', 1);
    const second = await reconnect();
    second.subscribed('jobs', { position: at(0, 'e2'), recovered: false });
    finish[0]?.();
    await env.advance(1000);
    expect(second.all('ack')).toEqual([]);
  });
});

describe('a named subscriber', () => {
  it('leaves it to the server where it goes on, and gives its listeners nothing twice', async () => {
    const { client, env, online, reconnect } = createHarness();
    const socket = await online();
    const got: unknown[] = [];
    const finish: (() => void)[] = [];
    client.channel('jobs', { ack: true, name: 'worker-1' }).on('message', ({ offset }) => {
      got.push(offset);
      return new Promise<void>((resolve) => finish.push(resolve));
    });
    await env.settle();
    expect(socket.last('subscribe')).toMatchObject({ ack: true, name: 'worker-1' });
    socket.subscribed('jobs');
    for (const offset of [1, 2, 3]) socket.publish('jobs', offset);
    finish[0]?.();
    await env.advance(100);
    const second = await reconnect();
    expect(second.last('subscribe')).toMatchObject({ ack: true, name: 'worker-1' });
    expect(second.last('subscribe')).not.toHaveProperty('since');
    second.subscribed('jobs', { position: at(1), recovered: true });
    for (const offset of [2, 3, 4]) second.publish('jobs', offset);
    await env.settle();
    expect(got).toEqual([1, 2, 3, 4]);
  });
});
