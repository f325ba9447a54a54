import { connectBytes, connectRaw, type Frame, isPublication, type RawClient, until } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import type { ThrumDefinition } from '../../src/index.ts';
import { startServer } from '../support.ts';

const text = 'x'.repeat(4096);
/** 12 MB: more than the kernel's buffers hold on both sides. */
const count = 3000;
const outboxBytes = 262_144;

const definition: ThrumDefinition = {
  limits: { outboxBytes, historyPage: count },
  channels: { 'feed:{x}': { slow: 'drop-oldest', history: { size: count } } },
};

type Server = Awaited<ReturnType<typeof startServer>>;

/** Publishes so much, and says how much waited at most. */
async function publish({ app }: Server): Promise<number> {
  let most = 0;
  for (let n = 1; n <= count; n += 1) {
    await app.publish('feed:x', 'message' as never, { n, text } as never);
    for (const { bufferedBytes } of app.connections()) most = Math.max(most, bufferedBytes);
    // The network gets its turn.
    if (n % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return most;
}

/** Reads as a client should, by PROTOCOL.md §15, until it has this offset. Returns every `behind`. */
async function readAll(client: RawClient, epoch: unknown, to: number): Promise<Frame[]> {
  const behinds: Frame[] = [];
  for (let at = 0; at < to;) {
    const frame = await client.take();
    if (frame.type === 'subscribed') expect(frame['recovered']).toBe(true);
    if (isPublication(frame) && frame['offset'] === at + 1) at += 1;
    if (frame.type !== 'behind') continue;
    behinds.push(frame);
    client.send({ type: 'subscribe', channel: 'feed:x', since: { epoch, offset: at }, id: at });
  }
  return behinds;
}

async function join(server: Server): Promise<{ readonly client: RawClient; readonly epoch: unknown }> {
  const client = await connectRaw(server.url);
  await client.next('welcome');
  const { position } = await client.ask({ type: 'subscribe', channel: 'feed:x' });
  return { client, epoch: (position as { epoch: string }).epoch };
}

describe('a reader that stops reading a drop-oldest channel', () => {
  it('costs no more than its bound, is told what it missed, and gets all of it in the end', async () => {
    await using server = await startServer(definition);
    const { client, epoch } = await join(server);
    await using _slow = client;
    const quick = await join(server);
    await using _quick = quick.client;
    client.pause();
    expect(await publish(server)).toBeLessThanOrEqual(outboxBytes);
    expect(await readAll(quick.client, quick.epoch, count)).toEqual([]);
    const { dropped } = server.app.metrics;
    expect(dropped).toBeGreaterThan(0);
    client.resume();
    const behinds = await readAll(client, epoch, count);
    expect(behinds[0]).toEqual({ type: 'behind', channel: 'feed:x', dropped });
    await until(
      () => server.app.connections().every(({ bufferedBytes }) => bufferedBytes === 0),
      'empty outboxes',
    );
    expect(server.app.metrics.slowConsumers).toBe(0);
  });

  it('and is cut off with a reset leaves nothing behind, and others notice nothing', async () => {
    const gone = Promise.withResolvers<{ code: number }>();
    let slow = 0;
    await using server = await startServer({
      ...definition,
      hooks: { disconnect: gone.resolve, slow: ({ dropped }) => void (slow += dropped) },
    });
    const quick = await join(server);
    await using _quick = quick.client;
    await using frozen = await connectBytes(server.url);
    frozen.text({ type: 'subscribe', channel: 'feed:x' });
    await frozen.message('subscribed');
    frozen.socket.pause();
    await publish(server);
    expect(server.app.metrics.dropped).toBeGreaterThan(0);
    frozen.socket.resetAndDestroy();
    expect((await gone.promise).code).toBe(1006);
    expect(server.app.connections()).toHaveLength(1);
    await until(() => slow === server.app.metrics.dropped, 'the hook heard of everything');
    expect(await readAll(quick.client, quick.epoch, count)).toEqual([]);
  });

  it('is one of many, each within its own bound', async () => {
    await using server = await startServer(definition);
    await using stack = new AsyncDisposableStack();
    const frozen = await Promise.all(Array.from({ length: 20 }, () => join(server)));
    for (const { client } of frozen) stack.use(client).pause();
    const quick = await join(server);
    stack.use(quick.client);
    expect(await publish(server)).toBeLessThanOrEqual(outboxBytes);
    expect(await readAll(quick.client, quick.epoch, count)).toEqual([]);
    expect(server.app.metrics.dropped).toBeGreaterThan(0);
    expect((await quick.client.ask({ type: 'ping' })).type).toBe('pong');
    for (const { client } of frozen) client.terminate();
    await until(() => server.app.connections().length === 1, 'the frozen ones gone');
    expect(server.app.metrics).toMatchObject({ subscriptions: 1, slowConsumers: 0 });
  });
});
