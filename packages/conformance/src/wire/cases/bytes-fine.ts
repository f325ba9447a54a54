import { frameBytes, opcodes } from '@thrum/testkit';
import { same } from '../check.ts';
import type { WireCase } from '../options.ts';

const ping = '{"type":"ping","id":"é漢🚀"}';
const pong = { type: 'pong', id: 'é漢🚀' };
const { continuation } = opcodes;

/** Frames that look odd and are right (RFC 6455 §5.4, §5.5). */
export const fine: readonly WireCase[] = [
  {
    section: 1,
    title: 'a message in two fragments is one message',
    run: async (wire) => {
      const client = await wire.bytes();
      client.frame({ fin: false, payload: ping.slice(0, 7) });
      client.frame({ opcode: continuation, payload: ping.slice(7) });
      same(await client.message('pong'), pong);
    },
  },
  {
    section: 1,
    title: 'fragments may be empty, and may cut a letter in two',
    run: async (wire) => {
      const client = await wire.bytes();
      client.frame({ fin: false });
      for (const byte of Buffer.from(ping))
        client.frame({ opcode: continuation, fin: false, payload: Buffer.of(byte) });
      client.frame({ opcode: continuation });
      same(await client.message('pong'), pong);
    },
  },
  {
    section: 13,
    title: '64 fragments are one message',
    run: async (wire) => {
      const client = await wire.bytes();
      const text = `{"type":"ping","x":"${'x'.repeat(200)}"}`;
      const { fragments } = wire.limits;
      for (let n = 0; n < fragments; n += 1) {
        const payload = n < fragments - 1 ? text.slice(n, n + 1) : text.slice(n);
        client.frame({ opcode: n === 0 ? opcodes.text : continuation, fin: n === fragments - 1, payload });
      }
      await client.message('pong');
    },
  },
  {
    section: 1,
    title: 'a fragmented binary message is read like a text',
    run: async (wire) => {
      const client = await wire.bytes();
      const bytes = Buffer.from(ping);
      client.frame({ opcode: opcodes.binary, fin: false, payload: bytes.subarray(0, 18) });
      client.frame({ opcode: continuation, payload: bytes.subarray(18) });
      same(await client.message('pong'), pong);
    },
  },
  {
    section: 1,
    title: 'a ping between fragments is answered between them',
    run: async (wire) => {
      const client = await wire.bytes();
      client.frame({ fin: false, payload: ping.slice(0, 3) });
      client.frame({ opcode: opcodes.ping, payload: 'now' });
      same((await client.next(opcodes.pong)).payload.toString(), 'now');
      client.frame({ opcode: continuation, payload: ping.slice(3) });
      same(await client.message('pong'), pong);
    },
  },
  ...[0, 1, 125].map((length): WireCase => ({
    section: 10,
    title: `a ping of ${length} bytes is answered by a pong with the same`,
    run: async (wire) => {
      const client = await wire.bytes();
      const payload = Buffer.from(Array.from({ length }, (_, index) => 255 - index));
      client.frame({ opcode: opcodes.ping, payload });
      same((await client.next(opcodes.pong)).payload.toString('hex'), payload.toString('hex'));
    },
  })),
  {
    section: 10,
    title: 'pings are answered in order',
    run: async (wire) => {
      const client = await wire.bytes();
      for (let n = 0; n < 10; n += 1) client.frame({ opcode: opcodes.ping, payload: String(n) });
      for (let n = 0; n < 10; n += 1) same((await client.next(opcodes.pong)).payload.toString(), String(n));
    },
  },
  {
    section: 10,
    title: 'a pong that nobody asked for is ignored',
    run: async (wire) => {
      const client = await wire.bytes();
      client.frame({ opcode: opcodes.pong, payload: 'unasked' });
      client.text(ping);
      same(await client.message('pong'), pong);
    },
  },
  {
    section: 1,
    title: 'a frame may come byte by byte',
    run: async (wire) => {
      const client = await wire.bytes();
      for (const byte of frameBytes({ payload: ping })) {
        client.write(Buffer.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
      same(await client.message('pong'), pong);
    },
  },
  {
    section: 1,
    title: 'many frames may come in one packet',
    run: async (wire) => {
      const client = await wire.bytes();
      const frames = Array.from({ length: 50 }, (_, id) =>
        frameBytes({ payload: JSON.stringify({ type: 'ping', id }) }),
      );
      client.write(Buffer.concat(frames));
      for (let id = 0; id < 50; id += 1) same(await client.message('pong'), { type: 'pong', id });
    },
  },
  {
    section: 1,
    title: 'a frame may come in one packet with the end of another',
    run: async (wire) => {
      const client = await wire.bytes();
      const all = Buffer.concat([frameBytes({ payload: ping }), frameBytes({ payload: ping })]);
      for (const cut of [1, 3, 7, frameBytes({ payload: ping }).length + 1]) {
        client.write(all.subarray(0, cut));
        await new Promise((resolve) => setImmediate(resolve));
        client.write(all.subarray(cut));
        for (let n = 0; n < 2; n += 1) same(await client.message('pong'), pong);
      }
    },
  },
  {
    section: 1,
    title: 'the server’s frames are whole, unmasked and text',
    run: async (wire) => {
      const client = await wire.bytes();
      client.text(ping);
      await client.message('pong');
      for (const { fin, rsv, masked, opcode } of client.frames.seen) {
        same({ fin, rsv, masked, opcode }, { fin: true, rsv: 0, masked: false, opcode: opcodes.text });
      }
    },
  },
];
