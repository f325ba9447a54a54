import type { Limits } from '@thrum/protocol';
import type { Problem } from '../../http/problem.ts';
import { isRecord } from '../../values.ts';

/** `POST /connect/send`. */
export interface SendBody {
  readonly session: string;
  readonly node: string | undefined;
  readonly seq: number;
  readonly frames: readonly string[];
  readonly close: boolean;
  /** A frame is longer than a message may be. */
  readonly isTooBig: boolean;
}

/** `POST /connect/poll`. */
export interface PollBody {
  readonly session: string | undefined;
  readonly node: string | undefined;
  readonly ack: number;
  /** Milliseconds; absent: as long as the server likes. */
  readonly timeout: number | undefined;
}

type Read<T> = T | { readonly problem: Problem };

export function readSend(value: unknown, { inboxFrames, messageBytes }: Limits): Read<SendBody> {
  if (!isRecord(value)) return bad('Expected {"session", "node"?, "seq", "frames", "close"?}.');
  const { session, node, seq, frames = [], close = false } = value;
  if (!isName(session)) return bad('session: expected the session’s name.');
  if (node !== undefined && !isName(node)) return bad('node: expected the name that came with the session.');
  if (!isCount(seq) || seq === 0) return bad('seq: expected a whole number from 1 on.');
  if (
    !Array.isArray(frames) ||
    frames.length > inboxFrames ||
    !frames.every((frame) => typeof frame === 'string')
  ) {
    return bad(`frames: expected at most ${inboxFrames} texts, one for each frame.`);
  }
  if (typeof close !== 'boolean') return bad('close: expected true or false.');
  const isTooBig = (frames as string[]).some((frame) => isLonger(frame, messageBytes));
  return { session, node, seq, frames: frames as string[], close, isTooBig };
}

export function readPoll(value: unknown): Read<PollBody> {
  if (!isRecord(value)) return bad('Expected {"session"?, "node"?, "ack"?, "timeout"?}.');
  const { session, node, ack = 0, timeout } = value;
  if (session !== undefined && !isName(session)) return bad('session: expected the session’s name, or none.');
  if (node !== undefined && !isName(node)) return bad('node: expected the name that came with the session.');
  if (!isCount(ack)) return bad('ack: expected the seq of the last answer.');
  if (timeout !== undefined && !isCount(timeout)) return bad('timeout: expected milliseconds.');
  return { session, node, ack, timeout };
}

/** Never more bytes than three times the UTF-16 units, nor fewer than the units themselves. */
function isLonger(text: string, bytes: number): boolean {
  return text.length > bytes || (text.length * 3 > bytes && Buffer.byteLength(text) > bytes);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 255;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function bad(detail: string): { readonly problem: Problem } {
  return { problem: { status: 400, detail } };
}
