import { describe, expect, it, vi } from 'vitest';
import type { Member } from '../src/index.ts';
import type { FakeSocket } from './support/fake-server.ts';
import { createHarness } from './support/harness.ts';

const ada: Member = { userId: 'ada', metas: [{ connectionId: 'c1', joinedAt: 1 }] };
const bob: Member = { userId: 'bob', metas: [{ connectionId: 'c2', joinedAt: 2, state: { away: true } }] };

async function watched() {
  const harness = createHarness();
  const socket = await harness.online();
  const channel = harness.client.channel('chat:a');
  const lists: (readonly Member[])[] = [];
  const off = channel.presence.onChange((members) => lists.push(members));
  socket.subscribed('chat:a');
  full(socket, [ada]);
  return { ...harness, socket, channel, lists, off };
}

function full(socket: FakeSocket, members: unknown): void {
  socket.send({ type: 'presence', channel: 'chat:a', members, full: true });
}

describe('presence', () => {
  it('is asked for by onChange, and not without', async () => {
    const { client, online } = createHarness();
    const socket = await online();
    client.channel('chat:b').on('message', () => undefined);
    expect(socket.last('subscribe')).not.toHaveProperty('presence');
    client.channel('chat:a').presence.onChange(() => undefined);
    expect(socket.last('subscribe')).toMatchObject({ channel: 'chat:a', presence: true });
  });

  it('follows who joins, changes and leaves', async () => {
    const { socket, lists } = await watched();
    socket.send({ type: 'joined', channel: 'chat:a', member: bob });
    const changed = { ...bob, metas: [] as never[] };
    socket.send({
      type: 'presence',
      channel: 'chat:a',
      members: [{ ...ada, metas: [...ada.metas, ...bob.metas] }],
      full: false,
    });
    socket.send({ type: 'left', channel: 'chat:a', member: changed });
    expect(lists.map((list) => list.map(({ userId, metas }) => `${userId}${metas.length}`))).toEqual([
      ['ada1'],
      ['ada1', 'bob1'],
      ['ada2', 'bob1'],
      ['ada2'],
    ]);
  });

  it('keeps one array until something changes', async () => {
    const { client, socket } = await watched();
    const { presence } = client.channel('chat:a');
    const before = presence.members;
    expect(presence.members).toBe(before);
    expect(client.channel('chat:a').presence.members).toBe(before);
    socket.send({ type: 'joined', channel: 'chat:a', member: bob });
    expect(presence.members).not.toBe(before);
    expect(client.channel('chat:x').presence.members).toBe(client.channel('chat:y').presence.members);
  });

  it('is replaced by the list that follows a reconnect', async () => {
    const { channel, reconnect } = await watched();
    const second = await reconnect();
    expect(channel.presence.members).toEqual([ada]);
    second.subscribed('chat:a');
    full(second, [bob]);
    expect(channel.presence.members).toEqual([bob]);
  });

  it('is empty after disconnect()', async () => {
    const { client, channel, lists } = await watched();
    client.disconnect();
    expect(channel.presence.members).toEqual([]);
    expect(lists.at(-1)).toEqual([]);
  });

  it('ignores members that are none', async () => {
    const { socket, channel } = await watched();
    full(socket, [
      null,
      7,
      { userId: 1, metas: [] },
      { userId: '__proto__', metas: [{}] },
      { userId: 'x' },
      ada,
    ]);
    expect(channel.presence.members.map(({ userId }) => userId)).toEqual(['__proto__', 'ada']);
    full(socket, 'nobody');
    expect(channel.presence.members).toEqual([]);
  });

  it('sends the own state once subscribed, and again after a reconnect', async () => {
    const { client, online, reconnect } = createHarness();
    const socket = await online();
    const channel = client.channel('chat:a');
    channel.presence.onChange(() => undefined);
    channel.presence.update({ name: 'Ada' });
    expect(socket.all('presence')).toEqual([]);
    socket.subscribed('chat:a');
    expect(socket.all('presence')).toMatchObject([{ channel: 'chat:a', state: { name: 'Ada' } }]);
    channel.presence.update(null);
    const second = await reconnect();
    second.subscribed('chat:a');
    expect(second.all('presence')).toMatchObject([{ state: null }]);
  });

  it('reports a refused state as an error that does not end the subscription', async () => {
    const { env, socket, channel } = await watched();
    const status = vi.fn();
    channel.onStatus(status);
    channel.presence.update('x'.repeat(2000));
    socket.send({
      type: 'error',
      id: socket.last('presence')['id'],
      code: 'invalid_data',
      message: 'too big',
      retry: false,
    });
    await env.settle();
    expect(status).toHaveBeenCalledWith(expect.objectContaining({ type: 'error' }));
    expect(channel.status).toBe('subscribed');
  });

  it('can be asked for once', async () => {
    const { client, online } = createHarness();
    const socket = await online();
    const members = client.channel('chat:a').presence.get();
    socket.send({
      type: 'result',
      id: socket.last('presence')['id'],
      data: { members: [ada, 'x'], count: 1 },
    });
    expect(await members).toEqual({ members: [ada], count: 1 });
  });
});
