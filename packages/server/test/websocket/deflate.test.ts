import { once } from 'node:events';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { connectBytes, frameBytes, opcodes, RawClient, webSocketOf } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startServer } from '../support.ts';

function serve(webSocketEngine: 'thrum' | 'ws', compression: boolean) {
  return startServer({ webSocketEngine, compression: compression && { threshold: 0 } });
}

/** Long enough that compressing an answer with one saves something. */
const ids = ['a', 'b'].map((letter) => letter.repeat(60));

const offer = { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' } };
const refused = { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=9' } };

function deflated(text: string): Buffer {
  return deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

function inflated(payload: Buffer): string {
  return inflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH }).toString();
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
    await client.next(opcodes.text);
    client.write(
      Buffer.concat([
        frameBytes({ rsv: 4, payload: deflated(JSON.stringify({ type: 'ping', id: ids[0] })) }),
        frameBytes({ payload: JSON.stringify({ type: 'ping', id: ids[1] }) }),
      ]),
    );
    for (const id of ids) {
      const { rsv, payload } = await client.next(opcodes.text);
      expect(rsv).toBe(4);
      expect(JSON.parse(inflated(payload))).toEqual({ type: 'pong', id });
    }
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
    client.frame({ rsv: 4, payload: deflated('{"type":"ping"}') });
    expect((await client.closed()).code).toBe(1002);
  });
});
