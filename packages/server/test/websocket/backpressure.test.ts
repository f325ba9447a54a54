import { connectRaw, startServer, until } from '@thrum/testkit';
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

  it('is closed with 4008 when it does not, and its memory is freed', async () => {
    await using server = await startServer({ limits: { outboxBytes: 100_000 } });
    await using reading = await connectRaw(server.url);
    await using stuck = await connectRaw(server.url);
    await reading.ask({ type: 'subscribe', channel: 'room:x' });
    await stuck.ask({ type: 'subscribe', channel: 'room:x' });
    stuck.pause();
    let n = 0;
    while (server.app.connections().length > 1) {
      n += 1;
      await server.app.publish('room:x', 'message', { n, kilobyte });
      await reading.next('message');
    }
    stuck.resume();
    expect(await stuck.closed()).toEqual({ code: 4008, reason: 'Slow consumer' });
    expect(await reading.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
  });
});
