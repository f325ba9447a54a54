import type { PublicationFrame } from '@thrum/protocol';
import type { SharedFrame } from '../connection/encode.ts';
import { toMilliseconds } from '../duration.ts';
import type { Log } from '../ports/log.ts';
import type { ChannelDefinition, KeyOf, SlowPolicy } from './definition.ts';

/** Event and key of a publication as one text; `undefined` when it has no key. */
export type FrameKey = (frame: PublicationFrame) => string | undefined;

/** Longer, and a last value would come when nobody remembers what it was about. */
const slowest = 60_000;

const policies: readonly string[] = ['disconnect', 'drop-oldest', 'latest-per-key'] satisfies SlowPolicy[];

/** @throws Error naming the channel and what is wrong with `slow`. */
export function compileSlow(
  source: string,
  { slow = 'disconnect' }: Pick<ChannelDefinition, 'slow'>,
): SlowPolicy {
  if (policies.includes(slow)) return slow;
  throw new Error(
    `channel "${source}": slow: expected one of ${policies.join(', ')}, got ${JSON.stringify(slow)}`,
  );
}

/** @throws Error naming the channel and what is wrong with `key` or `conflate.key`. */
export function compileKey(
  source: string,
  { key, conflate }: Pick<ChannelDefinition, 'conflate' | 'key'>,
): FrameKey {
  if (key !== undefined && conflate?.key !== undefined)
    throw new Error(`channel "${source}": key: given twice, here and in conflate: keep one of them`);
  const found = key ?? conflate?.key;
  if (found === undefined) return ({ type }) => type;
  if (typeof found !== 'function' && (typeof found !== 'string' || found === '')) {
    throw new Error(
      `channel "${source}": key: expected the name of a property or a function, got ${JSON.stringify(found)}`,
    );
  }
  return keyBy(found);
}

/** @throws Error naming the channel and what is wrong with `conflate.every`. */
export function compileInterval(source: string, { conflate }: Pick<ChannelDefinition, 'conflate'>): number {
  if (conflate === undefined) return 0;
  const refuse = (got: string, cause?: unknown): never => {
    throw new Error(
      `channel "${source}": conflate.every: expected a duration from 1 ms to 1 minute, such as 100 or "1s", got ${got}`,
      { cause },
    );
  };
  let every: number;
  try {
    every = toMilliseconds(conflate.every);
  } catch (error) {
    return refuse(JSON.stringify(conflate.every) ?? 'nothing', error);
  }
  return every >= 1 && every <= slowest ? every : refuse(JSON.stringify(conflate.every));
}

/** The key of a frame that goes to many, worked out once. What throws is logged and finds none. */
export function keyOfFrame(keyOf: FrameKey, frame: SharedFrame, log: Log): string | undefined {
  return frame.keyBy((published) => {
    try {
      return keyOf(published as PublicationFrame);
    } catch (error) {
      const { channel } = published as PublicationFrame;
      log.error('a key could not be worked out; nothing takes its place', { channel }, error);
      return undefined;
    }
  });
}

function keyBy(key: string | KeyOf): FrameKey {
  const find =
    typeof key === 'function'
      ? key
      : (publication: { readonly data: unknown }) => property(publication.data, key);
  return ({ type, ...rest }) => {
    const found = find({ event: type, ...rest });
    // An event name has no U+0000, and 1 is another key than "1".
    return ['string', 'number', 'boolean'].includes(typeof found)
      ? `${type}\u0000${typeof found}\u0000${String(found)}`
      : undefined;
  };
}

function property(data: unknown, name: string): unknown {
  return typeof data === 'object' && data !== null && Object.hasOwn(data, name)
    ? (data as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
