import type { Schema } from '@thrum/protocol';
import { describe, expect, it } from 'vitest';
import { createWorld } from './support/world.ts';

const message = (id: string | number, data: unknown = 'x') => ({ type: 'message', channel: 'a', data, id });

describe('a repeated message', () => {
  it('gets the first ack again, marked duplicate, and is published once', async () => {
    const world = createWorld();
    const reader = await world.join('bob', 'a');
    const writer = world.connect('ada');
    for (let i = 0; i < 3; i += 1) writer.send(message('m-1'));
    await world.settle();
    const [first, ...repeats] = writer.all('ack');
    expect(first).toEqual({
      type: 'ack',
      channel: 'a',
      position: expect.objectContaining({ offset: 1 }),
      id: 'm-1',
    });
    for (const repeat of repeats) expect(repeat).toEqual({ ...first, duplicate: true });
    expect(reader.offsets()).toEqual([1]);
    expect(world.core.metrics).toMatchObject({ published: 1, duplicates: 2 });
  });

  it('is recognised on another connection of the same user, after the first one broke', async () => {
    const world = createWorld();
    const first = world.connect('ada');
    first.send(message('m-1'));
    await world.settle();
    first.drop();
    const second = world.connect('ada');
    second.send(message('m-1'));
    await world.settle();
    expect(second.last('ack')).toMatchObject({ duplicate: true, position: { offset: 1 } });
  });

  it('with another body or event is a conflict, and the connection stays', async () => {
    const world = createWorld();
    const writer = world.connect('ada');
    writer.send(message('m-1'));
    writer.send(message('m-1', 'y'));
    writer.send({ ...message('m-1'), event: 'other' });
    await world.settle();
    const conflict = expect.objectContaining({ code: 'id_conflict', retry: false, id: 'm-1', channel: 'a' });
    expect(writer.all('error')).toEqual([conflict, conflict]);
    expect(writer.closedWith).toBeUndefined();
    expect(world.broker.appended).toHaveLength(1);
  });

  it('is the same whether its id is a number or its digits, and each is answered as it was sent', async () => {
    const world = createWorld();
    const writer = world.connect('ada');
    writer.send(message(7));
    writer.send(message('7'));
    await world.settle();
    expect(writer.all('ack').map(({ id, duplicate }) => [id, duplicate])).toEqual([
      [7, undefined],
      ['7', true],
    ]);
    expect(world.broker.appended[0]?.draft.id).toBe('7');
  });

  it('of another user, or in another channel, is another message', async () => {
    const world = createWorld();
    world.connect('ada').send(message('m-1'));
    world.connect('bob').send(message('m-1', 'y'));
    world.connect('ada').send({ ...message('m-1', 'z'), channel: 'b' });
    await world.settle();
    expect(world.broker.appended.map(({ channel, draft }) => [channel, draft.data])).toEqual([
      ['a', 'x'],
      ['a', 'y'],
      ['b', 'z'],
    ]);
  });

  it('without an id is a new publication', async () => {
    const world = createWorld();
    const writer = world.connect('ada');
    for (let i = 0; i < 2; i += 1) writer.send({ type: 'message', channel: 'a', data: 'x' });
    await world.settle();
    expect(writer.all('ack').map(({ position }) => position)).toEqual([
      expect.objectContaining({ offset: 1 }),
      expect.objectContaining({ offset: 2 }),
    ]);
    expect(writer.last('ack')).not.toHaveProperty('id');
  });

  it('is remembered for five minutes when the history is shorter, and for the history’s life when that is longer', async () => {
    const world = createWorld({
      channels: { a: { history: { ttl: '1s' } }, long: { history: { ttl: '1h' } } },
    });
    const writer = world.connect('ada');
    const both = (): void => {
      writer.send(message('m-1'));
      writer.send({ ...message('m-1'), channel: 'long' });
    };
    both();
    await world.advance(299_000);
    both();
    await world.settle();
    expect(
      writer
        .all('ack')
        .slice(2)
        .map(({ duplicate }) => duplicate),
    ).toEqual([true, true]);
    await world.advance(60_000);
    both();
    await world.settle();
    expect(
      writer
        .all('ack')
        .slice(4)
        .map(({ duplicate }) => duplicate),
    ).toEqual([undefined, true]);
  });

  it('is known in an ephemeral channel as well', async () => {
    const world = createWorld({ channels: { a: { tier: 'ephemeral' } } });
    const reader = await world.join('bob', 'a');
    const writer = world.connect('ada');
    writer.send(message('m-1'));
    writer.send(message('m-1'));
    await world.settle();
    expect(writer.all('ack')).toEqual([
      { type: 'ack', channel: 'a', id: 'm-1' },
      { type: 'ack', channel: 'a', duplicate: true, id: 'm-1' },
    ]);
    expect(reader.publications()).toHaveLength(1);
  });

  it('is compared as it was sent, whatever a hook or schema makes of it', async () => {
    let count = 0;
    const stamped: Schema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) => ({ value: { value, schema: (count += 1) } }),
      },
    };
    const world = createWorld({
      channels: { a: { events: { message: stamped } } },
      hooks: { message: ({ data }) => ({ data: { data, hook: (count += 1) } }) },
    });
    const writer = world.connect('ada');
    writer.send(message('m-1'));
    writer.send(message('m-1'));
    await world.settle();
    expect(writer.all('error')).toEqual([]);
    expect(writer.last('ack')).toMatchObject({ duplicate: true, position: { offset: 1 } });
  });

  it('of the server itself is answered with the first position', async () => {
    const { core } = createWorld();
    const first = await core.publish('a', 'message', 1, { id: 'job-1' });
    expect(first.duplicate).toBe(false);
    expect(await core.publish('a', 'message', 1, { id: 'job-1' })).toEqual({ ...first, duplicate: true });
    await expect(core.publish('a', 'message', 2, { id: 'job-1' })).rejects.toMatchObject({
      code: 'id_conflict',
    });
  });
});
