import { describe, expect, it } from 'vitest';
import type { Publication, Status } from '../src/index.ts';
import { at } from './support/fake-server.ts';
import { createHarness } from './support/harness.ts';

describe('resuming a subscription', () => {
  it('asks for what came after the position of the subscribe answer, though nothing arrived since', async () => {
    const { client, online, reconnect } = createHarness();
    const socket = await online();
    client.channel('chat:a').on('message', () => undefined);
    expect(socket.last('subscribe')).not.toHaveProperty('since');
    socket.subscribed('chat:a', { position: at(41) });
    const second = await reconnect();
    expect(second.last('subscribe')).toMatchObject({ channel: 'chat:a', since: at(41) });
  });

  it('asks for what came after the last publication it delivered', async () => {
    const { client, online, reconnect } = createHarness();
    const socket = await online();
    client.channel('chat:a').on('message', () => undefined);
    socket.subscribed('chat:a', { position: at(41) });
    socket.publish('chat:a', 42);
    expect((await reconnect()).last('subscribe')).toMatchObject({ since: at(42) });
  });

  it('says recovered, and delivers what was missed once and in order', async () => {
    const { client, online, reconnect } = createHarness();
    const socket = await online();
    const channel = client.channel('chat:a');
    const got: unknown[] = [];
    const statuses: Status[] = [];
    channel.onStatus((status) => statuses.push(status));
    channel.on('message', ({ data }) => got.push(data));
    socket.subscribed('chat:a');
    socket.publish('chat:a', 1);
    const second = await reconnect();
    second.subscribed('chat:a', { position: at(1), recovered: true });
    for (const offset of [2, 3, 3, 2, 4]) second.publish('chat:a', offset);
    expect(got).toEqual([1, 2, 3, 4]);
    expect(statuses.map(({ type }) => type)).toEqual([
      'subscribing',
      'subscribed',
      'subscribing',
      'recovered',
    ]);
    expect(channel.status).toBe('recovered');
  });

  it('says reset, and goes on from the position of the server, when something may be missing', async () => {
    const { client, online, reconnect } = createHarness();
    const socket = await online();
    const channel = client.channel('chat:a');
    const got: Publication[] = [];
    channel.onAny((publication) => got.push(publication));
    socket.subscribed('chat:a', { position: at(5) });
    const second = await reconnect();
    second.subscribed('chat:a', { position: at(2, 'e2'), recovered: false });
    second.publish('chat:a', 3, { epoch: 'e2' });
    expect(channel.status).toBe('reset');
    expect(got.map(({ offset }) => offset)).toEqual([3]);
  });
});
