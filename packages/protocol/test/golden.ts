import { readFileSync, writeFileSync } from 'node:fs';
import { type Codec, toPublicationFrame } from '../src/index.ts';
import type { Publication } from '../src/index.ts';
import { msgpackCodec } from '../src/msgpack/index.ts';
import { protobufCodec } from '../src/protobuf/index.ts';

/** One frame in each codec: the text of JSON, the bytes of the others in hexadecimal. */
export interface GoldenFrame {
  readonly name: string;
  readonly json: string;
  readonly msgpack: string;
  readonly protobuf: string;
}

interface Texts {
  readonly client: readonly { readonly name: string; readonly text: string }[];
  readonly server: Texts['client'];
  readonly publications: readonly { readonly name: string; readonly publication: Publication }[];
}

const file: URL = new URL('../vectors/codecs.json', import.meta.url);

/** What is checked in. */
export function goldenFrames(): readonly GoldenFrame[] {
  return JSON.parse(readFileSync(file, 'utf8')) as GoldenFrame[];
}

/** The frames of vectors/frames.json as the codecs write them now. */
export function encodedFrames(): readonly GoldenFrame[] {
  const { client, server, publications } = JSON.parse(
    readFileSync(new URL('../vectors/frames.json', import.meta.url), 'utf8'),
  ) as Texts;
  const frames = [
    ...[...client, ...server].map(({ name, text }) => ({ name, frame: JSON.parse(text) as object })),
    ...publications.map(({ name, publication }) => ({ name, frame: toPublicationFrame(publication) })),
  ];
  return frames.map(({ name, frame }) => ({
    name,
    json: JSON.stringify(frame),
    msgpack: hex(msgpackCodec, frame),
    protobuf: hex(protobufCodec, frame),
  }));
}

export function writeGoldenFrames(): void {
  writeFileSync(file, `${JSON.stringify(encodedFrames(), undefined, 2)}\n`);
}

function hex(codec: Codec, frame: object): string {
  return Buffer.from(codec.encode(frame) as Uint8Array).toString('hex');
}
