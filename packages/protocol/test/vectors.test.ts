import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  isClientType,
  isFrameError,
  jsonCodec,
  readClientFrame,
  readEnvelope,
  toPublicationFrame,
} from '../src/index.ts';
import type { ClientFrame, FrameError, Publication } from '../src/index.ts';
import { framesOf } from './source.ts';

interface Vectors {
  readonly client: readonly { readonly name: string; readonly text: string; readonly frame?: object }[];
  readonly server: readonly { readonly name: string; readonly text: string }[];
  readonly publications: readonly {
    readonly name: string;
    readonly text: string;
    readonly publication: Publication;
  }[];
  readonly errors: readonly { readonly name: string; readonly text: string; readonly error: FrameError }[];
  readonly undecodable: {
    readonly texts: readonly string[];
    readonly hex: readonly { readonly name: string; readonly bytes: string }[];
  };
}

// The file is for other languages too: nothing in it is TypeScript.
const vectors = JSON.parse(
  readFileSync(new URL('../vectors/frames.json', import.meta.url), 'utf8'),
) as Vectors;

function read(value: unknown): ClientFrame | FrameError {
  const envelope = readEnvelope(value);
  if (isFrameError(envelope)) return envelope;
  const { type } = envelope;
  if (!isClientType(type)) throw new Error(`no client frame: ${type}`);
  return readClientFrame({ ...envelope, type });
}

describe('golden client frames', () => {
  it.each(vectors.client)('reads $name', ({ text, frame }) => {
    const decoded = jsonCodec.decode(text);
    expect(read(decoded)).toEqual(frame ?? decoded);
    expect(read(jsonCodec.decode(new TextEncoder().encode(text)))).toEqual(frame ?? decoded);
  });

  it.each(vectors.client)('writes $name back byte for byte', ({ text, frame }) => {
    if (frame === undefined) expect(jsonCodec.encode(jsonCodec.decode(text) as object)).toBe(text);
    else expect(read(frame)).toEqual(frame);
  });

  it('cover every type, each optional field there and not there', () => {
    covers(
      framesOf('ClientFrame'),
      vectors.client.map(({ text, frame }) => (frame ?? JSON.parse(text)) as object),
    );
  });
});

describe('golden server frames', () => {
  it.each(vectors.server)('writes $name byte for byte', ({ text }) => {
    expect(jsonCodec.encode(jsonCodec.decode(text) as object)).toBe(text);
  });

  it('cover every type, each optional field there and not there', () => {
    covers(
      framesOf('ServerFrame'),
      vectors.server.map(({ text }) => JSON.parse(text) as object),
    );
  });
});

describe('golden publications', () => {
  it.each(vectors.publications)('writes $name byte for byte', ({ publication, text }) => {
    expect(jsonCodec.encode(toPublicationFrame(publication))).toBe(text);
    expect(jsonCodec.decode(text)).toEqual(toPublicationFrame(publication));
  });

  it('keep offset and epoch together', () => {
    for (const { publication } of vectors.publications) {
      expect(publication.offset === undefined).toBe(publication.epoch === undefined);
    }
  });
});

describe('golden refusals', () => {
  it.each(vectors.errors)('refuses $name', ({ text, error }) => {
    expect(read(jsonCodec.decode(text))).toEqual(error);
  });

  it.each(vectors.undecodable.texts)('cannot decode %j', (text) => {
    expect(() => jsonCodec.decode(text)).toThrow();
    expect(() => jsonCodec.decode(new TextEncoder().encode(text))).toThrow();
  });

  it.each(vectors.undecodable.hex)('cannot decode $name', ({ bytes }) => {
    expect(() => jsonCodec.decode(Buffer.from(bytes, 'hex'))).toThrow();
  });

  it('come for every field of every client frame', () => {
    for (const [type, fields] of framesOf('ClientFrame')) {
      for (const field of fields.keys()) {
        if (field === 'state' || field === 'params') continue; // any JSON value is one
        const found = vectors.errors.some(({ text, error }) => {
          const frame = JSON.parse(text) as { type?: unknown } | null;
          if (field === 'id') return error.message.startsWith('Invalid frame: id:');
          return (
            frame?.type === type &&
            (error.message.includes(` ${field}: `) || error.code === `invalid_${field}`)
          );
        });
        expect(found, `${type}.${field}`).toBe(true);
      }
    }
  });

  it('never repeat what came', () => {
    for (const { error } of vectors.errors) expect(error.message).not.toMatch(/hello|xxx|aaa|yes|first/u);
  });
});

function covers(types: ReturnType<typeof framesOf>, frames: readonly object[]): void {
  const keysOf = (type: string) =>
    frames
      .filter((frame) => 'type' in frame && frame.type === type)
      .map((frame) => new Set(Object.keys(frame)));
  for (const [type, fields] of types) {
    const seen = keysOf(type);
    expect(seen.length, type).toBeGreaterThan(0);
    for (const [field, kind] of fields) {
      expect(
        seen.some((keys) => keys.has(field)),
        `${type} with ${field}`,
      ).toBe(true);
      expect(
        seen.some((keys) => !keys.has(field)),
        `${type} without ${field}`,
      ).toBe(kind === 'optional');
    }
    for (const keys of seen) {
      for (const key of keys) expect(key === 'type' || fields.has(key), `${type} has ${key}`).toBe(true);
    }
  }
}
