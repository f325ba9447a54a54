import { describe, expect, it } from 'vitest';
import { createWorld } from './support/world.ts';

const channels = {
  'jobs:{queue}': { deadLetter: 'dead:{queue}' },
  'dead:{queue}': { history: { size: 10, ttl: '1h' } },
} as const;

const worker = { ack: true, name: 'worker-1' };

describe('a dead letter', () => {
  it('is published to the dead-letter channel with its origin, and the cursor moves past it', async () => {
    const world = createWorld({ channels });
    const client = await world.join('ada', 'jobs:mail', worker);
    await world.publishEvent('jobs:mail', 'send', { to: 'x' }, { id: 'm-1', from: 'bob' });
    await world.publishEvent('jobs:mail', 'send', { to: 'y' });
    await world.advance(1000);
    client.send({ type: 'ack', channel: 'jobs:mail', offset: 1 });
    await world.advance(25_000);
    const { publications } = await world.core.history('dead:mail');
    expect(publications).toEqual([
      expect.objectContaining({
        channel: 'dead:mail',
        event: 'dead_letter',
        data: {
          publication: expect.objectContaining({
            type: 'send',
            channel: 'jobs:mail',
            data: { to: 'y' },
            offset: 2,
          }),
          userId: 'ada',
          name: 'worker-1',
          attempts: 4,
        },
      }),
    ]);
    expect(publications[0]).not.toHaveProperty('from');
    client.drop();
    const second = await world.join('ada', 'jobs:mail', worker);
    expect(second.last('subscribed')).toMatchObject({ position: { offset: 2 }, recovered: true });
    expect(second.offsets()).toEqual([]);
    expect(world.core.metrics.deadLetters).toBe(1);
  });

  it('counts as confirmed, also where later ones were confirmed before it by id', async () => {
    const world = createWorld({ channels });
    const client = await world.join('ada', 'jobs:mail', worker);
    for (const id of ['a', 'b', 'c']) await world.publishEvent('jobs:mail', 'send', id, { id });
    client.send({ type: 'ack', id: 'b' });
    client.send({ type: 'ack', id: 'c' });
    await world.advance(19_000);
    client.clear();
    // Still waiting for the first: whoever came now would get all three.
    const cursor = () => world.core.metrics.deadLetters;
    expect(cursor()).toBe(0);
    await world.advance(2000);
    expect(cursor()).toBe(1);
    client.drop();
    expect((await world.join('ada', 'jobs:mail', worker)).last('subscribed')).toMatchObject({
      position: { offset: 3 },
    });
  });

  it('is not let go of while its channel cannot take it, and is then published once', async () => {
    const letters: unknown[] = [];
    const world = createWorld({ channels, hooks: { deadLetter: (letter) => void letters.push(letter) } });
    const client = await world.join('ada', 'jobs:mail', worker);
    await world.publishEvent('jobs:mail', 'send', 1);
    await world.advance(19_000);
    world.broker.failingPublishes = 1;
    await world.advance(2000);
    expect(letters).toEqual([]);
    client.drop();
    // Nothing was skipped: the next holder is sent it, and buries it when its time has come.
    const second = await world.join('ada', 'jobs:mail', worker);
    expect(second.offsets()).toEqual([1]);
    await world.advance(21_000);
    expect((await world.core.history('dead:mail')).publications).toHaveLength(1);
    expect(letters).toEqual([expect.objectContaining({ name: 'worker-1', attempts: 4 })]);
    await world.advance(60_000);
    expect((await world.core.history('dead:mail')).publications).toHaveLength(1);
  });

  it('has the same id each time, so that a crash before the cursor moved makes no second letter', async () => {
    const world = createWorld({ channels, limits: { redeliveries: 0 } });
    const first = await world.join('ada', 'jobs:mail', worker);
    const start = first.last('subscribed')?.['position'];
    await world.publishEvent('jobs:mail', 'send', 1);
    await world.advance(6000);
    // As after a crash in between: from the old place again.
    await world.join('ada', 'jobs:mail', { ...worker, since: start });
    await world.advance(6000);
    expect(world.core.metrics.deadLetters).toBe(2);
    expect((await world.core.history('dead:mail')).publications).toHaveLength(1);
  });

  it('may lie as deep as its publication did, whatever events its channel defines', async () => {
    const world = createWorld({
      channels: { a: { deadLetter: 'dead' }, dead: { events: {} } },
      limits: { redeliveries: 0, dataDepth: 2 },
    });
    await world.join('ada', 'a', { ack: true });
    await world.publishEvent('a', 'message', [[1]]);
    await world.advance(6000);
    expect((await world.core.history('dead')).publications).toHaveLength(1);
  });

  it('whose channel can never take it is logged, told to the hook, and does not block the stream', async () => {
    const letters: unknown[] = [];
    const world = createWorld({
      channels: { 'a:{x}': { deadLetter: 'dead:much-longer-than-the-other:{x}' }, 'dead:{y}:{x}': {} },
      limits: { redeliveries: 0 },
      hooks: { deadLetter: (letter) => void letters.push(letter) },
    });
    const channel = `a:${'x'.repeat(250)}`;
    await world.join('ada', channel, { ack: true });
    await world.publish(channel, 1);
    await world.advance(12_000);
    expect(letters).toHaveLength(1);
    expect(world.lines).toContainEqual(
      expect.objectContaining({ level: 'error', message: 'a dead letter could not be published' }),
    );
  });

  it.each([
    [{ a: { deadLetter: 'b' } }, 'is no channel that is defined'],
    [{ a: { deadLetter: 'b' }, b: { tier: 'ephemeral' } }, 'is an ephemeral channel'],
    [{ a: { tier: 'ephemeral', deadLetter: 'b' }, b: {} }, 'has no use'],
    [{ a: { deadLetter: 'b' }, b: { deadLetter: 'a' } }, 'has a dead-letter channel itself'],
    [{ a: { deadLetter: 'a' } }, 'has a dead-letter channel itself'],
    [{ 'a:{x}': { deadLetter: 'b:{y}' }, 'b:{y}': {} }, 'names a parameter that the pattern does not have'],
  ] as const)('is refused at the start with the definition %j', (definitions, problem) => {
    expect(() => createWorld({ channels: definitions })).toThrow(problem);
  });
});
