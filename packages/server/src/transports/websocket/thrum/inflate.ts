import { constants, inflateRawSync } from 'node:zlib';
import { type CloseInfo, closeCodes } from '@thrum/protocol';

/** What a sender leaves off the end of each message (RFC 7692 §7.2.1). */
const tail: Buffer = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/** What zlib takes at least for its output. */
const leastChunk = 1024;

/**
 * A compressed message, whole: no context is ever taken over. At once and in this thread, as most messages are smaller than
 * the way to another one and back is long; how large they can be is bounded on both sides.
 * @returns the message, or how its connection is to be closed.
 */
export function inflate(compressed: Buffer, mostBytes: number): Buffer | CloseInfo {
  try {
    return inflateRawSync(Buffer.concat([compressed, tail]), {
      maxOutputLength: mostBytes,
      chunkSize: Math.max(leastChunk, Math.min(4 * compressed.length, mostBytes, 65_536)),
      finishFlush: constants.Z_SYNC_FLUSH,
    });
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    return isTooLarge ? closeCodes.tooBig : closeCodes.invalidUtf8;
  }
}
