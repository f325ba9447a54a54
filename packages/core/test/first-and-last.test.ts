import { describe, expect, it } from 'vitest';
import type { CoreOptions, Hooks } from '../src/index.ts';
import { createWorld, type World } from './support/world.ts';

/** A world that writes down what its hooks hear, in order. */
function listening({ hooks = {}, auth }: Pick<CoreOptions, 'hooks' | 'auth'> = {}): World & {
  readonly heard: string[];
} {
  const heard: string[] = [];
  const told: Hooks = {
    online: ({ user }) => void heard.push(`online ${user.id}`),
    connect: ({ user }) => void heard.push(`connect ${user.id}`),
    disconnect: ({ user }) => void heard.push(`disconnect ${user.id}`),
    offline: ({ user }) => void heard.push(`offline ${user.id}`),
    occupied: ({ channel }) => void heard.push(`occupied ${channel}`),
    subscribe: ({ channel }) => void heard.push(`subscribe ${channel}`),
    unsubscribe: ({ channel }) => void heard.push(`unsubscribe ${channel}`),
    vacated: ({ channel }) => void heard.push(`vacated ${channel}`),
    joined: ({ member }) => void heard.push(`joined ${member.userId}`),
    left: ({ member }) => void heard.push(`left ${member.userId}`),
  };
  const world = createWorld({
    channels: { 'room:{name}': { presence: true }, '{name*}': {} },
    hooks: { ...told, ...hooks },
    ...(auth === undefined ? {} : { auth }),
  });
  return { ...world, heard };
}

describe('the first and the last of something', () => {
  it('are told of a user, around the connections', async () => {
    const { connect, settle, heard } = listening();
    const [first, second] = [connect('ann'), connect('ann')];
    for (const client of [first, second]) {
      await settle();
      client.drop();
    }
    await settle();
    expect(heard).toEqual([
      'online ann',
      'connect ann',
      'connect ann',
      'disconnect ann',
      'disconnect ann',
      'offline ann',
    ]);
  });

  it('are told of a channel, around the subscribers', async () => {
    const { join, settle, heard } = listening();
    const ann = await join('ann', 'news');
    const bob = await join('bob', 'news');
    // Another subscribe of somebody who is there is no coming.
    bob.send({ type: 'subscribe', channel: 'news', since: 'earliest' });
    await settle();
    ann.send({ type: 'unsubscribe', channel: 'news' });
    await settle();
    bob.drop();
    await settle();
    expect(heard.filter((line) => line.endsWith('news'))).toEqual([
      'occupied news',
      'subscribe news',
      'subscribe news',
      'unsubscribe news',
      'unsubscribe news',
      'vacated news',
    ]);
  });

  it('nest even when the subscribe hook sends the subscriber away at once', async () => {
    const world: ReturnType<typeof listening> = listening({
      hooks: { subscribe: ({ user, channel }) => void world.core.unsubscribeUser(user.id, channel) },
    });
    await world.join('ann', 'news');
    expect(world.heard.filter((line) => line.endsWith('news'))).toEqual([
      'occupied news',
      'unsubscribe news',
      'vacated news',
    ]);
  });

  it('say nothing of a subscription that never began', async () => {
    const world = listening();
    world.broker.failingReads = 1;
    const client = await world.join('ann', 'news');
    expect(client.last('error')).toMatchObject({ code: 'unavailable' });
    client.drop();
    await world.settle();
    expect(world.heard.filter((line) => line.endsWith('news'))).toEqual([]);
  });

  it('tell the going of who becomes somebody else before the coming', async () => {
    const world = listening({ auth: { anonymous: true, authenticate: (token) => ({ userId: token }) } });
    const client = world.connect(undefined);
    client.send({ type: 'auth', token: 'ann' });
    await world.settle();
    expect(world.heard).toEqual([
      `online anonymous:${client.id}`,
      `connect anonymous:${client.id}`,
      `offline anonymous:${client.id}`,
      'online ann',
      'connect ann',
    ]);
  });

  it('are told of members, and not for a reconnect within the grace', async () => {
    const { advance, join, heard } = listening();
    const first = await join('ann', 'room:a');
    first.drop();
    await advance(1000);
    const second = await join('ann', 'room:a');
    second.drop();
    await advance(60_000);
    expect(heard.filter((line) => /^(joined|left)/.test(line))).toEqual(['joined ann', 'left ann']);
  });
});
