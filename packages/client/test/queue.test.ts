import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { ThrumError } from '../src/index.ts';
import { at } from './support/fake-server.ts';
import { createHarness } from './support/harness.ts';

const code = (error: unknown): string => (error as ThrumError).code;

describe('a publish', () => {
  it('resolves with its position when the server has it', async () => {
    const { client, online } = createHarness();
    const socket = await online();
    const publish = client.channel('chat:a').publish('message', { text: 'hi' }, { id: 'm-1' });
    expect(socket.last('message')).toEqual({
      type: 'message',
      channel: 'chat:a',
      event: 'message',
      data: { text: 'hi' },
      id: 'm-1',
    });
    socket.send({ type: 'ack', channel: 'chat:a', id: 'm-1', position: at(7), duplicate: true });
    expect(await publish).toEqual({ id: 'm-1', position: at(7), duplicate: true });
  });

  it('connects by itself', async () => {
    const { client, server } = createHarness();
    void client.channel('chat:a').publish('message', 1);
    expect(client.state).toBe('connecting');
    server.socket.accept();
    expect(server.socket.all('message')).toHaveLength(1);
  });

  it('is rejected with what the server said', async () => {
    const { client, online } = createHarness();
    const socket = await online();
    const publish = client.channel('chat:a').publish('message', 1, { id: 'm' });
    socket.send({
      type: 'error',
      id: 'm',
      code: 'access_denied',
      message: 'Cannot send to channel',
      retry: false,
      channel: 'chat:a',
    });
    await expect(publish).rejects.toMatchObject({
      code: 'access_denied',
      message: 'Cannot send to channel',
      retry: false,
      channel: 'chat:a',
    });
  });

  it('that cannot be encoded is rejected and not sent', async () => {
    const { client, online } = createHarness();
    const socket = await online();
    await expect(client.channel('chat:a').publish('message', 10n)).rejects.toMatchObject({
      code: 'invalid_data',
    });
    expect(socket.sent).toEqual([]);
  });

  it('above the limit of the server is rejected, also when it waited for the connection', async () => {
    const { client, server } = createHarness();
    const publish = client.channel('chat:a').publish('message', 'x'.repeat(200));
    server.socket.accept({ limits: { message: 100, rate: 50 } });
    await expect(publish).rejects.toMatchObject({ code: 'too_large' });
    await expect(client.channel('chat:a').publish('message', 'é'.repeat(60))).rejects.toMatchObject({
      code: 'too_large',
    });
    expect(server.socket.all('message')).toEqual([]);
  });

  it('above the limit that the last connection had is rejected before there is a new one', async () => {
    const { client, env, server } = createHarness();
    client.connect();
    server.socket.accept({ limits: { message: 100, rate: 50 } });
    server.socket.close(1006);
    const refused = vi.fn();
    client.channel('chat:a').publish('message', 'x'.repeat(200)).catch(refused);
    await env.settle();
    expect(refused).toHaveBeenCalledWith(expect.objectContaining({ code: 'too_large' }));
  });

  it('is aborted by its signal and not sent again', async () => {
    const { client, reconnect, online } = createHarness();
    const socket = await online();
    const controller = new AbortController();
    const publish = client.channel('chat:a').publish('message', 1, { signal: controller.signal });
    expect(socket.all('message')).toHaveLength(1);
    controller.abort(new Error('changed my mind'));
    await expect(publish).rejects.toMatchObject({ code: 'aborted', cause: { message: 'changed my mind' } });
    expect((await reconnect()).all('message')).toEqual([]);
  });

  it('whose signal had fired before is never sent', async () => {
    const { client, online } = createHarness();
    const socket = await online();
    const publish = client.channel('chat:a').publish('message', 1, { signal: AbortSignal.abort() });
    await expect(publish).rejects.toMatchObject({ code: 'aborted' });
    expect(socket.sent).toEqual([]);
  });

  it('is rejected with timeout after its own timeout', async () => {
    const { client, env, online } = createHarness();
    await online();
    const publish = client.channel('chat:a').publish('message', 1, { timeout: 300 });
    await env.advance(300);
    await expect(publish).rejects.toMatchObject({ code: 'timeout' });
  });

  it('with queue: false is rejected while there is no connection, and when it breaks', async () => {
    const { client, online } = createHarness();
    const channel = client.channel('chat:a');
    await expect(channel.publish('message', 1, { queue: false })).rejects.toMatchObject({
      code: 'disconnected',
    });
    const socket = await online();
    const publish = channel.publish('message', 1, { queue: false });
    socket.close(1006);
    await expect(publish).rejects.toMatchObject({ code: 'disconnected' });
  });

  it('twice with one id and body is one publish, with another body a conflict', async () => {
    const { client, online } = createHarness();
    const socket = await online();
    const channel = client.channel('chat:a');
    const both = Promise.all([
      channel.publish('message', 1, { id: 'm' }),
      channel.publish('message', 1, { id: 'm' }),
    ]);
    await expect(channel.publish('message', 2, { id: 'm' })).rejects.toMatchObject({ code: 'id_conflict' });
    socket.send({ type: 'ack', id: 'm', channel: 'chat:a' });
    expect(await both).toHaveLength(2);
    expect(socket.all('message')).toHaveLength(1);
  });

  it('after disconnect() is rejected at once', async () => {
    const { client, online } = createHarness();
    await online();
    client.disconnect();
    await expect(client.channel('chat:a').publish('message', 1)).rejects.toMatchObject({
      code: 'disconnected',
    });
  });
});

describe('publishes without an ack', () => {
  it('are sent again after a reconnect, in their order, with their ids, after the subscriptions', async () => {
    const { client, online, reconnect } = createHarness();
    const socket = await online();
    const channel = client.channel('chat:a');
    channel.on('message', () => undefined);
    for (const n of [1, 2, 3]) void channel.publish('message', n);
    const ids = socket.all('message').map(({ id }) => id);
    expect(new Set(ids).size).toBe(3);
    socket.send({ type: 'ack', id: ids[0], channel: 'chat:a' });
    const second = await reconnect();
    expect(second.sent.map(({ type }) => type)).toEqual(['subscribe', 'message', 'message']);
    expect(second.all('message').map(({ id, data }) => [id, data])).toEqual([
      [ids[1], 2],
      [ids[2], 3],
    ]);
  });

  it('are sent again on the same connection when the ack stays away', async () => {
    const { client, env, online } = createHarness();
    const socket = await online();
    void client.channel('chat:a').publish('message', 1);
    const stop = setIntervalOf(env, 10_000, () => socket.send({ type: 'pong' }));
    await env.advance(15_000);
    stop();
    expect(socket.all('message').map(({ id }) => id)).toEqual(['id-1', 'id-1']);
  });

  it('expire after maxAge, and onDrop is told', async () => {
    const onDrop = vi.fn();
    const { client, env } = createHarness({ onDrop });
    const publish = client.channel('chat:a').publish('message', { n: 1 }, { id: 'm' });
    await env.advance(60_000);
    await expect(publish).rejects.toMatchObject({ code: 'expired' });
    expect(onDrop).toHaveBeenCalledWith(
      { channel: 'chat:a', event: 'message', data: { n: 1 }, id: 'm' },
      expect.objectContaining({ code: 'expired' }),
    );
    expect(client.stats().queued).toBe(0);
  });

  it('are rejected by disconnect() and by a terminal close', async () => {
    for (const end of ['disconnect', 'close'] as const) {
      const { client, online } = createHarness();
      const socket = await online();
      const publish = client.channel('chat:a').publish('message', 1);
      if (end === 'disconnect') client.disconnect();
      else socket.close(4500);
      await expect(publish).rejects.toMatchObject({ code: 'disconnected' });
    }
  });
});

describe('the queue', () => {
  it('keeps the newest within its bounds of count and bytes, in order, and tells of each it drops', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 300 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 400, max: 3000 }),
        async (sizes, maxCount, maxBytes) => {
          const dropped: unknown[] = [];
          const rejected: unknown[] = [];
          const { client, env, server } = createHarness({
            queue: { maxCount, maxBytes },
            onDrop: ({ id }) => dropped.push(id),
          });
          const bytesOf = new Map<string, number>();
          for (const [n, size] of sizes.entries()) {
            const id = `m${n}`;
            const data = 'x'.repeat(size);
            bytesOf.set(
              id,
              JSON.stringify({ type: 'message', channel: 'c', event: 'message', data, id }).length,
            );
            client
              .channel('c')
              .publish('message', data, { id })
              .catch((error) => rejected.push([id, code(error)]));
          }
          await env.settle();
          if (sizes.length > 0) server.socket.accept({ limits: { rate: 1000, message: 10_000 } });
          const sent = sizes.length > 0 ? server.socket.all('message').map(({ id }) => String(id)) : [];
          const all = [...bytesOf.keys()];
          expect([...dropped, ...sent]).toEqual(all);
          expect(rejected).toEqual(dropped.map((id) => [id, 'queue_full']));
          expect(sent.length).toBeLessThanOrEqual(maxCount);
          expect(sent.reduce((sum, id) => sum + (bytesOf.get(id) ?? 0), 0)).toBeLessThanOrEqual(maxBytes);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('drops what was never sent, oldest first, and nothing that the server may have', async () => {
    const { client, env, server, online } = createHarness({ queue: { maxCount: 3 } });
    const socket = await online();
    const ends: string[] = [];
    const publish = (id: string) =>
      void client
        .channel('c')
        .publish('message', id, { id })
        .then(
          () => ends.push(`${id} acknowledged`),
          (error) => ends.push(`${id} ${code(error)}`),
        );
    ['sent-1', 'sent-2'].forEach(publish);
    socket.close(1006);
    ['new-1', 'new-2', 'new-3'].forEach(publish);
    await env.advance(1000);
    expect(ends).toEqual(['new-1 queue_full', 'new-2 queue_full']);
    server.socket.accept();
    expect(server.socket.all('message').map(({ id }) => id)).toEqual(['sent-1', 'sent-2', 'new-3']);
    server.socket.send({ type: 'ack', id: 'sent-1', channel: 'c', duplicate: true });
    await env.settle();
    expect(ends).toContain('sent-1 acknowledged');
  });

  it('refuses a new one at once where all the room is taken by what the server may have', async () => {
    const { client, env, online, reconnect } = createHarness({ queue: { maxCount: 2 } });
    const socket = await online();
    for (const id of ['a', 'b', 'c']) void client.channel('c').publish('message', id, { id });
    expect(socket.all('message')).toHaveLength(3);
    socket.close(1006);
    const refused = vi.fn();
    client.channel('c').publish('message', 'd').catch(refused);
    await env.settle();
    expect(refused).toHaveBeenCalledWith(expect.objectContaining({ code: 'queue_full' }));
    expect((await reconnect()).all('message').map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  it('says disconnected, not too_large, of one that an earlier server may have taken', async () => {
    const { client, env, server, online } = createHarness();
    const socket = await online();
    const publish = client.channel('c').publish('message', 'x'.repeat(200));
    socket.close(1006);
    await env.advance(1000);
    server.socket.accept({ limits: { message: 100, rate: 50 } });
    await expect(publish).rejects.toMatchObject({ code: 'disconnected' });
    expect(server.socket.all('message')).toEqual([]);
  });

  it('is flushed below the rate limit of the server', async () => {
    const { client, env, server } = createHarness({ queue: { maxCount: 1000 } });
    const channel = client.channel('chat:a');
    for (let n = 0; n < 500; n += 1) void channel.publish('message', n);
    server.socket.accept({ limits: { rate: 50, message: 65_536 } });
    expect(server.socket.sent.length).toBeLessThanOrEqual(100);
    for (let second = 0; second < 8; second += 1) {
      const before = server.socket.sent.length;
      await env.advance(1000);
      const sent = server.socket.sent.length - before;
      expect(sent).toBeGreaterThan(30);
      expect(sent).toBeLessThanOrEqual(50);
    }
    expect(server.socket.sent.map(({ data }) => data)).toEqual(server.socket.sent.map((_, n) => n));
  });

  it('waits as long as the server asks before it sends a refused publish again, with nothing overtaking', async () => {
    const { client, env, online } = createHarness();
    const socket = await online();
    const channel = client.channel('chat:a');
    const first = channel.publish('message', 1, { id: 'a' });
    socket.send({ type: 'error', id: 'a', code: 'rate_limited', message: '', retry: true, after: 700 });
    void channel.publish('message', 2, { id: 'b' });
    await env.advance(699);
    expect(socket.all('message').map(({ id }) => id)).toEqual(['a']);
    await env.advance(1);
    expect(socket.all('message').map(({ id }) => id)).toEqual(['a', 'a', 'b']);
    socket.send({ type: 'ack', id: 'a', channel: 'chat:a' });
    expect(await first).toMatchObject({ id: 'a' });
  });

  it('backs off by itself while the server is unavailable', async () => {
    const { client, env, server, online } = createHarness();
    const socket = await online();
    server.onFrame = (peer, { id }) =>
      peer.send({ type: 'error', id, code: 'unavailable', message: '', retry: true });
    void client.channel('chat:a').publish('message', 1);
    await env.advance(1000 + 2000 + 4000 + 8000 - 1);
    expect(socket.all('message')).toHaveLength(4);
  });

  it('survives an onDrop that throws', async () => {
    const complain = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const { client } = createHarness({
      queue: { maxCount: 1 },
      onDrop: () => {
        throw new Error('bug');
      },
    });
    const first = client.channel('chat:a').publish('message', 1);
    void client.channel('chat:a').publish('message', 2);
    await expect(first).rejects.toMatchObject({ code: 'queue_full' });
    expect(complain).toHaveBeenCalledOnce();
    complain.mockRestore();
  });
});

function setIntervalOf(
  env: { timer(ms: number, run: () => void): () => void },
  ms: number,
  run: () => void,
): () => void {
  let stop = env.timer(ms, tick);
  function tick(): void {
    run();
    stop = env.timer(ms, tick);
  }
  return () => stop();
}
