import type { Transport } from '../ports/transport.ts';

/** Beyond this many bytes not yet taken by the network, frames wait here, where they can still be counted and freed. */
const highWater = 65_536;

/** What bounds one connection's send queue. */
export interface OutboxLimits {
  readonly outboxBytes: number;
  readonly outboxFrames: number;
}

/**
 * One connection's bounded send queue. A frame goes straight to the transport while the network keeps up; otherwise it
 * waits, in order, until `drained`. What is handed in is never dropped silently: `push` says when there is no room.
 */
export class Outbox {
  private readonly transport: Transport;
  private queue: Uint8Array[] | undefined;
  private head = 0;
  private queuedBytes = 0;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  /** Bytes waiting here and in the transport. */
  get bytes(): number {
    return this.queuedBytes + this.transport.bufferedBytes;
  }

  /** False when the frame does not fit any more; it was not taken then. */
  push(message: Uint8Array, limits: OutboxLimits): boolean {
    if (this.queue === undefined) {
      const buffered = this.transport.bufferedBytes;
      // A single message may be larger than the whole outbox: on an idle connection it still goes out.
      if (buffered <= highWater) {
        this.transport.send(message);
        return true;
      }
      this.queue = [];
    }
    if (this.bytes + message.byteLength > limits.outboxBytes) return false;
    if (this.queue.length - this.head >= limits.outboxFrames) return false;
    this.queue.push(message);
    this.queuedBytes += message.byteLength;
    return true;
  }

  /** Goes on sending what waits. */
  drained(): void {
    const { queue } = this;
    if (queue === undefined) return;
    // A transport that notices its end while sending has this queue cleared under our feet.
    while (this.queue === queue && this.head < queue.length && this.transport.bufferedBytes <= highWater) {
      const message = queue[this.head] as Uint8Array;
      this.head += 1;
      this.queuedBytes -= message.byteLength;
      this.transport.send(message);
    }
    if (this.queue !== queue) return;
    if (this.head === queue.length) this.clear();
    else if (this.head * 2 > queue.length) {
      // Someone who is always a little behind never empties the queue: what was sent must not stay in it.
      queue.splice(0, this.head);
      this.head = 0;
    }
  }

  /** Frees what waits. */
  clear(): void {
    this.queue = undefined;
    this.head = 0;
    this.queuedBytes = 0;
  }
}
