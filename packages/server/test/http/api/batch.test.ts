import { connectRaw } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { startApi } from './support.ts';

describe('POST /batch', () => {
  it('publishes a list, with a result or an error for each, in order', async () => {
    await using api = await startApi();
    await api.send('POST /batch', [{ channel: 'room:a', data: 'taken', id: 'k' }]);
    const { status, body } = await api.send('POST /batch', [
      { channel: 'room:a', data: 1, event: 'x' },
      { channel: 'nobody', data: 1 },
      { channel: 'room:b', data: 2, id: 'b-1', from: 'alice' },
      { channel: 'typed:a', data: { text: 1 } },
      { channel: 'room:a', data: 'other', id: 'k' },
      { channel: 'room:a', data: 'taken', id: 'k' },
      { channel: '', data: 1 },
      { channel: 'live:a', data: 1 },
    ]);
    expect(status).toBe(200);
    const { results } = body as { results: readonly Record<string, unknown>[] };
    expect(results).toMatchObject([
      { channel: 'room:a', position: { offset: 2 }, duplicate: false },
      { channel: 'nobody', error: { code: 'access_denied', retry: false } },
      { channel: 'room:b', position: { offset: 1 }, duplicate: false, id: 'b-1' },
      { channel: 'typed:a', error: { code: 'invalid_data' } },
      { channel: 'room:a', error: { code: 'id_conflict' } },
      { channel: 'room:a', position: { offset: 1 }, duplicate: true, id: 'k' },
      { channel: '', error: { code: 'invalid_channel' } },
      { channel: 'live:a', duplicate: false },
    ]);
  });

  it('publishes one thing to many channels', async () => {
    await using api = await startApi();
    await using client = await connectRaw(api.server.url);
    for (const channel of ['room:a', 'room:b']) await client.ask({ type: 'subscribe', channel });
    const { body } = await api.send('POST /batch', {
      channels: ['room:a', 'nobody', 'room:b'],
      event: 'news',
      data: { n: 1 },
      id: 'once',
    });
    expect(body).toMatchObject({
      results: [
        { channel: 'room:a', duplicate: false, id: 'once' },
        { channel: 'nobody', error: { code: 'access_denied' } },
        { channel: 'room:b', duplicate: false, id: 'once' },
      ],
    });
    expect(await client.next('news')).toMatchObject({ channel: 'room:a', data: { n: 1 } });
    expect(await client.next('news')).toMatchObject({ channel: 'room:b', data: { n: 1 } });
  });

  it('appends what is for one channel in the order of the request, whatever the schemas take', async () => {
    // The first takes longest: without waiting for one another they would end in reverse.
    const slow = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: async (value: unknown) => {
          for (let turns = 100 - Number(value); turns > 0; turns -= 1) await Promise.resolve();
          return { value };
        },
      },
    } as const;
    await using api = await startApi({ channels: { 'room:{name}': { events: { message: slow } } } });
    const values = Array.from({ length: 50 }, (_, index) => index);
    await api.send(
      'POST /batch',
      values.map((data) => ({ channel: 'room:a', data })),
    );
    const { body } = await api.send('GET /channels/room:a/history');
    expect((body as { publications: { data: number }[] }).publications.map(({ data }) => data)).toEqual(
      values,
    );
  });

  it.each([
    ['nothing', [], 400],
    ['no channels', { channels: [], data: 1 }, 400],
    ['a number', 5, 400],
    ['an entry without a channel', [{ data: 1 }], 400],
    ['an entry with an unknown field', [{ channel: 'room:a', data: 1, extra: 1 }], 400],
    ['too many publications', Array.from({ length: 4 }, () => ({ channel: 'room:a', data: 1 })), 400],
    ['too many channels', { channels: ['room:a', 'room:b', 'room:c', 'room:d'], data: 1 }, 400],
  ])('refuses %s as a whole, and publishes nothing', async (_title, body, status) => {
    await using api = await startApi({ apiBatch: 3 });
    expect(await api.send('POST /batch', body)).toMatchObject({ status, body: { code: 'invalid_frame' } });
    expect(api.server.app.metrics.published).toBe(0);
  });

  it('names the entry that is wrong', async () => {
    await using api = await startApi();
    const { body } = await api.send('POST /batch', [{ channel: 'room:a', data: 1 }, { channel: 'room:a' }]);
    expect(body).toMatchObject({ detail: 'Invalid request: 1.data: expected a value, got nothing.' });
  });

  it('holds each publication to the size of a message, and the whole to its own', async () => {
    await using api = await startApi({ limits: { messageBytes: 1000 }, apiBatchBytes: 4000 });
    const text = (length: number) => 'x'.repeat(length);
    const { body } = await api.send('POST /batch', [
      { channel: 'room:a', data: text(998) },
      { channel: 'room:a', data: text(999) },
    ]);
    expect(body).toMatchObject({ results: [{ duplicate: false }, { error: { code: 'invalid_data' } }] });
    const large = await api.send('POST /batch', [{ channel: 'room:a', data: text(4000) }]);
    expect(large).toMatchObject({ status: 413, body: { detail: 'Expected at most 4000 bytes.' } });
  });
});
