import { describe, expect, it, vi } from 'vitest';
import { at } from './support/fake-server.ts';
import { createHarness } from './support/harness.ts';

const nothing = (): void => undefined;

describe('handles of one channel', () => {
  it('send nothing, and connect nothing, until somebody listens', async () => {
    const { client, env, server } = createHarness();
    const channel = client.channel('chat:a');
    channel.onStatus(nothing);
    await env.advance(1000);
    expect(server.sockets).toEqual([]);
    channel.on('message', nothing);
    expect(client.state).toBe('connecting');
  });

  it('share one subscription, which ends with the last listener', async () => {
    const { client, env, online } = createHarness();
    const socket = await online();
    const offs = [1, 2, 3].map(() => client.channel('chat:a').on('message', nothing));
    socket.subscribed('chat:a');
    expect(socket.all('subscribe')).toHaveLength(1);
    offs[0]?.();
    offs[0]?.();
    offs[1]?.();
    await env.advance(5000);
    expect(socket.all('unsubscribe')).toEqual([]);
    offs[2]?.();
    await env.advance(499);
    expect(socket.all('unsubscribe')).toEqual([]);
    await env.advance(1);
    expect(socket.all('unsubscribe')).toHaveLength(1);
    expect(client.channel('chat:a').status).toBe('unsubscribed');
  });

  it('cause no traffic when StrictMode mounts, unmounts and mounts again', async () => {
    const { client, env, online } = createHarness();
    const socket = await online();
    const first = client.channel('chat:a');
    first.on('message', nothing);
    first.dispose();
    first.dispose();
    const second = client.channel('chat:a');
    const listener = vi.fn();
    second.on('message', listener);
    await env.advance(5000);
    expect(socket.sent).toHaveLength(1);
    socket.subscribed('chat:a');
    socket.publish('chat:a', 1);
    expect(listener).toHaveBeenCalledOnce();
  });

  it('begin anew after the linger, without the old position', async () => {
    const { client, env, online } = createHarness();
    const socket = await online();
    client.channel('chat:a').on('message', nothing)();
    socket.subscribed('chat:a', { position: at(9) });
    await env.advance(500);
    client.channel('chat:a').on('message', nothing);
    expect(socket.sent.map(({ type }) => type)).toEqual(['subscribe', 'unsubscribe', 'subscribe']);
    expect(socket.last('subscribe')).not.toHaveProperty('since');
  });

  it('leave a channel for good when the last listener goes while there is no connection', async () => {
    const { client, env, online, server } = createHarness();
    const off = client.channel('chat:a').on('message', nothing);
    const socket = await online();
    socket.subscribed('chat:a');
    socket.close(1006);
    off();
    await env.advance(1000);
    server.socket.accept();
    expect(server.socket.sent).toEqual([]);
  });

  it('do not leave on the next connection what they had no time to leave on this one', async () => {
    const { client, env, server } = createHarness({ linger: 0 });
    const off = client.channel('chat:a').on('message', nothing);
    server.socket.accept({ limits: { rate: 1, message: 1000 } });
    server.socket.subscribed('chat:a');
    off();
    await env.advance(0);
    expect(server.socket.all('unsubscribe')).toEqual([]);
    server.socket.close(1006);
    await env.advance(1000);
    server.socket.accept();
    expect(server.socket.sent).toEqual([]);
  });

  it('remove their own listeners with dispose, and no others', async () => {
    const { client, online } = createHarness();
    const socket = await online();
    const mine = vi.fn();
    const theirs = vi.fn();
    const channel = client.channel('chat:a');
    channel.on('message', mine);
    channel.onAny(mine);
    client.channel('chat:a').on('message', theirs);
    socket.subscribed('chat:a');
    channel[Symbol.dispose]();
    socket.publish('chat:a', 1);
    expect(mine).not.toHaveBeenCalled();
    expect(theirs).toHaveBeenCalledOnce();
  });

  it('ask again when a later one wants more', async () => {
    const { client, online } = createHarness();
    const socket = await online();
    client.channel('chat:a').on('message', nothing);
    socket.subscribed('chat:a', { position: at(3) });
    client.channel('chat:a', { ack: true }).on('message', nothing);
    expect(socket.last('subscribe')).toMatchObject({ ack: true, since: at(3) });
  });
});

describe('listeners', () => {
  it('that throw or reject are reported and stop nobody else', async () => {
    const complain = vi.spyOn(console, 'error').mockImplementation(nothing);
    const { client, env, online } = createHarness();
    const socket = await online();
    const channel = client.channel('chat:a');
    const good = vi.fn();
    channel.on('message', () => {
      throw new Error('bug');
    });
    channel.on('message', () => Promise.reject(new Error('bug')));
    channel.on('message', good);
    socket.subscribed('chat:a');
    socket.publish('chat:a', 1);
    await env.settle();
    expect(good).toHaveBeenCalledOnce();
    expect(complain).toHaveBeenCalledTimes(2);
    complain.mockRestore();
  });

  it('removed by an earlier one hear nothing more; added by one, hear the next', async () => {
    const { client, online } = createHarness();
    const socket = await online();
    const channel = client.channel('chat:a');
    const late = vi.fn();
    const removed = vi.fn();
    channel.on('message', () => {
      off();
      if (late.mock.calls.length === 0) channel.on('message', late);
    });
    const off = channel.on('message', removed);
    socket.subscribed('chat:a');
    socket.publish('chat:a', 1);
    expect([removed.mock.calls.length, late.mock.calls.length]).toEqual([0, 0]);
    socket.publish('chat:a', 2);
    expect(late).toHaveBeenCalled();
  });

  it('get only the event they asked for', async () => {
    const { client, online } = createHarness();
    const socket = await online();
    const channel = client.channel('chat:a');
    const message = vi.fn();
    channel.on('message', message);
    socket.subscribed('chat:a');
    socket.publish('chat:a', 1, { type: 'typing' });
    socket.publish('chat:a', 2);
    expect(message.mock.calls).toMatchObject([
      [{ event: 'message', data: 2, offset: 2, channel: 'chat:a', epoch: 'e1' }],
    ]);
  });
});
