import type { Writable } from 'node:stream';
import * as ws from 'ws';
import {
  type Reader,
  Receiver,
  type Rules,
  type Unfinished,
} from '../../src/transports/websocket/thrum/receiver.ts';

/** What a reader of frames made of a stream, in order. */
export type Seen =
  | { readonly text: string }
  | { readonly binary: string }
  | { readonly ping: string }
  | { readonly close: number; readonly reason: string }
  /** A rule was broken; the code to close with. */
  | { readonly failed: number };

/** A stream, and what is to be read out of it. */
export interface StreamCase {
  readonly title: string;
  readonly stream: Buffer;
  readonly seen: readonly Seen[];
  readonly deflate?: boolean;
}

export type Read = (chunks: readonly Buffer[], rules: Rules) => Promise<Seen[]>;

/** Thrum's own receiver, and what it had left over after each chunk. */
export function readByThrum(
  chunks: readonly Buffer[],
  rules: Rules,
): { readonly seen: Seen[]; readonly unfinished: (Unfinished | undefined)[] } {
  const seen: Seen[] = [];
  const unfinished: (Unfinished | undefined)[] = [];
  let reads = true;
  const reader: Reader = {
    get reads() {
      return reads;
    },
    message: (message) =>
      seen.push(typeof message === 'string' ? { text: message } : { binary: message.toString('hex') }),
    ping: (payload) => seen.push({ ping: payload.toString('hex') }),
    closing: (code, reason) => {
      seen.push({ close: code, reason });
      reads = false;
    },
    failed: ({ code }) => {
      seen.push({ failed: code });
      reads = false;
    },
  };
  const receiver = new Receiver(rules);
  for (const [tick, chunk] of chunks.entries()) {
    // Reading changes the bytes.
    if (reads) unfinished.push(receiver.read(Buffer.from(chunk), unfinished.at(-1), reader, tick));
  }
  return { seen, unfinished };
}

/** What @types/ws leaves out. */
const { Receiver: WsReceiver, PerMessageDeflate } = ws as unknown as {
  readonly Receiver: new (options: object) => Writable;
  readonly PerMessageDeflate: new (options: object) => { accept(offers: readonly object[]): object };
};

/** Under a symbol of its own ws keeps the code to close with. */
function statusOf(error: object): number {
  const key = Object.getOwnPropertySymbols(error).find(({ description }) => description === 'status-code');
  return key === undefined ? 0 : ((error as Record<symbol, number>)[key] ?? 0);
}

/** The receiver of ws. */
export const readByWs: Read = async (chunks, { messageBytes, fragments, deflate }) => {
  const seen: Seen[] = [];
  const compression = new PerMessageDeflate({
    ...{ isServer: true, maxPayload: messageBytes },
    ...{ serverNoContextTakeover: true, clientNoContextTakeover: true },
  });
  compression.accept([{}]);
  const receiver = new WsReceiver({
    ...{ isServer: true, maxPayload: messageBytes, maxFragments: fragments },
    extensions: deflate ? { 'permessage-deflate': compression } : {},
  });
  let reads = true;
  const failed = Promise.withResolvers<void>();
  receiver.on('message', (data: Buffer, isBinary: boolean) => {
    seen.push(isBinary ? { binary: data.toString('hex') } : { text: data.toString() });
  });
  receiver.on('ping', (payload: Buffer) => seen.push({ ping: payload.toString('hex') }));
  receiver.on('conclude', (code: number, reason: Buffer) => {
    seen.push({ close: code, reason: reason.toString() });
    reads = false;
  });
  receiver.on('error', (error) => {
    seen.push({ failed: statusOf(error) });
    reads = false;
    failed.resolve();
  });
  for (const chunk of chunks) {
    if (!reads) break;
    const written = new Promise<void>((resolve) => void receiver.write(Buffer.from(chunk), () => resolve()));
    await Promise.race([written, failed.promise]);
  }
  // An error is told a tick after the write that met it.
  await new Promise((resolve) => setImmediate(resolve));
  return seen;
};

/** Both readers, by the names of their engines. */
export const readers: Readonly<Record<'thrum' | 'ws', Read>> = {
  thrum: async (chunks, rules) => readByThrum(chunks, rules).seen,
  ws: readByWs,
};

/** `bytes` in pieces of so many bytes, taken in turn. */
export function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const end = at + (sizes[turn % sizes.length] ?? bytes.length);
    chunks.push(bytes.subarray(at, end));
    at = end;
  }
  return chunks;
}
