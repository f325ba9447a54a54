import { frameBytes, opcodes } from '@thrum/testkit';
import type { StreamCase } from '../streams.ts';

/** UTF-8 at its edges (RFC 3629): the first and last of each length, beside the surrogates, non-characters. */
const valid: readonly string[] = [
  ...['\0', '\u007F', '\u0080', '\u07FF', '\u0800', '\uFFFF', '\u{10000}', '\u{10FFFF}', '\uD7FF', '\uE000'],
  ...[
    '\uFFFE',
    '\u{1FFFE}',
    '\u{1FFFF}',
    'κόσμε',
    'Grüße',
    '漢字',
    '🚀🇩🇪',
    `${'x'.repeat(200)}é`,
    'é'.repeat(200),
  ],
];

const invalid: Readonly<Record<string, string>> = {
  'a continuation byte alone': '80',
  another: 'bf',
  'all continuation bytes': Array.from({ length: 64 }, (_, n) => (0x80 + n).toString(16)).join(''),
  'the start of two bytes alone': 'c3',
  'the start of two bytes and a letter': 'c361',
  'the start of three bytes and one': 'e282',
  'the start of four bytes and two': 'f09f9a',
  'the bytes that never occur': 'fe',
  'the last byte': 'ff',
  'an overlong slash in two': 'c0af',
  'an overlong slash in three': 'e080af',
  'an overlong slash in four': 'f08080af',
  'an overlong NUL': 'c080',
  'the largest overlong of two': 'c1bf',
  'the largest overlong of three': 'e09fbf',
  'the largest overlong of four': 'f08fbfbf',
  'five bytes': 'f888808080',
  'the first high surrogate': 'eda080',
  'the last low surrogate': 'edbfbf',
  'a pair of surrogates': 'eda080edb080',
  'one more than the last code point': 'f4908080',
  'a lead byte beyond': 'f5808080',
};

function fragments(bytes: Buffer, at: number): Buffer {
  return Buffer.concat([
    frameBytes({ fin: false, payload: bytes.subarray(0, at) }),
    frameBytes({ opcode: opcodes.continuation, payload: bytes.subarray(at) }),
  ]);
}

/** RFC 6455 §5.6 and §8.1. */
export const texts: readonly StreamCase[] = [
  ...valid.flatMap((text): StreamCase[] => {
    const bytes = Buffer.from(text);
    const name = JSON.stringify(text.slice(0, 20));
    return [
      { title: `${name} (${bytes.length} bytes)`, stream: frameBytes({ payload: bytes }), seen: [{ text }] },
      {
        title: `${name} (${bytes.length} bytes), cut in two within its last letter`,
        stream: fragments(bytes, bytes.length - 1),
        seen: [{ text }],
      },
    ];
  }),
  ...Object.entries(invalid).flatMap(([title, hex]): StreamCase[] => {
    const bytes = Buffer.from(hex, 'hex');
    const long = Buffer.concat([Buffer.alloc(150, 'x'), bytes]);
    return [
      { title, stream: frameBytes({ payload: bytes }), seen: [{ failed: 1007 }] },
      {
        title: `${title}, behind much that is right`,
        stream: frameBytes({ payload: long }),
        seen: [{ failed: 1007 }],
      },
      { title: `${title}, in fragments`, stream: fragments(bytes, 1), seen: [{ failed: 1007 }] },
      {
        title: `${title}, in a binary message`,
        stream: frameBytes({ opcode: opcodes.binary, payload: bytes }),
        seen: [{ binary: hex }],
      },
    ];
  }),
];
