import type { PublicationFrame } from '@thrum/protocol';
import type { ChannelDefinition, KeyOf, SlowPolicy } from './definition.ts';

/** Event and key of a publication as one text; `undefined` when it has no key. */
export type FrameKey = (frame: PublicationFrame) => string | undefined;

const policies: readonly string[] = ['disconnect', 'drop-oldest', 'latest-per-key'] satisfies SlowPolicy[];

/** @throws Error naming the channel and what is wrong with `slow` or `key`. */
export function compileSlow(
  source: string,
  { key, slow = 'disconnect' }: Pick<ChannelDefinition, 'key' | 'slow'>,
): { readonly slow: SlowPolicy; readonly keyOf?: FrameKey } {
  if (!policies.includes(slow)) {
    throw new Error(
      `channel "${source}": slow: expected one of ${policies.join(', ')}, got ${JSON.stringify(slow)}`,
    );
  }
  if (key !== undefined && slow !== 'latest-per-key') {
    throw new Error(`channel "${source}": key: has a meaning only with slow "latest-per-key"`);
  }
  if (key !== undefined && typeof key !== 'function' && (typeof key !== 'string' || key === '')) {
    throw new Error(
      `channel "${source}": key: expected the name of a property or a function, got ${JSON.stringify(key)}`,
    );
  }
  return slow === 'latest-per-key' ? { slow, keyOf: compileKey(key) } : { slow };
}

function compileKey(key: string | KeyOf | undefined): FrameKey {
  if (key === undefined) return ({ type }) => type;
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
