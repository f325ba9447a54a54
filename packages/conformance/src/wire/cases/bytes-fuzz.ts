import { type ByteClient, closePayload, frameBytes, opcodes } from '@thrum/testkit';
import * as fc from 'fast-check';
import { same, truthy } from '../check.ts';
import type { WireCase } from '../options.ts';

/** Connections that are opened one after the other, each for a stream of its own. */
const streams = 100;

const payload: fc.Arbitrary<Uint8Array | string> = fc.oneof(
  fc.constant('{"type":"ping"}'),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.uint8Array({ maxLength: 200 }),
  fc.nat(70_000).map((length) => 'x'.repeat(length)),
  fc.nat(65_535).map((code) => closePayload(code)),
);

const rare = <T>(usual: T, others: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, others);

const frame = fc
  .record({
    opcode: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(0, 1, 1, 1, 2, 8, 9, 10) }, fc.nat(15)),
    fin: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false)),
    rsv: rare(0, fc.nat(7)),
    masked: rare(true, fc.constant(false)),
    payload,
  })
  .chain((spec) =>
    rare(
      frameBytes(spec),
      fc.nat(2 ** 31).map((length) => frameBytes({ ...spec, length, lengthBytes: 8 })),
    ),
  );

/** Frames that are right now and then, with bytes between them that are none, cut anywhere. */
const stream = fc.record({
  parts: fc.array(
    fc.oneof(
      { weight: 8, arbitrary: frame },
      fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
    ),
    { minLength: 1, maxLength: 8 },
  ),
  cut: fc.integer({ min: 1, max: 5000 }),
});

/** What a server may close with when it was told nothing but nonsense; anything else answers a close of the client. */
const violations = new Set([1002, 1007, 1008, 1009]);

async function speak(client: ByteClient, parts: readonly Buffer[], cut: number): Promise<void> {
  const bytes = Buffer.concat(parts);
  for (let at = 0; at < bytes.length; at += cut) {
    client.write(bytes.subarray(at, at + cut));
    if (at % (8 * cut) === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  client.socket.end();
  await client.ended();
}

/** The server keeps to RFC 6455 whatever it is told. */
function checkFrames({ frames }: ByteClient): number | undefined {
  for (const { fin, rsv, masked, opcode, payload: body } of frames.seen) {
    same({ fin, rsv, masked }, { fin: true, rsv: 0, masked: false });
    truthy(
      [opcodes.text, opcodes.close, opcodes.pong].includes(opcode as 1),
      `the opcode ${opcode} is one of a server's`,
    );
    if (opcode === opcodes.text) JSON.parse(body.toString());
  }
  const close = frames.seen.find(({ opcode }) => opcode === opcodes.close);
  return close === undefined || close.payload.length < 2 ? undefined : close.payload.readUInt16BE();
}

export const fuzz: readonly WireCase[] = [
  {
    section: 12,
    title: 'streams of nonsense are answered in whole frames, violations with their codes, and harm nobody',
    run: async (wire) => {
      const seed = Number(process.env['THRUM_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
      process.stdout.write(`THRUM_SEED=${seed}\n`);
      const other = await wire.connect('bob');
      const met = new Set<number>();
      for (const { parts, cut } of fc.sample(stream, { seed, numRuns: streams })) {
        const client = await wire.bytes();
        await speak(client, parts, cut);
        const code = checkFrames(client);
        if (code !== undefined) met.add(code);
      }
      same((await other.ask({ type: 'ping' })).type, 'pong');
      truthy(
        [...met].some((code) => violations.has(code)),
        'a violation was among them',
      );
    },
  },
];
