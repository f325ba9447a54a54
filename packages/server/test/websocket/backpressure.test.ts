import { connectRaw, until } from '@thrum/testkit';
import { startServer } from '../support.ts';
import { describe, expect, it } from 'vitest';

const kilobyte = 'x'.repeat(1024);

describe('a reader that stops reading', () => {
  it('gets everything, in order, once it reads again, while it fits the outbox', async () => {
    await using server = await startServer({ limits: { outboxBytes: 64_000_000, outboxFrames: 100_000 } });
    await using client = await connectRaw(server.url);
    await client.ask({ type: 'subscribe', channel: 'room:x' });
    client.pause();
    const count = 12_000;
    for (let n = 0; n < count; n += 1) await server.app.publish('room:x', 'message', { n, kilobyte });
    expect(server.app.connections()[0]?.bufferedBytes).toBeGreaterThan(0);
    client.resume();
    for (let n = 0; n < count; n += 1) {
      const frame = await client.next('message');
      expect((frame['data'] as { n: number }).n).toBe(n);
    }
    await until(() => server.app.connections()[0]?.bufferedBytes === 0, 'an empty outbox');
  });

  it('is closed with 4008 when it does not, and nobody else notices', async () => {
    await using server = await startServer({ limits: { outboxBytes: 100_000 } });
    await using reading = await connectRaw(server.url);
    await using stuck = await connectRaw(server.url);
    await reading.ask({ type: 'subscribe', channel: 'room:x' });
    await stuck.ask({ type: 'subscribe', channel: 'room:x' });
    stuck.pause();
    for (let n = 0; server.app.metrics.slowConsumers === 0; n += 1) {
      await server.app.publish('room:x', 'message', { n, kilobyte });
      await reading.next('message');
    }
    stuck.resume();
    expect(await stuck.closed()).toEqual({ code: 4008, reason: 'Slow consumer' });
    expect(await reading.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
  });

  it('and does not read the close frame either is cut off after a few seconds', async () => {
    const gone = Promise.withResolvers<{ code: number }>();
    await using server = await startServer({
      limits: { outboxBytes: 100_000 },
      hooks: { disconnect: gone.resolve },
    });
    await using stuck = await connectRaw(server.url);
    await stuck.ask({ type: 'subscribe', channel: 'room:x' });
    stuck.pause();
    while (server.app.metrics.slowConsumers === 0) await server.app.publish('room:x', 'message', kilobyte);
    expect((await gone.promise).code).toBe(4008);
    expect(server.app.connections()).toEqual([]);
  });
});
