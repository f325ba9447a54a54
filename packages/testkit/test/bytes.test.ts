import { describe, expect, it } from 'vitest';
import {
  closePayload,
  connectBytes,
  exchange,
  frameBytes,
  opcodes,
  openSocket,
  sampleKey,
  upgradeRequest,
} from '../src/index.ts';
import { echo, standIn } from './stand-in.ts';

describe('frames made by hand', () => {
  it('are those of RFC 6455 §5.7', () => {
    expect(frameBytes({ payload: 'Hello' }).toString('hex')).toBe('818537fa213d7f9f4d5158');
    expect(frameBytes({ payload: 'Hello', masked: false }).toString('hex')).toBe('810548656c6c6f');
    expect(frameBytes({ fin: false, payload: 'Hel', masked: false }).toString('hex')).toBe('010348656c');
    expect(frameBytes({ opcode: opcodes.continuation, payload: 'lo', masked: false }).toString('hex')).toBe(
      '80026c6f',
    );
    const half = frameBytes({ opcode: opcodes.binary, payload: Buffer.alloc(256), masked: false });
    expect(half.subarray(0, 4).toString('hex')).toBe('827e0100');
    const more = frameBytes({ opcode: opcodes.binary, payload: Buffer.alloc(65_536), masked: false });
    expect(more.subarray(0, 10).toString('hex')).toBe('827f0000000000010000');
  });

  it('can be wrong on purpose', () => {
    expect(frameBytes({ rsv: 4, masked: false }).toString('hex')).toBe('c100');
    expect(frameBytes({ length: 1e9, lengthBytes: 8, masked: false }).toString('hex')).toBe(
      '817f000000003b9aca00',
    );
    expect(frameBytes({ payload: 'a', lengthBytes: 2, masked: false }).toString('hex')).toBe('817e000161');
    expect(closePayload(1000, 'bye').toString('hex')).toBe('03e8627965');
  });
});

describe('the byte client', () => {
  it('speaks to a WebSocket server', async () => {
    await using server = await standIn(echo);
    await using client = await connectBytes(server.url);
    expect(await client.message('welcome')).toEqual({ type: 'welcome' });
    client.frame({ fin: false, payload: '{"type":' });
    client.frame({ opcode: opcodes.ping, payload: 'between' });
    client.frame({ opcode: opcodes.continuation, payload: '"x"}' });
    expect((await client.next(opcodes.pong)).payload.toString()).toBe('between');
    expect(await client.message('x')).toEqual({ type: 'x' });
    client.frame({ opcode: opcodes.close, payload: closePayload(1000, 'bye') });
    expect(await client.closed()).toEqual({ code: 1000, reason: 'bye' });
    await client.ended();
  });

  it('reads frames that come in pieces and many at once', async () => {
    await using server = await standIn((socket) => {
      for (let i = 0; i < 20; i += 1)
        socket.send(JSON.stringify({ type: 'big', i, pad: 'x'.repeat(i * 5000) }));
    });
    await using client = await connectBytes(server.url);
    for (let i = 0; i < 20; i += 1) expect(await client.message('big')).toMatchObject({ i });
  });

  it('sees what the server makes of an unmasked frame, written as hex', async () => {
    await using server = await standIn(echo);
    await using client = await connectBytes(server.url);
    client.write('81 05 48656c6c6f');
    expect(await client.closed()).toMatchObject({ code: 1002 });
  });

  it('says 1006 when the server goes without a close frame', async () => {
    await using server = await standIn((socket) => socket.terminate());
    await using client = await connectBytes(server.url);
    expect(await client.closed()).toEqual({ code: 1006, reason: '' });
  });
});

describe('a handshake made by hand', () => {
  it('is answered, right or wrong', async () => {
    await using server = await standIn(echo);
    const { host } = new URL(server.url);
    const right = await openSocket(server.url);
    const response = await exchange(right, upgradeRequest(host));
    expect(response.status).toBe(101);
    expect(response.headers.get('sec-websocket-accept')).toBe(sampleKey.accept);
    right.destroy();
    const wrong = await openSocket(server.url);
    const headers = { 'Sec-WebSocket-Key': undefined };
    expect((await exchange(wrong, upgradeRequest(host, { headers, lines: ['X-Odd: 1'] }))).status).toBe(400);
    wrong.destroy();
  });
});
