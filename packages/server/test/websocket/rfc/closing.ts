import { closePayload, frameBytes, opcodes } from '@thrum/testkit';
import type { StreamCase } from '../streams.ts';

function close(payload: Uint8Array, ...before: readonly Buffer[]): Buffer {
  return Buffer.concat([...before, frameBytes({ opcode: opcodes.close, payload })]);
}

const codes = [
  1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
];
const noCodes = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];

/** RFC 6455 §5.5.1 and §7. */
export const closing: readonly StreamCase[] = [
  { title: 'without a code', stream: close(Buffer.alloc(0)), seen: [{ close: 1005, reason: '' }] },
  { title: 'half a code', stream: close(Buffer.of(3)), seen: [{ failed: 1002 }] },
  ...codes.map((code) => ({
    title: `the code ${code}`,
    stream: close(closePayload(code)),
    seen: [{ close: code, reason: '' }],
  })),
  ...noCodes.map((code) => ({
    title: `the code ${code}, which must not be sent`,
    stream: close(closePayload(code)),
    seen: [{ failed: 1002 }],
  })),
  {
    title: 'the longest reason',
    stream: close(closePayload(1000, 'é'.repeat(61))),
    seen: [{ close: 1000, reason: 'é'.repeat(61) }],
  },
  { title: 'a longer one', stream: close(closePayload(1000, 'x'.repeat(124))), seen: [{ failed: 1002 }] },
  {
    title: 'a reason that is not UTF-8',
    stream: close(closePayload(1000, Buffer.from('ceba80ff', 'hex'))),
    seen: [{ failed: 1007 }],
  },
  {
    title: 'what comes behind it, be it right or wrong',
    stream: Buffer.concat([
      close(closePayload(1000, 'x'), frameBytes({ payload: 'before' })),
      frameBytes({ payload: 'behind' }),
      frameBytes({ opcode: opcodes.ping }),
      Buffer.from('ffffffff', 'hex'),
      close(closePayload(1001)),
    ]),
    seen: [{ text: 'before' }, { close: 1000, reason: 'x' }],
  },
  {
    title: 'within a message that has begun',
    stream: close(closePayload(1000), frameBytes({ fin: false, payload: 'x' })),
    seen: [{ close: 1000, reason: '' }],
  },
];
