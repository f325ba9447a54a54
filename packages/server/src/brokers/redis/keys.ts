/** Where a channel is kept. All of its names share a hash tag, so that a cluster keeps them in one slot. */
export interface ChannelKeys {
  /** Hash: epoch, top offset, and the server process in which the epoch was last read. */
  readonly meta: string;
  /** Stream: the publications. */
  readonly log: string;
  /** Of pub/sub, which knows no databases: the number of this one is part of it. */
  readonly wakeup: string;
  /** String: what is remembered of an idempotency key. */
  key(key: string): string;
}

export function createKeys(prefix: string, database: number): (channel: string) => ChannelKeys {
  return (channel) => {
    const base = `${prefix}{${tagOf(channel)}}`;
    return {
      meta: `${base}:meta`,
      log: `${base}:log`,
      wakeup: `${base}:pub${database}`,
      key: (key) => `${base}:key:${JSON.stringify(key)}`,
    };
  };
}

/**
 * A channel name that can stand between braces: a `}` would end the tag, and lone surrogates have no UTF-8. Two names never
 * become one.
 */
function tagOf(channel: string): string {
  const isText = channel.isWellFormed();
  const tag = (isText ? channel : JSON.stringify(channel)).replace(/[%}]/g, encodeURIComponent);
  return isText ? tag : `%u${tag}`;
}
