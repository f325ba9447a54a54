import { describe, expect, it } from 'vitest';
import { createWorld, type World } from './support/world.ts';

const watch = { presence: true };

function rooms(): World {
  return createWorld({ channels: { a: { presence: true }, plain: {} } });
}

const userIds = (members: unknown): string[] =>
  (members as readonly { readonly userId: string }[]).map(({ userId }) => userId);

describe('presence', () => {
  it('shows a watcher everyone who is there, itself included, after subscribed', async () => {
    const world = rooms();
    await world.join('bob', 'a');
    const ada = await world.join('ada', 'a', watch);
    expect(ada.frames.slice(1).map(({ type }) => type)).toEqual(['subscribed', 'presence']);
    expect(ada.last('presence')).toMatchObject({ channel: 'a', full: true });
    expect(userIds(ada.last('presence')?.['members'])).toEqual(['bob', 'ada']);
  });

  it('tells watchers alone of comings and goings', async () => {
    const world = rooms();
    const watcher = await world.join('ada', 'a', watch);
    const other = await world.join('eve', 'a');
    watcher.clear();
    other.clear();
    const bob = await world.join('bob', 'a');
    bob.send({ type: 'unsubscribe', channel: 'a' });
    await world.settle();
    expect(watcher.frames).toEqual([
      {
        type: 'joined',
        channel: 'a',
        member: { userId: 'bob', metas: [{ connectionId: bob.id, joinedAt: world.env.now() }] },
      },
      { type: 'left', channel: 'a', member: expect.objectContaining({ userId: 'bob' }) },
    ]);
    expect(other.frames).toEqual([]);
    expect(bob.all('left')).toEqual([]);
  });

  it('does not tell anyone of their own going', async () => {
    const world = rooms();
    const ada = await world.join('ada', 'a', watch);
    ada.clear();
    ada.send({ type: 'unsubscribe', channel: 'a' });
    await world.settle();
    expect(ada.frames.map(({ type }) => type)).toEqual(['unsubscribed']);
  });

  it('takes two tabs for one member: joined once, left once when the last is gone for longer than the grace', async () => {
    const world = rooms();
    const watcher = await world.join('ada', 'a', watch);
    watcher.clear();
    const first = await world.join('bob', 'a');
    const second = await world.join('bob', 'a');
    expect(watcher.all('joined')).toHaveLength(1);
    expect(watcher.last('presence')).toMatchObject({
      full: false,
      members: [{ userId: 'bob', metas: [{ connectionId: first.id }, { connectionId: second.id }] }],
    });
    first.drop();
    expect(watcher.last('presence')).toMatchObject({ members: [{ metas: [{ connectionId: second.id }] }] });
    second.drop();
    await world.advance(4999);
    expect(watcher.all('left')).toEqual([]);
    expect(userIds(world.core.presence('a'))).toEqual(['ada', 'bob']);
    await world.advance(1);
    expect(watcher.all('left')).toHaveLength(1);
    expect(userIds(world.core.presence('a'))).toEqual(['ada']);
  });

  it('makes no noise of a reconnect within the grace, and forgets the dead connection', async () => {
    const world = rooms();
    const watcher = await world.join('ada', 'a', watch);
    const first = await world.join('bob', 'a');
    watcher.clear();
    first.drop();
    await world.advance(4000);
    const second = await world.join('bob', 'a');
    await world.advance(10_000);
    expect(watcher.all('joined')).toEqual([]);
    expect(watcher.all('left')).toEqual([]);
    expect(world.core.presence('a')[1]?.metas.map(({ connectionId }) => connectionId)).toEqual([second.id]);
  });

  it('ends at once with unsubscribe, also for one of two tabs', async () => {
    const world = rooms();
    const watcher = await world.join('ada', 'a', watch);
    const first = await world.join('bob', 'a');
    const second = await world.join('bob', 'a');
    first.drop();
    watcher.clear();
    second.send({ type: 'unsubscribe', channel: 'a' });
    await world.settle();
    expect(watcher.frames.map(({ type }) => type)).toEqual(['left']);
  });

  it('shows what a connection says of itself, and tells the watchers', async () => {
    const world = rooms();
    const watcher = await world.join('ada', 'a', watch);
    const bob = await world.join('bob', 'a');
    watcher.clear();
    bob.send({ type: 'presence', channel: 'a', state: { name: 'Bob' }, id: 1 });
    await world.settle();
    expect(bob.answers(1)[0]).toMatchObject({ type: 'result', data: { count: 2 } });
    expect(watcher.frames).toEqual([
      expect.objectContaining({
        type: 'presence',
        full: false,
        members: [{ userId: 'bob', metas: [expect.objectContaining({ state: { name: 'Bob' } })] }],
      }),
    ]);
  });

  it('takes a state of 1,024 bytes and refuses one more, or one that is too deep', async () => {
    const world = rooms();
    const bob = await world.join('bob', 'a');
    bob.send({ type: 'presence', channel: 'a', state: 'é'.repeat(511), id: 1 });
    bob.send({ type: 'presence', channel: 'a', state: `${'é'.repeat(511)}x`, id: 2 });
    bob.raw(`{"type":"presence","channel":"a","state":${'['.repeat(40)}${']'.repeat(40)},"id":3}`);
    await world.settle();
    expect(bob.answers(1)[0]).toMatchObject({ type: 'result' });
    expect(bob.answers(2)[0]).toMatchObject({ code: 'invalid_data' });
    expect(bob.answers(3)[0]).toMatchObject({ code: 'invalid_data' });
  });

  it('can be asked without being there, but nothing said about oneself', async () => {
    const world = rooms();
    await world.join('ada', 'a');
    const bob = world.connect('bob');
    bob.send({ type: 'presence', channel: 'a', id: 1 });
    bob.send({ type: 'presence', channel: 'a', state: 1, id: 2 });
    await world.settle();
    expect(bob.answers(1)[0]?.['data']).toMatchObject({ count: 1, members: [{ userId: 'ada' }] });
    expect(bob.answers(2)[0]).toMatchObject({ code: 'not_subscribed' });
  });

  it('is denied where the channel has none', async () => {
    const world = rooms();
    const client = await world.join('ada', 'plain');
    client.send({ type: 'presence', channel: 'plain', id: 1 });
    await world.settle();
    expect(client.answers(1)[0]).toMatchObject({
      code: 'access_denied',
      message: 'Access denied to channel',
    });
  });

  it('has nobody whose join never finished', async () => {
    const world = rooms();
    const release = world.broker.hold();
    const client = world.connect('ada');
    client.send({ type: 'subscribe', channel: 'a' });
    await world.settle();
    client.drop();
    release();
    await world.settle();
    expect(world.core.presence('a')).toEqual([]);
    await world.advance(250);
    world.broker.close();
    expect(world.env.pending).toBe(0);
  });

  it.each(['soon', 'at once'] as const)(
    'has nobody whom the subscribe hook sends away, when the transport ends %s',
    async (closes) => {
      const world: World = createWorld({
        channels: { a: { presence: true }, b: { presence: true } },
        hooks: {
          subscribe({ user, channel }) {
            if (channel === 'a') world.core.unsubscribeUser(user.id, channel);
            else world.core.disconnect(user.id);
          },
        },
      });
      const client = world.connect('ada', { closes });
      for (const channel of ['a', 'b']) client.send({ type: 'subscribe', channel, presence: true });
      await world.advance(6000);
      expect(client.closedWith?.code).toBe(4500);
      expect([...world.core.presence('a'), ...world.core.presence('b')]).toEqual([]);
      expect(client.all('presence')).toEqual([]);
    },
  );

  it('equals the live connections after any order of comings and goings and the grace', async () => {
    const world = rooms();
    const tabs = [];
    for (let round = 0; round < 60; round += 1) {
      const pick = Math.floor(world.env.random() * 4);
      const name = `u${Math.floor(world.env.random() * 4)}`;
      const tab = tabs[Math.floor(world.env.random() * tabs.length)];
      if (pick === 0 || tab === undefined) tabs.push({ name, client: await world.join(name, 'a') });
      else if (pick === 1) tab.client.drop();
      else if (pick === 2) tab.client.send({ type: 'unsubscribe', channel: 'a' });
      else await world.advance(2000);
    }
    await world.advance(6000);
    const live = world.core.connections().filter(({ channels }) => channels.includes('a'));
    const metas = world.core
      .presence('a')
      .flatMap((member) => member.metas.map(({ connectionId }) => connectionId));
    expect(metas.toSorted()).toEqual(live.map(({ connectionId }) => connectionId).toSorted());
    const members = userIds(world.core.presence('a')).toSorted();
    expect(members).toEqual([...new Set(live.map(({ userId }) => userId))].toSorted());
  });
});
