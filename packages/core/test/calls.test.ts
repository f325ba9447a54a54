import type { Schema } from '@thrum/protocol';
import { describe, expect, it } from 'vitest';
import { reject } from '../src/index.ts';
import { createWorld } from './support/world.ts';

const number: Schema<unknown, number> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      typeof value === 'number' ? { value: value * 2 } : { issues: [{ message: 'expected a number' }] },
  },
};

describe('call', () => {
  it('runs a method with what its schema made of the params, and who calls', async () => {
    const world = createWorld({
      methods: { double: { params: number, handler: (params, context) => ({ params, context }) } },
    });
    const client = world.connect('ada');
    client.send({ type: 'call', method: 'double', params: 4, id: 7 });
    await world.settle();
    expect(client.answers(7)).toEqual([
      {
        type: 'result',
        id: 7,
        data: {
          params: 8,
          context: { user: { id: 'ada', anonymous: false, claims: {} }, connectionId: client.id, id: '7' },
        },
      },
    ]);
  });

  it.each(['none', '__proto__', 'constructor', 'toString'])(
    'of a method named %s that nobody has is refused',
    async (method) => {
      const world = createWorld({ methods: { real: { handler: () => 1 } } });
      const client = world.connect('ada');
      client.send({ type: 'call', method, id: 1 });
      await world.settle();
      expect(client.answers(1)[0]).toMatchObject({ code: 'unknown_method' });
    },
  );

  it.each<[string, () => unknown, object]>([
    ['nothing', () => undefined, { type: 'result', data: null }],
    ['what JSON cannot write', () => 1n, { type: 'error', code: 'internal' }],
    ['a refusal', () => Promise.reject(reject('Not today')), { code: 'rejected', message: 'Not today' }],
    [
      'a failure',
      () => Promise.reject(new Error('secret')),
      { code: 'internal', message: 'Internal error', retry: true },
    ],
    ['a rejection without a reason', () => Promise.reject(), { code: 'internal', message: 'Internal error' }],
  ])('that gives %s is answered once', async (_, handler, answer) => {
    const world = createWorld({ methods: { m: { handler } } });
    const client = world.connect('ada');
    client.send({ type: 'call', method: 'm', id: 1 });
    client.send({ type: 'ping', id: 2 });
    await world.settle();
    expect(client.answers(1)).toEqual([expect.objectContaining(answer)]);
  });

  it('with params that the schema refuses says what was expected', async () => {
    const world = createWorld({ methods: { double: { params: number, handler: () => 1 } } });
    const client = world.connect('ada');
    client.send({ type: 'call', method: 'double', params: 'x', id: 1 });
    await world.settle();
    expect(client.answers(1)[0]).toMatchObject({
      code: 'invalid_data',
      message: 'Invalid data: expected a number',
    });
  });
});
