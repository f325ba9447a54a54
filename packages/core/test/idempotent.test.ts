import { describe, expect, it } from 'vitest';
import { settle, VirtualEnv } from '@thrum/testkit';
import { createMemoryStore, idempotent, reject, type CallContext, type Store } from '../src/index.ts';
import type { TestClient } from './support/client.ts';
import { createWorld, type World, type WorldOptions } from './support/world.ts';

interface Bank {
  readonly world: World;
  readonly keys: string[];
  readonly transfer: (
    client: TestClient,
    params: unknown,
    id: string | number | undefined,
  ) => Promise<object>;
}

function bank(
  work: (params: unknown, runs: number) => unknown = (params, runs) => ({ params, runs }),
  options: WorldOptions = {},
): Bank {
  const keys: string[] = [];
  const world = createWorld({
    ...options,
    methods: {
      transfer: {
        handler: idempotent(async (params: unknown, context: CallContext, key: string) => {
          keys.push(key);
          expect(context.user.id).toBe('ada');
          return work(params, keys.length);
        }),
      },
    },
  });
  const transfer: Bank['transfer'] = async (client, params, id) => {
    client.clear();
    client.send({ type: 'call', method: 'transfer', params, ...(id === undefined ? {} : { id }) });
    await settle();
    return client.frames.at(-1) ?? {};
  };
  return { world, keys, transfer };
}

/** A store that fails when told to, before or after it did what it was asked for. */
function failing(): { readonly store: Store; fail: 'get' | 'put' | 'after put' | undefined } {
  const inner = createMemoryStore(new VirtualEnv());
  const state: { readonly store: Store; fail: 'get' | 'put' | 'after put' | undefined } = {
    fail: undefined,
    store: {
      durable: false,
      get: async (...args) => {
        if (state.fail === 'get') throw new Error('no');
        return inner.get(...args);
      },
      put: async (...args) => {
        if (state.fail === 'put') throw new Error('no');
        const version = await inner.put(...args);
        if (state.fail === 'after put') throw new Error('no');
        return version;
      },
      delete: (...args) => inner.delete(...args),
      close: () => inner.close(),
    },
  };
  return state;
}

describe('an idempotent method', () => {
  it('runs once per id and gives a repeat the stored result, on another connection too', async () => {
    const { world, keys, transfer } = bank();
    const client = world.connect('ada');
    const first = await transfer(client, { amount: 5 }, 't-1');
    expect(first).toMatchObject({ type: 'result', data: { params: { amount: 5 }, runs: 1 } });
    expect(await transfer(client, { amount: 5 }, 't-1')).toEqual(first);
    expect(await transfer(world.connect('ada'), { amount: 5 }, 't-1')).toEqual(first);
    expect(await transfer(client, { amount: 5 }, 't-2')).toMatchObject({ data: { runs: 2 } });
    expect(keys).toEqual([
      JSON.stringify(['call', 'transfer', 'ada', 't-1']),
      JSON.stringify(['call', 'transfer', 'ada', 't-2']),
    ]);
  });

  it('refuses another body under the same id, done or still running', async () => {
    let finish = (): void => {};
    const { world, keys, transfer } = bank(() => new Promise((resolve) => (finish = () => resolve('done'))));
    const client = world.connect('ada');
    await transfer(client, 1, 't');
    const other = world.connect('ada');
    expect(await transfer(other, 2, 't')).toMatchObject({ code: 'id_conflict' });
    finish();
    await settle();
    expect(await transfer(other, 2, 't')).toMatchObject({ code: 'id_conflict' });
    expect(keys).toHaveLength(1);
  });

  it('lets a repeat wait for the first that still runs', async () => {
    let finish = (): void => {};
    const { world, keys, transfer } = bank(() => new Promise((resolve) => (finish = () => resolve('done'))));
    const [first, second] = [world.connect('ada'), world.connect('ada')];
    await transfer(first, 1, 't');
    await transfer(second, 1, 't');
    expect(second.frames).toEqual([]);
    finish();
    await settle();
    for (const client of [first, second]) expect(client.last('result')).toMatchObject({ data: 'done' });
    expect(keys).toHaveLength(1);
  });

  it.each([undefined, 7])('refuses the id %s, which names nothing', async (id) => {
    const { world, keys, transfer } = bank();
    expect(await transfer(world.connect('ada'), 1, id)).toMatchObject({ code: 'invalid_frame' });
    expect(keys).toEqual([]);
  });

  it('that fails or refuses has no result: a repeat runs it again', async () => {
    const { world, transfer } = bank((_, runs) => {
      if (runs === 1) throw new Error('no');
      if (runs === 2) throw reject('Not today');
      return 'done';
    });
    const client = world.connect('ada');
    expect(await transfer(client, 1, 't')).toMatchObject({ code: 'internal' });
    expect(await transfer(client, 1, 't')).toMatchObject({ code: 'rejected' });
    expect(await transfer(client, 1, 't')).toMatchObject({ data: 'done' });
  });

  it('remembers that it returned nothing', async () => {
    const { world, keys, transfer } = bank(() => undefined);
    const client = world.connect('ada');
    const first = await transfer(client, 1, 't');
    expect(first).toMatchObject({ data: null });
    expect(await transfer(client, 1, 't')).toEqual(first);
    expect(keys).toHaveLength(1);
  });

  it('forgets after its time', async () => {
    const { world, keys, transfer } = bank();
    const client = world.connect('ada');
    await transfer(client, 1, 't');
    await world.advance(23 * 3_600_000);
    await transfer(client, 1, 't');
    expect(keys).toHaveLength(1);
    await world.advance(2 * 3_600_000);
    await transfer(client, 1, 't');
    expect(keys).toHaveLength(2);
    expect(() => idempotent(() => 1, { ttl: 'soon' as '1h' })).toThrow(RangeError);
  });

  it('is not run while the store cannot say whether it ran', async () => {
    const state = failing();
    const { world, keys, transfer } = bank(undefined, { store: state.store });
    const client = world.connect('ada');
    state.fail = 'get';
    expect(await transfer(client, 1, 't')).toMatchObject({ code: 'unavailable', retry: true });
    expect(keys).toEqual([]);
    state.fail = undefined;
    expect(await transfer(client, 1, 't')).toMatchObject({ data: { runs: 1 } });
  });

  it('runs again when it ran and its result could not be stored: the window that the key closes', async () => {
    const state = failing();
    const done = new Map<string, string>();
    const { world, keys, transfer } = bank(
      () => {
        const key = keys.at(-1) ?? '';
        // What a transaction with a unique index on the key does.
        if (!done.has(key)) done.set(key, `receipt ${done.size + 1}`);
        return done.get(key);
      },
      { store: state.store },
    );
    const client = world.connect('ada');
    state.fail = 'put';
    expect(await transfer(client, 1, 't')).toMatchObject({ code: 'unavailable' });
    state.fail = undefined;
    expect(await transfer(client, 1, 't')).toMatchObject({ data: 'receipt 1' });
    expect(keys).toHaveLength(2);
    expect(done.size).toBe(1);
  });

  it('has its result when only the answer was lost', async () => {
    const state = failing();
    const { world, keys, transfer } = bank(undefined, { store: state.store });
    const client = world.connect('ada');
    state.fail = 'after put';
    expect(await transfer(client, 1, 't')).toMatchObject({ code: 'unavailable' });
    state.fail = undefined;
    expect(await transfer(client, 1, 't')).toMatchObject({ data: { runs: 1 } });
    expect(keys).toHaveLength(1);
  });

  it('gives one answer where two nodes ran it at once', async () => {
    const store = createMemoryStore(new VirtualEnv());
    const finish: (() => void)[] = [];
    const work = (name: string) => () => new Promise((resolve) => finish.push(() => resolve(name)));
    const [one, two] = [bank(work('one'), { store }), bank(work('two'), { store })];
    const [first, second] = [one.world.connect('ada'), two.world.connect('ada')];
    await one.transfer(first, 1, 't');
    await two.transfer(second, 1, 't');
    finish[1]?.();
    await settle();
    finish[0]?.();
    await settle();
    for (const client of [first, second]) expect(client.last('result')).toMatchObject({ data: 'two' });
  });

  it('is used on a server only', async () => {
    const handler = idempotent((_params: unknown, _context: object, key: string) => key);
    await expect(handler(1, {})).rejects.toThrow(TypeError);
  });
});

describe('an idempotent message hook', () => {
  it('runs once for a message and its repeats, and what it made of the data stays', async () => {
    let runs = 0;
    const world = createWorld({
      hooks: {
        message: idempotent((message, key) => {
          runs += 1;
          return { data: [message.data, key, runs] };
        }),
      },
    });
    const client = await world.join('ada', 'a');
    const message = { type: 'message', channel: 'a', data: 'hi', id: 'm' };
    client.send(message);
    client.send(message);
    await world.settle();
    expect(runs).toBe(1);
    const key = JSON.stringify(['message', 'a', 'ada', 'm']);
    expect(client.publications().map(({ data }) => data)).toEqual([['hi', key, 1]]);
    expect(client.last('ack')).toMatchObject({ duplicate: true });
    client.send({ ...message, data: 'other' });
    await world.settle();
    expect(client.last('error')).toMatchObject({ code: 'id_conflict', id: 'm' });
  });
});
