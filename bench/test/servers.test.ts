import { describe, expect, test } from 'vitest';
import { clientFrame, FrameReader, opcodes } from '../load/frames.ts';
import { readOptions } from '../options.ts';
import { peers, rowOf, tcpEach } from '../peers.ts';
import { cpuOf } from '../process/program.ts';
import { Pair } from '../scenarios/pair.ts';
import { ClientFrames, serverFrame } from '../servers/frames.ts';
import { Rooms } from '../servers/rooms.ts';
import { connectionsOf, formatShape } from '../shape.ts';

describe('the frames of our own server', () => {
  test('are read as they were written, short and long', () => {
    const texts = ['hi', 'x'.repeat(125), 'ü'.repeat(63), 'x'.repeat(65_535)];
    const seen: string[] = [];
    const sink = {
      begins: () => true,
      passed: () => {},
      payload: (_: number, bytes: Buffer) => seen.push(`${bytes}`),
    };
    const bytes = Buffer.concat(texts.map(serverFrame));
    new FrameReader(sink).read(bytes, 0, bytes.length);
    expect(seen).toEqual(texts);
    expect(() => serverFrame('x'.repeat(65_536))).toThrow(RangeError);
  });

  test('of a client are unmasked, wherever chunks are cut', () => {
    const masked = Buffer.from('818537fa213d7f9f4d5158', 'hex');
    const stream = Buffer.concat([masked, clientFrame(opcodes.text, 'x'.repeat(200)), masked]);
    for (const size of [1, 3, 7, 1000]) {
      const seen: string[] = [];
      const reader = new ClientFrames((text) => seen.push(text));
      for (let at = 0; at < stream.length; at += size) reader.read(stream.subarray(at, at + size));
      expect(seen, `chunks of ${size}`).toEqual(['Hello', 'x'.repeat(200), 'Hello']);
    }
  });

  test('are refused where they are none that the load sends', () => {
    const reader = (): ClientFrames => new ClientFrames(() => {});
    expect(() => reader().read(Buffer.from('8100', 'hex'))).toThrow('masked');
    expect(() => reader().read(Buffer.from('0180', 'hex'))).toThrow('whole');
  });
});

test('a room has each client once, until it leaves', () => {
  const rooms = new Rooms<string>();
  rooms.join('a', 'sub one,two');
  rooms.join('a', 'sub one');
  rooms.join('b', 'sub two');
  expect([...rooms.of('one')]).toEqual(['a']);
  rooms.leave('a');
  expect([...rooms.of('two')]).toEqual(['b']);
  expect([...rooms.of('three')]).toEqual([]);
  expect(() => rooms.join('a', 'one')).toThrow('expected "sub"');
});

test('CPU time is read past a name with spaces and brackets', () => {
  const stat = '7 (nginx: (x) y) S 1 7 7 0 -1 4194560 300 0 0 0 12 34 0 0 20 0 1 0';
  expect(cpuOf(stat)).toEqual({ cpuUser: 120_000, cpuSystem: 340_000 });
});

describe('real servers deliver everything exactly once to everybody', () => {
  const context = {
    options: readOptions(['fanout']),
    executables: {
      bun: undefined,
      nginx: undefined,
      nchanModule: undefined,
      natsServer: undefined,
      floor: undefined,
    },
  };
  const shapes = [
    { channels: 1, subscribers: 5 },
    { channels: 5, subscribers: 1 },
    { channels: 3, subscribers: 4 },
  ];
  const mixed = shapes.slice(-1);
  for (const { peer, shapes: tried } of [
    { peer: peers.thrum, shapes },
    { peer: peers.tcp, shapes },
    { peer: peers.ws, shapes: mixed },
    { peer: tcpEach, shapes: mixed },
  ]) {
    test(`${rowOf(peer)}: ${tried.map(formatShape).join('; ')}`, { timeout: 240_000 }, async () => {
      for (const shape of tried) {
        await using pair = await Pair.start(peer, context, { shape, payload: { bytes: 100, kind: 'text' } });
        await pair.connect(connectionsOf(shape));
        await pair.subscribe(connectionsOf(shape));
        // It throws unless each has got its own.
        for (const pace of [{ inFlight: 7 }, { rate: 200 }]) {
          const { published, deliveries } = await pair.publish(pace, 0.1);
          expect(published, formatShape(shape)).toBeGreaterThan(0);
          expect(deliveries, formatShape(shape)).toBe(published * shape.subscribers);
        }
      }
    });
  }
});
