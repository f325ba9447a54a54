import { describe, expect, it } from 'vitest';
import { createWorld } from './support/world.ts';

/** Sizes of every map and set that a node keeps, found by walking it, so that a new one is looked at as well. */
function sizes(root: object): Record<string, number> {
  const found: Record<string, number> = {};
  const seen = new Set<object>();
  const walk = (value: unknown, path: string, depth: number): void => {
    if (typeof value !== 'object' || value === null || seen.has(value) || depth > 4) return;
    seen.add(value);
    if (value instanceof Map || value instanceof Set) {
      found[path] = value.size;
      return;
    }
    // The broker's logs outlive their readers, the store's records their connections; they have tests of their own.
    for (const [key, inner] of Object.entries(value))
      if (key !== 'broker' && key !== 'store') walk(inner, `${path}.${key}`, depth + 1);
  };
  const { node } = root as { readonly node: Record<string, unknown> };
  for (const part of ['hub', 'presence', 'features', 'cursors', 'running']) walk(node[part], part, 0);
  return found;
}

describe('a node', () => {
  it('is as empty as at its start after everyone has come and gone', async () => {
    const world = createWorld({ channels: { '{any*}': { presence: true } } });
    const before = sizes(world.core);
    expect(Object.keys(before).length).toBeGreaterThan(3);
    for (let round = 0; round < 5; round += 1) {
      const clients = Array.from({ length: 40 }, (_, index) =>
        world.connect(index % 5 === 0 ? undefined : `u${index % 7}`),
      );
      for (const [index, client] of clients.entries()) {
        if (index % 5 === 0) client.send({ type: 'auth', token: `late${index % 3}` });
        client.send({
          type: 'subscribe',
          channel: `c${index % 6}`,
          presence: true,
          ack: true,
          since: 'latest',
          ...(index % 5 === 0 ? {} : { name: `w${index % 4}` }),
        });
        client.send({ type: 'subscribe', channel: 'all' });
        client.send({ type: 'message', channel: 'all', data: index, id: `m${round}-${index}` });
        client.send({ type: 'presence', channel: 'all', state: index });
        if (index % 3 === 0) client.send({ type: 'unsubscribe', channel: 'all' });
        if (index % 11 === 0) client.drop();
      }
      await world.advance(700);
      expect(world.core.metrics.connections).toBeGreaterThan(30);
      for (const client of clients) client.drop();
    }
    await world.advance(6000);
    expect(sizes(world.core)).toEqual(before);
    expect(world.core.metrics).toMatchObject({
      connections: 0,
      subscriptions: 0,
      channels: 0,
      accepted: 200,
      closed: 200,
    });
    expect(world.core.connections()).toEqual([]);
    expect(world.broker.subscribers).toBe(0);
    world.broker.close();
    await world.core.close();
    expect(world.env.pending).toBe(0);
  });

  it('hears once of every end: the disconnect hook comes once for each connection that was somebody', async () => {
    const events: string[] = [];
    const world = createWorld({
      hooks: {
        connect: ({ user }) => void events.push(`+${user.id}`),
        disconnect: ({ user, code, reason }) => void events.push(`-${user.id} ${code} ${reason}`),
      },
    });
    const client = world.connect('ada');
    world.connect(undefined).drop();
    world.core.disconnect('ada');
    await world.settle();
    client.drop();
    expect(events).toEqual(['+ada', '-ada 4500 Disconnected']);
  });

  it('goes on when its hooks throw', async () => {
    const broken = (): never => {
      throw new Error('no');
    };
    const world = createWorld({
      hooks: {
        connect: broken,
        disconnect: broken,
        subscribe: broken,
        unsubscribe: broken,
        published: broken,
      },
    });
    const client = await world.join('ada', 'a');
    client.send({ type: 'message', channel: 'a', data: 1, id: 1 });
    await world.settle();
    expect(client.last('ack')).toBeDefined();
    client.drop();
    await world.settle();
    expect(world.core.connections()).toEqual([]);
    expect(world.lines.filter(({ level }) => level === 'error')).toHaveLength(5);
  });
});
