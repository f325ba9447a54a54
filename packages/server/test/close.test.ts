import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { connectBytes, connectRaw, openSocket, spawnNode, upgradeRequest } from '@thrum/testkit';
import { startServer } from './support.ts';
import { describe, expect, it } from 'vitest';
import { createMemoryBroker, createThrum } from '../src/index.ts';

describe('closing', () => {
  it('tells every client to come back, then closes each with 1012', async () => {
    await using server = await startServer();
    const clients = await Promise.all(Array.from({ length: 20 }, () => connectRaw(server.url)));
    const closed = server.app.close({ drainMs: 5000 });
    for (const client of clients) {
      expect(await client.next('reconnect')).toMatchObject({ reason: 'Service restart' });
      expect(await client.closed()).toEqual({ code: 1012, reason: 'Service restart' });
    }
    await closed;
  });

  it.each(['websocket', 'sse', 'longpoll'] as const)(
    'takes no new connections over %s from its first moment, and serves those it has',
    async (transport) => {
      await using server = await startServer();
      // One of many, so that the last ones have a while.
      const others = await Promise.all(
        Array.from({ length: 20 }, () => connectRaw(server.url, { transport })),
      );
      const closed = server.app.close({ drainMs: 5000 });
      await using late = await connectRaw(server.url, { transport });
      expect(await late.closed()).toEqual({ code: 1012, reason: 'Service restart' });
      expect(late.texts).toEqual([]);
      for (const client of others) {
        await client.next('reconnect');
        expect(await client.closed()).toEqual({ code: 1012, reason: 'Service restart' });
      }
      await closed;
      await expect(openSocket(server.url)).rejects.toThrow();
    },
  );

  it('closes with 1001 at once when there is no time to drain', async () => {
    await using server = await startServer();
    await using client = await connectRaw(server.url);
    await server.app.close({ drainMs: 0 });
    expect(await client.closed()).toEqual({ code: 1001, reason: 'Going away' });
    await client.expectNothing('reconnect').catch(() => undefined);
    expect(client.texts.join('')).not.toContain('reconnect');
  });

  it('happens once, however often it is asked for', async () => {
    await using server = await startServer();
    const first = server.app.close({ drainMs: 0 });
    expect(server.app.close()).toBe(first);
    await server.close();
    await first;
    await expect(server.app.listen({ port: 0 })).rejects.toThrow(/closed/);
    expect(() => server.app.attach({ on() {}, off() {}, listeners: () => [] })).toThrow(/closed/);
  });

  it('waits neither for peers that do not answer, nor for refused, waiting or idle sockets', async () => {
    const asked = Promise.withResolvers<void>();
    const auth = (): Promise<never> => {
      asked.resolve();
      return new Promise(() => {});
    };
    await using server = await startServer({ auth: { anonymous: true, authenticate: auth } });
    await using mute = await connectBytes(server.url);
    await mute.message('welcome');
    const refused = await openSocket(server.url);
    refused.write(upgradeRequest('x', { method: 'POST' }));
    const waiting = await openSocket(server.url);
    waiting.write(upgradeRequest('x', { path: '/ws?token=x' }));
    const silent = await openSocket(server.url);
    const half = await openSocket(server.url);
    half.write('GET / HTTP/1.1\r\n');
    await asked.promise;
    await server.app.close({ drainMs: 0 });
    expect(server.app.connections()).toEqual([]);
    for (const socket of [refused, waiting, silent, half]) socket.destroy();
  });

  it('leaves a broker open that the application made', async () => {
    const broker = createMemoryBroker();
    const first = await startServer({ broker });
    await first.app.publish('room:x', 'message', 1);
    await first.app.close({ drainMs: 0 });
    await using second = await startServer({ broker });
    expect((await second.app.history('room:x')).publications).toHaveLength(1);
    await second.app.close({ drainMs: 0 });
    await broker.close();
  });

  it('works for a server that was never started', async () => {
    await createThrum({}).close();
  });

  it.each(['listen', 'attach', 'nothing'])('lets the process end by itself: %s', async (mode) => {
    const script = fileURLToPath(new URL('fixtures/exit.ts', import.meta.url));
    const child = spawnNode([script, mode]);
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(output).toBe('closed\n');
    expect(code).toBe(0);
  });
});
