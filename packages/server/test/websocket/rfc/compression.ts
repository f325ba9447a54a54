import { constants, deflateRawSync } from 'node:zlib';
import { closePayload, frameBytes, type FrameSpec, opcodes } from '@thrum/testkit';
import type { Seen, StreamCase } from '../streams.ts';

/** A message as RFC 7692 §7.2.1 has it sent: flushed, and without the four bytes at its end. */
function deflated(
  message: string | Buffer,
  options: { readonly windowBits?: number; readonly level?: number } = {},
): Buffer {
  const bytes = deflateRawSync(message, { ...options, finishFlush: constants.Z_SYNC_FLUSH });
  return bytes.subarray(0, -4);
}

function of(title: string, specs: readonly FrameSpec[], ...seen: readonly Seen[]): StreamCase {
  return { title, stream: Buffer.concat(specs.map((spec) => frameBytes(spec))), seen, deflate: true };
}

const rsv = 4;
const text = '{"type":"message","channel":"room:lobby","data":"room:lobby é 漢 🚀"}';
const large = text.repeat(400);
const cutAt = 20;
const { binary, continuation, ping } = opcodes;

/** RFC 7692 §6 and §7.2. */
export const compression: readonly StreamCase[] = [
  of('an empty message', [{ rsv, payload: deflated('') }], { text: '' }),
  of('a text', [{ rsv, payload: deflated(text) }], { text }),
  of('a large text', [{ rsv, payload: deflated(large) }], { text: large }),
  of('a binary message', [{ opcode: binary, rsv, payload: deflated(text) }], {
    binary: Buffer.from(text).toString('hex'),
  }),
  of('stored without being compressed', [{ rsv, payload: deflated(text, { level: 0 }) }], { text }),
  of('compressed with the smallest window', [{ rsv, payload: deflated(large, { windowBits: 9 }) }], {
    text: large,
  }),
  of(
    'two of them, neither using the other',
    [
      { rsv, payload: deflated(text) },
      { rsv, payload: deflated(text) },
    ],
    { text },
    { text },
  ),
  of(
    'between two that are not',
    [{ payload: 'a' }, { rsv, payload: deflated(text) }, { payload: 'b' }],
    { text: 'a' },
    { text },
    { text: 'b' },
  ),
  of(
    'in a block that says it is the last (§7.2.3.4)',
    [{ rsv, payload: Buffer.concat([deflateRawSync(text), Buffer.of(0)]) }],
    { text },
  ),
  of(
    'in fragments, with a ping between',
    [
      { rsv, fin: false, payload: deflated(text).subarray(0, cutAt) },
      { opcode: ping, payload: 'p' },
      { opcode: continuation, fin: false, payload: deflated(text).subarray(cutAt, cutAt + 1) },
      { opcode: continuation, payload: deflated(text).subarray(cutAt + 1) },
    ],
    { ping: '70' },
    { text },
  ),
  of(
    'RSV1 on a continuation',
    [
      { rsv, fin: false, payload: 'x' },
      { opcode: continuation, rsv },
    ],
    { failed: 1002 },
  ),
  of('RSV1 on a ping', [{ opcode: ping, rsv }], { failed: 1002 }),
  of('RSV1 on a close', [{ opcode: opcodes.close, rsv, payload: closePayload(1000) }], { failed: 1002 }),
  of('RSV2 beside it', [{ rsv: 6, payload: deflated(text) }], { failed: 1002 }),
  of('bytes that were never compressed', [{ rsv, payload: 'no deflate at all, and never was' }], {
    failed: 1007,
  }),
  of('a text that is not UTF-8', [{ rsv, payload: deflated(Buffer.from('22ff22', 'hex')) }], {
    failed: 1007,
  }),
  of('the largest message', [{ rsv, payload: deflated('x'.repeat(70_000)) }], { text: 'x'.repeat(70_000) }),
  of('one byte more', [{ rsv, payload: deflated('x'.repeat(70_001)) }], { failed: 1009 }),
  of('a thousand times that (a bomb)', [{ rsv, payload: deflated(Buffer.alloc(50_000_000)) }], {
    failed: 1009,
  }),
];
