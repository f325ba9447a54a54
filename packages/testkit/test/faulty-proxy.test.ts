import { describe, expect, it } from 'vitest';
import { connectRaw, startProxy, until } from '../src/index.ts';
import { echo, standIn } from './stand-in.ts';

describe('the faulty proxy', () => {
  it('passes everything on, in order, late if told so', async () => {
    await using server = await standIn(echo);
    await using proxy = await startProxy(server.url);
    await using client = await connectRaw(proxy.url);
    proxy.latency = 5;
    for (let n = 0; n < 50; n += 1) client.send({ type: 'x', n });
    for (let n = 0; n < 50; n += 1) expect(await client.next('x')).toEqual({ type: 'x', n });
    expect(proxy.links).toBe(1);
  });

  it('keeps the order while the latency changes', async () => {
    await using server = await standIn(echo);
    await using proxy = await startProxy(server.url);
    await using client = await connectRaw(proxy.url);
    for (let n = 0; n < 60; n += 1) {
      proxy.latency = [30, 0, 3][n % 3] ?? 0;
      client.send({ type: 'x', n });
      // Each in a chunk of its own.
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (let n = 0; n < 60; n += 1) expect(await client.next('x')).toEqual({ type: 'x', n });
  });

  it('cuts and resets both sides', async () => {
    await using server = await standIn(echo);
    await using proxy = await startProxy(server.url);
    for (const fault of [() => proxy.cut(), () => proxy.reset()]) {
      await using client = await connectRaw(proxy.url);
      await client.next('welcome');
      fault();
      expect(await client.closed()).toMatchObject({ code: 1006 });
      await until(() => server.sockets.size === 0, 'the server knows');
      await until(() => proxy.links === 0, 'the link is gone');
    }
  });

  it('freezes one way and loses nothing', async () => {
    await using server = await standIn(echo);
    await using proxy = await startProxy(server.url);
    await using client = await connectRaw(proxy.url);
    await client.next('welcome');
    let received = 0;
    for (const socket of server.sockets) socket.on('message', () => (received += 1));
    proxy.freeze('down');
    for (let n = 0; n < 3; n += 1) client.send({ type: 'x', n });
    await until(() => received === 3, 'the server has all three');
    expect(client.frames.waiting()).toEqual([]);
    proxy.thaw();
    for (let n = 0; n < 3; n += 1) expect(await client.next('x')).toEqual({ type: 'x', n });
  });

  it('leaves a half-open connection behind, of which only the server knows', async () => {
    await using server = await standIn(echo);
    await using proxy = await startProxy(server.url);
    await using client = await connectRaw(proxy.url);
    await client.next('welcome');
    proxy.halfOpen();
    await until(() => server.sockets.size === 0, 'the server knows');
    client.send({ type: 'x' });
    await using other = await connectRaw(proxy.url);
    await other.ask({ type: 'ping' });
    expect(client.frames.waiting()).toEqual([]);
  });

  it('refuses, and sends new connections to another target', async () => {
    await using first = await standIn((socket) => socket.send('{"type":"first"}'));
    await using second = await standIn((socket) => socket.send('{"type":"second"}'));
    await using proxy = await startProxy(first.url);
    await using one = await connectRaw(proxy.url);
    await one.next('first');
    proxy.refusing = true;
    await expect(connectRaw(proxy.url)).rejects.toThrow(/ECONNRESET|hang up/u);
    proxy.refusing = false;
    proxy.retarget(second.url);
    await using two = await connectRaw(proxy.url);
    await two.next('second');
  });
});
