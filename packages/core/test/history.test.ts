import { beforeEach, describe, expect, it } from 'vitest';
import type { TestClient } from './support/client.ts';
import { createWorld, type World } from './support/world.ts';

describe('history', () => {
  let world: World;
  let client: TestClient;
  let epoch: string;
  let id = 0;

  beforeEach(async () => {
    world = createWorld({
      channels: { a: { history: { size: 6 } }, none: { tier: 'ephemeral' } },
      limits: { historyPage: 4 },
    });
    for (let n = 1; n <= 10; n += 1) await world.publish('a', n);
    epoch = world.broker.appended[0]?.epoch ?? '';
    client = world.connect('ada');
  });

  /** Kept are 5 to 10. */
  async function ask(fields: object) {
    id += 1;
    client.send({ type: 'history', channel: 'a', id, ...fields });
    await world.settle();
    const data = client.answers(id)[0]?.['data'] as {
      readonly publications: readonly { readonly offset: number }[];
      readonly position: unknown;
      readonly more: boolean;
      readonly recovered: boolean;
    };
    return { ...data, publications: data.publications.map(({ offset }) => offset) };
  }

  const at = (offset: number) => ({ epoch, offset });

  it('begins at the oldest kept, or with reverse at the newest', async () => {
    const position = at(10);
    expect(await ask({})).toEqual({ publications: [5, 6, 7, 8], position, more: true, recovered: true });
    expect(await ask({ reverse: true })).toEqual({
      publications: [10, 9, 8, 7],
      position,
      more: true,
      recovered: true,
    });
  });

  it('goes on from a position in either direction until there is no more', async () => {
    expect(await ask({ since: at(8) })).toMatchObject({
      publications: [9, 10],
      more: false,
      recovered: true,
    });
    expect(await ask({ since: at(7), reverse: true })).toMatchObject({
      publications: [6, 5],
      more: false,
      recovered: true,
    });
    expect(await ask({ since: at(10) })).toMatchObject({ publications: [], more: false, recovered: true });
  });

  it('says when something before the oldest kept is missing, in either direction', async () => {
    expect(await ask({ since: at(4), limit: 1 })).toMatchObject({ publications: [5], recovered: true });
    expect(await ask({ since: at(3), limit: 1 })).toMatchObject({ publications: [5], recovered: false });
    expect(await ask({ since: at(3), reverse: true })).toMatchObject({ publications: [], recovered: false });
  });

  it('says that a position of another epoch or the future is not recovered', async () => {
    expect(await ask({ since: { epoch: 'other', offset: 8 } })).toMatchObject({ recovered: false });
    expect(await ask({ since: at(11) })).toMatchObject({ recovered: false });
  });

  it.each([-1, 0, 1e9, 1.5, 5])('takes a limit of %d for the whole page', async (limit) => {
    expect((await ask({ limit })).publications).toEqual([5, 6, 7, 8]);
  });

  it('of a channel that keeps none is empty and has no position', async () => {
    expect(await ask({ channel: 'none' })).toEqual({ publications: [], more: false, recovered: true });
  });

  it('is unavailable while the log cannot be read', async () => {
    world.broker.failingReads = 1;
    client.send({ type: 'history', channel: 'a', id: 'x' });
    await world.settle();
    expect(client.answers('x')[0]).toMatchObject({ type: 'error', code: 'unavailable', retry: true });
  });

  it('ends a page earlier than it would take half of the outbox, but holds one publication in any case', async () => {
    world = createWorld({ limits: { outboxBytes: 4000 } });
    for (const size of [500, 500, 500, 500, 3000, 500])
      await world.publishEvent('a', 'message', 'x'.repeat(size));
    epoch = world.broker.appended[0]?.epoch ?? '';
    client = world.connect('ada');
    const position = at(6);
    const page = { position, recovered: true };
    expect(await ask({})).toEqual({ ...page, publications: [1, 2, 3], more: true });
    expect(await ask({ since: at(3) })).toEqual({ ...page, publications: [4], more: true });
    expect(await ask({ since: at(4) })).toEqual({ ...page, publications: [5], more: true });
    expect(await ask({ since: at(5) })).toEqual({ ...page, publications: [6], more: false });
    expect(await ask({ reverse: true })).toEqual({ ...page, publications: [6], more: true });
    expect(await ask({ limit: 2 })).toEqual({ ...page, publications: [1, 2], more: true });
  });
});
