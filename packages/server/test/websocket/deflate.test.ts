import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { constants, deflateRawSync } from 'node:zlib';
import { createCore, createMemoryBroker } from '@thrum/core';
import { connectBytes, frameBytes, opcodes, RawClient, webSocketOf } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { attach } from '../../src/attach.ts';
import { createNodeEnv } from '../../src/node/env.ts';
import { WebSocketEdge, type WebSocketEngine } from '../../src/transports/websocket/edge.ts';
import { silentLog } from '../support.ts';

interface Served extends AsyncDisposable {
  readonly url: string;
}

async function serve(engine: WebSocketEngine, deflate: boolean): Promise<Served> {
  const env = createNodeEnv();
  const core = createCore({ env, log: silentLog, broker: createMemoryBroker(env), channels: {} });
  const edge = new WebSocketEdge({
    ...{ core, env, log: silentLog, engine, deflate },
    isAllowedOrigin: () => true,
    ready: () => undefined,
  });
  const server = createServer();
  attach(server, '/ws', edge);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`,
    async [Symbol.asyncDispose]() {
      await core.close();
      await edge.close();
      server.close();
    },
  };
}

const offer = { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' } };
const refused = { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=9' } };

function deflated(text: string): Buffer {
  return deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

describe.each(['thrum', 'ws'] as const)('compressed messages, read by %s', (engine) => {
  it('of a client that has a deflate of its own', async () => {
    await using server = await serve(engine, true);
    const socket = new WebSocket(server.url, { perMessageDeflate: { threshold: 0 } });
    await using client = new RawClient(webSocketOf(socket));
    await once(socket, 'open');
    expect(socket.extensions).toBe('permessage-deflate');
    expect(await client.ask({ type: 'ping', ignored: 'é'.repeat(1000) })).toMatchObject({ type: 'pong' });
  });

  it('are read beside those that are not', async () => {
    await using server = await serve(engine, true);
    await using client = await connectBytes(server.url, offer);
    client.write(
      Buffer.concat([
        frameBytes({ rsv: 4, payload: deflated('{"type":"ping","id":1}') }),
        frameBytes({ payload: '{"type":"ping","id":2}' }),
      ]),
    );
    expect((await client.message('pong'))['id']).toBe(1);
    expect((await client.message('pong'))['id']).toBe(2);
  });

  it('close with 1009 where they would become too large', async () => {
    await using server = await serve(engine, true);
    await using client = await connectBytes(server.url, offer);
    client.frame({ rsv: 4, payload: deflated('x'.repeat(10_000_000)) });
    expect(await client.closed()).toEqual({ code: 1009, reason: 'Message too big' });
    await client.ended();
  });

  it('are not agreed to where the option is off', async () => {
    await using server = await serve(engine, false);
    await using client = await connectBytes(server.url, offer);
    client.frame({ rsv: 4, payload: deflated('{"type":"ping"}') });
    expect((await client.closed()).code).toBe(1002);
  });

  it('are not agreed to where the offer cannot be kept, and the connection stands', async () => {
    await using server = await serve(engine, true);
    await using client = await connectBytes(server.url, refused);
    client.text({ type: 'ping' });
    await client.message('pong');
    client.frame({ opcode: opcodes.text, rsv: 4, payload: deflated('{"type":"ping"}') });
    expect((await client.closed()).code).toBe(1002);
  });
});
