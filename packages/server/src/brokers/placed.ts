import type { Draft } from '@thrum/core';
import type { Position, Publication } from '@thrum/protocol';

/** One shape for every publication, in the order of PROTOCOL.md §4. */
export function placed({ id, from, timestamp, ...rest }: Draft, { epoch, offset }: Position): Publication {
  return {
    ...rest,
    offset,
    epoch,
    ...(id === undefined ? {} : { id }),
    ...(from === undefined ? {} : { from }),
    timestamp,
  };
}
