import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  channelNameError,
  errorCodes,
  eventNameError,
  isClientType,
  isFrameError,
  isFrameId,
  isOffset,
  isPosition,
  isSince,
  jsonCodec,
  jsonError,
  readClientFrame,
  readEnvelope,
  reservedEvents,
  toPublicationFrame,
  utf8Length,
} from '../src/index.ts';
import type { Publication } from '../src/index.ts';
import { anyJson, anyText, check, nearlyFrame } from './arbitraries.ts';

describe('the JSON codec', () => {
  it('gives back what it was given, as text and as bytes', () => {
    check(fc.record({ type: anyText, data: anyJson }), (frame) => {
      const encoded = jsonCodec.encode(frame);
      expect(typeof encoded).toBe('string');
      expect(jsonCodec.decode(encoded)).toEqual(frame);
      expect(jsonCodec.decode(new TextEncoder().encode(encoded as string))).toEqual(frame);
    });
  });

  it('gives back publications', () => {
    const publication: fc.Arbitrary<Publication> = fc.record(
      {
        channel: anyText,
        event: anyText,
        data: anyJson,
        timestamp: fc.nat(),
        offset: fc.nat(),
        epoch: anyText,
        id: anyText,
        from: anyText,
      },
      { requiredKeys: ['channel', 'event', 'data', 'timestamp'] },
    );
    check(publication, (value) => {
      const frame = toPublicationFrame(value);
      expect(jsonCodec.decode(jsonCodec.encode(frame))).toEqual(frame);
      expect(frame.type).toBe(value.event);
      expect('event' in frame).toBe(false);
    });
  });

  it('reads text and the UTF-8 of that text in the same way', () => {
    const readable = (data: string | Uint8Array): unknown => {
      try {
        return [jsonCodec.decode(data)];
      } catch {
        return 'refused';
      }
    };
    const wellFormed = anyText.map((text) => text.replaceAll(/\p{Surrogate}/gu, '?'));
    check(
      fc.oneof(
        wellFormed,
        anyJson.map((value) => ` ${JSON.stringify(value)}`),
        fc.json(),
      ),
      (text) => {
        const bytes = new TextEncoder().encode(text);
        expect(readable(bytes)).toEqual(
          readable(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)),
        );
      },
    );
  });
});

describe('reading a client frame', () => {
  const outcome = (value: unknown): 'frame' | 'error' | 'unknown' => {
    const envelope = readEnvelope(value);
    const result = isFrameError(envelope)
      ? envelope
      : isClientType(envelope.type)
        ? readClientFrame({ ...envelope, type: envelope.type })
        : undefined;
    if (result === undefined) return 'unknown';
    if (!isFrameError(result)) {
      expect(result.type).toBe((value as { type: unknown }).type);
      return 'frame';
    }
    expect(Object.keys(errorCodes)).toContain(result.code);
    expect(result.message.startsWith(errorCodes[result.code].message)).toBe(true);
    return 'error';
  };

  it('never throws, whatever JSON comes, and answers with an error that exists', () => {
    const seen = new Set<string>();
    check(fc.oneof(anyJson, nearlyFrame), (value) => seen.add(outcome(value)));
    expect([...seen].sort()).toEqual(['error', 'frame', 'unknown']);
  });

  it('never throws but in decode, whatever bytes come', () => {
    check(fc.oneof(fc.uint8Array({ maxLength: 64 }), anyText), (data) => {
      let decoded: unknown;
      try {
        decoded = jsonCodec.decode(data);
      } catch {
        return;
      }
      outcome(decoded);
    });
  });

  it('reads what it has read to the same frame', () => {
    check(nearlyFrame, (value) => {
      const envelope = readEnvelope(value);
      if (isFrameError(envelope) || !isClientType(envelope.type)) return;
      const frame = readClientFrame({ ...envelope, type: envelope.type });
      if (isFrameError(frame)) return;
      const again = readEnvelope(JSON.parse(JSON.stringify(frame)));
      expect(isFrameError(again)).toBe(false);
      expect(readClientFrame(again as Parameters<typeof readClientFrame>[0])).toEqual(frame);
    });
  });

  it('echoes the id of every frame whose id is good, in frames and in errors', () => {
    check(nearlyFrame, (value) => {
      const { id } = value as { id?: unknown };
      const envelope = readEnvelope(value);
      expect(envelope.id).toEqual(isFrameId(id) ? id : undefined);
      if (isFrameError(envelope) || !isClientType(envelope.type)) return;
      const frame: { readonly id?: unknown } = readClientFrame({ ...envelope, type: envelope.type });
      expect(frame.id).toEqual(id);
    });
  });

  it('never gives an object another prototype', () => {
    const polluted = jsonCodec.decode(
      '{"type":"message","channel":"c","data":{"__proto__":{"admin":true}},"__proto__":{"id":1}}',
    );
    const envelope = readEnvelope(polluted);
    if (isFrameError(envelope)) throw new Error('expected a frame');
    expect(envelope.id).toBeUndefined();
    const frame = readClientFrame(envelope as Parameters<typeof readClientFrame>[0]);
    expect(Object.getPrototypeOf(frame)).toBe(Object.prototype);
    expect(jsonCodec.encode(frame)).toBe(
      '{"type":"message","channel":"c","data":{"__proto__":{"admin":true}}}',
    );
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
  });
});

describe('names', () => {
  const bytes = (text: string) => new TextEncoder().encode(text).length;

  it('counts bytes as TextEncoder does', () => {
    check(anyText, (text) => expect(utf8Length(text)).toBe(bytes(text)));
  });

  it('accepts exactly what §5 says', () => {
    const fine = (name: string, max: number): boolean =>
      bytes(name) >= 1 &&
      bytes(name) <= max &&
      !/[\u0000-\u001f\u007f-\u009f]/u.test(name) &&
      !/\p{Surrogate}/u.test(name) &&
      !name.startsWith('thrum:');
    const long = fc.tuple(anyText, fc.nat({ max: 300 })).map(([text, count]) => text + 'é'.repeat(count));
    check(fc.oneof(anyText, long, fc.constantFrom(...reservedEvents)), (name) => {
      expect(channelNameError(name) === undefined).toBe(fine(name, 255));
      expect(eventNameError(name) === undefined).toBe(fine(name, 64) && !reservedEvents.includes(name));
    });
  });

  it.each([
    ['a'.repeat(255), 255],
    ['é'.repeat(127), 254],
    ['\u{1f680}'.repeat(63), 252],
  ])('takes a channel name up to 255 bytes', (name, length) => {
    expect(utf8Length(name)).toBe(length);
    expect(channelNameError(name)).toBeUndefined();
    expect(channelNameError(`${name}${'b'.repeat(256 - length)}`)).toBe('is longer than 255 bytes');
  });

  it('takes an event name up to 64 bytes, and names that only look reserved', () => {
    expect(eventNameError('e'.repeat(64))).toBeUndefined();
    expect(eventNameError('e'.repeat(65))).toBe('is longer than 64 bytes');
    for (const name of ['message', 'Ping', 'ack ', 'thrum', 'thrum.x', '__proto__', 'constructor']) {
      expect(eventNameError(name), name).toBeUndefined();
    }
  });
});

describe('positions', () => {
  it('takes offsets that are non-negative safe integers and nothing else', () => {
    check(fc.oneof(fc.double(), fc.maxSafeInteger(), anyJson), (value) => {
      expect(isOffset(value)).toBe(typeof value === 'number' && value >= 0 && Number.isSafeInteger(value));
    });
  });

  it('takes a position with an epoch of 1 to 64 characters', () => {
    check(fc.tuple(fc.string({ maxLength: 70 }), fc.maxSafeInteger()), ([epoch, offset]) => {
      const fine = epoch.length > 0 && epoch.length <= 64 && offset >= 0;
      expect(isPosition({ epoch, offset })).toBe(fine);
      expect(isSince({ epoch, offset })).toBe(fine);
    });
  });

  it('takes the three kinds of since and no other JSON', () => {
    for (const since of ['latest', { last: 0 }, { last: 1e9 }, { epoch: 'e', offset: 0 }]) {
      expect(isSince(since)).toBe(true);
    }
    check(anyJson, (value) => expect(isSince(value)).toBe(value === 'latest' || isPosition(value)));
  });
});

describe('data', () => {
  const nested = (depth: number) => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown;

  it('is refused beyond its depth and taken up to it', () => {
    check(fc.integer({ min: 1, max: 200 }), (depth) => {
      expect(jsonError(nested(depth), 32) === undefined).toBe(depth <= 32);
    });
  });

  it('is looked at without recursing into what is too deep', () => {
    expect(jsonError(nested(30_000), 32)).toBe('is nested too deep');
  });

  it('is refused with a number that JSON cannot write back', () => {
    expect(jsonError(JSON.parse('{"a":[1e999]}'), 32)).toBe('has a number that is not finite');
    expect(jsonError(JSON.parse('-1e999'), 32)).toBe('has a number that is not finite');
    check(anyJson, (value) => expect(jsonError(value, 32)).toBeUndefined());
  });
});
