import { describe, expect, it } from 'vitest';
import { connectRaw, EventQueue, HandshakeRefused } from '../src/index.ts';
import { echo, standIn } from './stand-in.ts';

describe('the raw client', () => {
  it('has the first frame even when nobody asked for it before it came', async () => {
    await using server = await standIn(echo);
    await using client = await connectRaw(server.url);
    await client.ping();
    expect(await client.next('welcome')).toEqual({ type: 'welcome' });
  });

  it('takes frames by type and leaves the others in their order', async () => {
    await using server = await standIn(echo);
    await using client = await connectRaw(server.url);
    for (const type of ['a', 'b', 'a']) client.send({ type });
    expect(await client.next('b')).toEqual({ type: 'b' });
    await client.ask({ type: 'ping' });
    expect(client.frames.drain().map(({ type }) => type)).toEqual(['welcome', 'a', 'a']);
    expect(client.texts).toHaveLength(5);
  });

  it('tells an unexpected frame by a barrier and not by waiting', async () => {
    await using server = await standIn(echo);
    await using client = await connectRaw(server.url);
    await client.next('welcome');
    await client.expectNothing();
    client.send({ type: 'surprise' });
    await expect(client.expectNothing('surprise')).rejects.toThrow('expected no such frame');
    await client.expectNothing('other');
  });

  it('pings with a payload of its own', async () => {
    await using server = await standIn(echo);
    await using client = await connectRaw(server.url);
    expect((await client.ping(Buffer.from('abc'))).toString()).toBe('abc');
  });

  it('reports the close and tells whoever still waits', async () => {
    await using server = await standIn((socket) => socket.close(1008, 'Invalid token'));
    await using client = await connectRaw(server.url);
    await expect(client.next('welcome')).rejects.toThrow('closed with 1008 Invalid token');
    expect(await client.closed()).toEqual({ code: 1008, reason: 'Invalid token' });
  });

  it('reports a refused handshake with its status', async () => {
    await using server = await standIn(echo);
    const refused = connectRaw(server.url.replace('/ws', '/nowhere'));
    await expect(refused).rejects.toThrow(HandshakeRefused);
    await expect(refused).rejects.toMatchObject({ status: 400 });
    await expect(connectRaw('ws://127.0.0.1:1/ws')).rejects.toThrow('ECONNREFUSED');
  });

  it('survives what is not JSON', async () => {
    await using server = await standIn((socket) => socket.send('<html>'));
    await using client = await connectRaw(server.url);
    expect(await client.take()).toEqual({ type: '(not JSON)', text: '<html>' });
  });
});

describe('the event queue', () => {
  it('says what did not come, and what came instead', async () => {
    const queue = new EventQueue<number>();
    queue.push(7);
    await expect(
      queue.next(
        (n) => n === 8,
        () => 'eight',
        10,
      ),
    ).rejects.toThrow('eight (waiting: [7]) did not come');
    queue.end(new Error('over'));
    expect(await queue.next((n) => n === 7)).toBe(7);
    await expect(
      queue.next(
        (n) => n === 8,
        () => 'eight',
      ),
    ).rejects.toThrow('eight did not come: over');
  });

  it('gives each item to one taker, in the order of asking', async () => {
    const queue = new EventQueue<number>();
    const takers = [queue.next(() => true), queue.next((n) => n > 1), queue.next(() => true)];
    for (const n of [1, 2, 3]) queue.push(n);
    expect(await Promise.all(takers)).toEqual([1, 2, 3]);
    expect(queue.seen).toEqual([1, 2, 3]);
  });
});
