import {
  closePayload,
  connectBytes,
  frameBytes,
  openSocket,
  opcodes,
  readResponse,
  until,
  upgradeRequest,
} from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import type { ThrumDefinition } from '../../src/index.ts';
import { startServer } from '../support.ts';

interface Gone {
  readonly code: number;
  readonly reason: string;
}

const big = 'x'.repeat(60_000);

function serve(webSocketEngine: 'thrum' | 'ws', definition: ThrumDefinition = {}) {
  const gone = Promise.withResolvers<Gone>();
  const hooks = { disconnect: gone.resolve };
  return startServer({ webSocketEngine, hooks, ...definition }).then((server) => ({
    server,
    gone: gone.promise,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }));
}

describe.each(['thrum', 'ws'] as const)('a WebSocket read by %s', (engine) => {
  it('ends with 1006 when the peer ends its side without a close frame', async () => {
    await using test = await serve(engine);
    await using client = await connectBytes(test.server.url);
    await client.message('welcome');
    client.socket.end();
    await client.ended();
    expect(await test.gone).toMatchObject({ code: 1006, reason: '' });
    expect(test.server.app.connections()).toEqual([]);
  });

  it('ends with the peer’s code and reason, which are echoed', async () => {
    await using test = await serve(engine);
    await using client = await connectBytes(test.server.url);
    client.frame({ opcode: opcodes.close, payload: closePayload(4321, 'enough') });
    expect(await client.closed()).toEqual({ code: 4321, reason: 'enough' });
    await client.ended();
    client.socket.end();
    expect(await test.gone).toMatchObject({ code: 4321, reason: 'enough' });
  });

  it('is cut after a few seconds when the peer answers the close frame and never ends its side', async () => {
    await using test = await serve(engine);
    await using client = await connectBytes(test.server.url);
    client.frame({ opcode: opcodes.close, payload: closePayload(1000) });
    await client.ended();
    expect((await test.gone).code).toBe(1000);
    expect(client.socket.writable).toBe(true);
  });

  it('answers a violation within what this side has closed, by ending it', async () => {
    await using test = await serve(engine);
    await using client = await connectBytes(test.server.url);
    await client.message('welcome');
    test.server.app.disconnect(test.server.app.connections()[0]?.userId ?? '');
    expect((await client.closed()).code).toBe(4500);
    client.write('ff ff');
    await client.ended();
    client.socket.end();
    expect(await test.gone).toMatchObject({ code: 4500, reason: 'Disconnected' });
  });

  it('reads frames that came in one packet with the handshake', async () => {
    await using test = await serve(engine);
    const socket = await openSocket(test.server.url);
    const { host } = new URL(test.server.url);
    const frames = [
      { type: 'ping', id: 1 },
      { type: 'ping', id: 2 },
    ].map((frame) => frameBytes({ payload: JSON.stringify(frame) }));
    socket.write(Buffer.concat([Buffer.from(upgradeRequest(host)), ...frames]));
    const { status, rest } = await readResponse(socket);
    expect(status).toBe(101);
    let text = rest.toString('latin1');
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    await until(() => text.includes('"pong","id":1') && text.includes('"pong","id":2'), 'two answers');
    socket.destroy();
  });

  it('takes a large message in small packets', async () => {
    await using test = await serve(engine);
    await using client = await connectBytes(test.server.url);
    const bytes = frameBytes({ payload: JSON.stringify({ type: 'ping', id: 'large', big }) });
    for (let at = 0; at < bytes.length; at += 500) {
      client.write(bytes.subarray(at, at + 500));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await client.message('pong')).toEqual({ type: 'pong', id: 'large' });
  });

  it('does not pile up pongs for a peer that pings and does not read', async () => {
    await using test = await serve(engine);
    await using client = await connectBytes(test.server.url);
    await client.message('welcome');
    client.socket.pause();
    const pings = Buffer.concat(
      Array.from({ length: 400 }, () => frameBytes({ opcode: opcodes.ping, payload: 'x'.repeat(125) })),
    );
    let most = 0;
    // 20 MB of pings: more than the kernel holds on its way back.
    for (let n = 0; n < 400 && test.server.app.connections().length > 0; n += 1) {
      client.write(pings);
      await new Promise((resolve) => setImmediate(resolve));
      for (const { bufferedBytes } of test.server.app.connections()) most = Math.max(most, bufferedBytes);
    }
    await until(() => client.socket.writableLength === 0 || client.socket.destroyed, 'the pings read');
    for (const { bufferedBytes } of test.server.app.connections()) most = Math.max(most, bufferedBytes);
    expect(most).toBeLessThan(300_000);
  });
});

describe('a WebSocket read by Thrum itself', () => {
  it('answers the last ping of a peer that reads again', async () => {
    await using test = await serve('thrum', { limits: { outboxBytes: 64_000_000 } });
    await using client = await connectBytes(test.server.url);
    client.text({ type: 'subscribe', channel: 'room:x' });
    await client.message('subscribed');
    client.socket.pause();
    const { app } = test.server;
    while ((app.connections()[0]?.bufferedBytes ?? 0) < 1_000_000)
      await app.publish('room:x', 'message' as never, big as never);
    for (const payload of ['one', 'two', 'three']) client.frame({ opcode: opcodes.ping, payload });
    // Its answer cannot come, but that it was read shows.
    client.text({ type: 'unsubscribe', channel: 'room:x' });
    await until(() => app.connections()[0]?.channels.length === 0, 'the frame behind the pings read');
    client.socket.resume();
    expect((await client.next(opcodes.pong)).payload.toString()).toBe('three');
  });

  it('costs one write to accept, the first frame included', async () => {
    await using test = await serve('thrum');
    const socket = await openSocket(test.server.url);
    socket.write(upgradeRequest(new URL(test.server.url).host));
    const { rest } = await readResponse(socket);
    expect(rest.toString()).toContain('"welcome"');
    socket.destroy();
  });
});
