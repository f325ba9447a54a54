import type { FrameCodec, WireForm } from '@thrum/core';
import { jsonCodec, type OutgoingFrame, type Position, type PublicationFrame } from '@thrum/protocol';
import { encodeStreamId, fingerprintOf } from './stream-id.ts';
import { eventLines, idLine } from './writer.ts';

/** What the id of an event is taken to need, in the bounds of the outbox. */
const idBytes = 48;

/** A frame as an event without its id: made once for all streams, each of which adds the id of its own position. */
export class EventForm implements WireForm {
  readonly frame: OutgoingFrame;
  /** Empty for a frame that a plain event stream does not show. */
  readonly lines: Buffer;
  private whole: Buffer | undefined;

  constructor(frame: OutgoingFrame) {
    this.frame = frame;
    this.lines = Buffer.from(linesOf(frame));
  }

  get byteLength(): number {
    return this.lines.byteLength + idBytes;
  }

  /** The whole event for streams of this one channel: all of them are where this publication is. */
  alone(channel: string, position: Position): Buffer {
    this.whole ??= Buffer.concat([
      this.lines,
      Buffer.from(idLine(encodeStreamId(fingerprintOf([channel]), [position]))),
    ]);
    return this.whole;
  }
}

/** The plain event stream's codec; what comes up is made by the stream itself. */
export const eventCodec: FrameCodec = {
  encode: (frame) => new EventForm(frame as OutgoingFrame),
  decode: (message) => jsonCodec.decode(message),
};

/** Every publication has a timestamp, and no frame of the server's own has. */
export function isPublication(frame: OutgoingFrame): frame is PublicationFrame {
  return 'timestamp' in frame;
}

function linesOf(frame: OutgoingFrame): string {
  if (isPublication(frame)) return eventLines(frame.type, JSON.stringify(frame.data));
  switch (frame.type) {
    case 'subscribed':
    case 'unsubscribed':
    case 'behind': {
      // What it answers is the stream's own matter.
      const { type, id: _, ...data } = frame as typeof frame & { readonly id?: unknown };
      return eventLines(`thrum:${type}`, JSON.stringify(data));
    }
    case 'error': {
      const { type, id: _, ...data } = frame;
      return eventLines(`thrum:${type}`, JSON.stringify(data));
    }
    default:
      return '';
  }
}
