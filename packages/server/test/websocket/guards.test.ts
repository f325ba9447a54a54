import { closePayload, connectBytes, connectRaw, opcodes } from '@thrum/testkit';
import { startServer } from '../support.ts';
import { describe, expect, it } from 'vitest';

const limits = { messageBytes: 1000, fragments: 4, frameSeconds: 0.1 };

async function closeOf(url: string, ...frames: readonly Parameters<typeof closeFrames>[1][]) {
  await using client = await connectBytes(url);
  for (const frame of frames) closeFrames(client, frame);
  const { payload } = await client.next(opcodes.close);
  return { code: payload.readUInt16BE(0), reason: payload.subarray(2).toString() };
}

function closeFrames(
  client: Awaited<ReturnType<typeof connectBytes>>,
  frame: Parameters<typeof client.frame>[0],
): void {
  client.frame(frame);
}

describe('a violation of the WebSocket protocol', () => {
  it.each([
    ['an unmasked frame', { payload: 'x', masked: false }, 1002, 'Protocol error'],
    ['a reserved bit', { payload: 'x', rsv: 4 }, 1002, 'Protocol error'],
    ['a reserved opcode', { payload: 'x', opcode: 3 }, 1002, 'Protocol error'],
    ['an orphan continuation', { payload: 'x', opcode: opcodes.continuation }, 1002, 'Protocol error'],
    ['a fragmented ping', { payload: 'x', opcode: opcodes.ping, fin: false }, 1002, 'Protocol error'],
    ['a ping of 126 bytes', { payload: 'x'.repeat(126), opcode: opcodes.ping }, 1002, 'Protocol error'],
    ['text that is not UTF-8', { payload: Buffer.from('ff', 'hex') }, 1007, 'Invalid UTF-8'],
    ['a message that is too big', { payload: 'x'.repeat(1001) }, 1009, 'Message too big'],
    [
      'a declared length that is too big, before its bytes',
      { payload: '', length: 2 ** 40 },
      1009,
      'Message too big',
    ],
  ])('closes with the code and reason of PROTOCOL.md §12: %s', async (_title, frame, code, reason) => {
    await using server = await startServer({ limits });
    expect(await closeOf(server.url, frame)).toEqual({ code, reason });
  });

  it('counts the sum of all fragments', async () => {
    await using server = await startServer({ limits });
    const half = { payload: 'x'.repeat(600), fin: false };
    const rest = { payload: 'x'.repeat(600), opcode: opcodes.continuation };
    expect(await closeOf(server.url, half, rest)).toEqual({ code: 1009, reason: 'Message too big' });
  });

  it('counts fragments, empty ones too', async () => {
    await using server = await startServer({ limits });
    const more = { payload: '', fin: false, opcode: opcodes.continuation };
    const closed = await closeOf(server.url, { payload: '', fin: false }, more, more, more, more);
    expect(closed).toEqual({ code: 1008, reason: 'Too many fragments' });
  });

  it('echoes the close code of the client without a reason of our own', async () => {
    await using server = await startServer({ limits });
    const closed = await closeOf(server.url, { opcode: opcodes.close, payload: closePayload(1002) });
    expect(closed).toEqual({ code: 1002, reason: '' });
  });
});

describe('a message that never ends', () => {
  it.each([
    ['half a header', Buffer.from('81', 'hex')],
    ['a header without its mask', Buffer.from('8185', 'hex')],
    ['half a payload', Buffer.from('8185000000006162', 'hex')],
    ['a fragment without a last one', Buffer.from('01810000000061', 'hex')],
  ])('is given up after frameSeconds: %s', async (_title, bytes) => {
    await using server = await startServer({ limits });
    await using client = await connectBytes(server.url);
    client.write(bytes);
    const { payload } = await client.next(opcodes.close);
    expect(payload.readUInt16BE(0)).toBe(4000);
    await client.ended();
  });

  it('is given up although its bytes keep trickling and pings come in between', async () => {
    await using server = await startServer({ limits });
    await using client = await connectBytes(server.url);
    client.write(Buffer.from('01810000000061', 'hex'));
    const trickle = setInterval(() => client.frame({ opcode: opcodes.ping, payload: 'x' }), 20);
    try {
      await client.next(opcodes.close);
    } finally {
      clearInterval(trickle);
    }
  });

  it('does not concern connections that are merely idle', async () => {
    await using server = await startServer({ limits });
    await using idle = await connectRaw(server.url);
    await using stuck = await connectBytes(server.url);
    stuck.write('81');
    await stuck.ended();
    expect(await idle.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
  });
});

describe('binary messages and fragments', () => {
  it('are read like text', async () => {
    await using server = await startServer();
    await using client = await connectBytes(server.url);
    client.frame({ opcode: opcodes.binary, payload: '{"type":"ping","id":1}' });
    client.frame({ payload: '{"type":"pi', fin: false });
    client.frame({ opcode: opcodes.ping, payload: 'between' });
    client.frame({ opcode: opcodes.continuation, payload: 'ng","id":2}' });
    expect((await client.next(opcodes.pong)).payload.toString()).toBe('between');
    await client.next(opcodes.text);
    expect((await client.next(opcodes.text)).payload.toString()).toBe('{"type":"pong","id":1}');
    expect((await client.next(opcodes.text)).payload.toString()).toBe('{"type":"pong","id":2}');
  });

  it('carry text of every length class back unchanged', async () => {
    await using server = await startServer({ limits: { messageBytes: 200_000, outboxBytes: 1_000_000 } });
    await using client = await connectRaw(server.url);
    await client.ask({ type: 'subscribe', channel: 'room:x' });
    for (const length of [0, 20, 125, 126, 60_000, 65_535, 65_536, 100_000]) {
      client.send({ type: 'message', channel: 'room:x', data: 'é'.repeat(length / 2) });
      const frame = await client.next((frame) => frame.type === 'message');
      expect(frame['data']).toBe('é'.repeat(length / 2));
    }
  });
});
