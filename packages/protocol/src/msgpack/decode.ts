import type { Reader } from '../binary/reader.ts';

/** An array or object that is being filled. */
interface Container {
  readonly items: unknown[] | Record<string, unknown>;
  left: number;
  /** What it is in. */
  up: Container | undefined;
  /** Of the item that comes next, in an object. */
  key: string | undefined;
}

/**
 * Reads the one value that the bytes hold. Not recursive: nesting is bounded by the bytes alone, as in JSON, so that data
 * which is nested too deep is answered as such and not as a broken message.
 * @throws CodecError
 */
export function decodeValue(from: Reader): unknown {
  let inside: Container | undefined;
  for (;;) {
    if (inside !== undefined && !Array.isArray(inside.items)) inside.key = decodeKey(from);
    const first = from.byte();
    const container = containerOf(from, first, inside);
    let value: unknown;
    if (container === undefined) value = decodeScalar(from, first);
    else if (container.left > 0) {
      inside = container;
      continue;
    } else value = container.items;
    while (inside !== undefined) {
      put(inside, value);
      if ((inside.left -= 1) > 0) break;
      value = inside.items;
      inside = inside.up;
    }
    if (inside === undefined) {
      if (from.at < from.end) throw from.error('the end');
      return value;
    }
  }
}

function put({ items, key = '' }: Container, value: unknown): void {
  if (Array.isArray(items)) items.push(value);
  // Assigned, it would become the object's prototype.
  else if (key === '__proto__')
    Object.defineProperty(items, key, { value, writable: true, enumerable: true, configurable: true });
  else items[key] = value;
}

/** Nothing is set aside for what is only announced, but what cannot be there is refused at once. */
function containerOf(from: Reader, first: number, up: Container | undefined): Container | undefined {
  const isMap = first < 0x90 || first > 0xdd;
  let left = first & 0x0f;
  if (first >= 0xdc && first <= 0xdf) left = sized(from, unsigned + (first & 1) + 1);
  else if (first < 0x80 || first > 0x9f) return undefined;
  if (left * (isMap ? 2 : 1) > from.end - from.at) throw from.error(`${left} items`);
  return { items: isMap ? {} : [], left, up, key: undefined };
}

function decodeKey(from: Reader): string {
  const key = decodeScalar(from, from.byte());
  if (typeof key !== 'string') throw from.error('text for a key before');
  return key;
}

function decodeScalar(from: Reader, first: number): unknown {
  if (first < 0x80) return first;
  if (first >= 0xe0) return first - 0x100;
  if (first >= 0xa0 && first < 0xc0) return from.text(first - 0xa0);
  if (first >= 0xd9 && first < 0xdc) return from.text(sized(from, unsigned + first - 0xd9));
  if (first >= 0xca && first < 0xd4) return sized(from, first - 0xca);
  if (first === 0xc0) return null;
  if (first === 0xc2 || first === 0xc3) return first === 0xc3;
  // Bytes and extensions, dates among them, have no place in JSON.
  throw from.error(`a type that JSON has, not 0x${first.toString(16)},`);
}

// In the order of their types, which begin with 0xca; each is twice as long as the one before it, of its kind.
const getters = [
  'getFloat32',
  'getFloat64',
  'getUint8',
  'getUint16',
  'getUint32',
  'getBigUint64',
  'getInt8',
  'getInt16',
  'getInt32',
  'getBigInt64',
] as const;
const unsigned = 2;

/** A number; beyond 2^53 the nearest double, as JSON has it. */
function sized(from: Reader, index: number): number {
  const size = index < unsigned ? 4 << index : 1 << ((index - unsigned) & 3);
  const at = from.take(size);
  const value = Number(from.view[getters[index] as 'getUint8'](at));
  if (!Number.isFinite(value)) throw from.error('a finite number before');
  return value;
}
