import type { Limits, Position, Publication } from '@thrum/protocol';
import type { FrameRun } from '../connection/frame-run.ts';

/** A publication that waits for its confirmation. */
export interface Unconfirmed {
  readonly publication: Publication;
  readonly bytes: number;
  attempts: number;
  /** Monotonic: when it is sent again. */
  dueAt: number;
}

/** What an acknowledged subscription has sent and not seen confirmed, by offset, oldest first (PROTOCOL.md §7). */
export class AckWindow {
  private readonly waiting = new Map<number, Unconfirmed>();
  private readonly capacity: number;
  private readonly maxBytes: number;
  private bytes = 0;
  /** Of the stream; unknown until it has begun. */
  private streamEpoch: string | undefined;
  /** The highest offset that was sent or skipped. */
  private reached = 0;

  constructor({ ackWindow, outboxBytes }: Pick<Limits, 'ackWindow' | 'outboxBytes'>) {
    this.capacity = ackWindow;
    // So that what is sent at once fits into the outbox beside other things.
    this.maxBytes = outboxBytes / 2;
  }

  get size(): number {
    return this.waiting.size;
  }

  get epoch(): string | undefined {
    return this.streamEpoch;
  }

  /** How many more may be sent now. */
  get room(): number {
    return this.bytes >= this.maxBytes ? 0 : Math.max(0, this.capacity - this.waiting.size);
  }

  /** How many of these may be sent now, by their bytes; one in any case, or one that is too large would never go. */
  fitting({ frames }: FrameRun): number {
    let left = this.maxBytes - this.bytes;
    const end = frames.findIndex(({ byteLength }) => (left -= byteLength) < 0);
    return end < 0 ? frames.length : Math.max(1, end);
  }

  /** Whether a stream that paused may go on: not after each confirmation, or each would cost a reading of the log. */
  get isOpen(): boolean {
    return this.waiting.size * 2 <= this.capacity && this.bytes * 2 <= this.maxBytes;
  }

  /** Up to where everything is confirmed: where a stream that breaks off here has to go on. */
  get position(): Position | undefined {
    if (this.streamEpoch === undefined) return undefined;
    for (const first of this.waiting.keys()) return { epoch: this.streamEpoch, offset: first - 1 };
    return { epoch: this.streamEpoch, offset: this.reached };
  }

  /** The stream goes on after this position. */
  begin({ epoch, offset }: Position): void {
    // Offsets of another epoch mean other publications: they could be neither confirmed nor told apart.
    if (epoch !== this.streamEpoch) {
      this.waiting.clear();
      this.bytes = 0;
    }
    this.streamEpoch = epoch;
    this.reached = offset;
  }

  sent(publication: Publication, bytes: number, dueAt: number): void {
    const { offset } = publication;
    if (offset === undefined || this.waiting.has(offset)) return;
    this.waiting.set(offset, { publication, bytes, attempts: 1, dueAt });
    this.bytes += bytes;
    this.reached = offset;
  }

  /** Confirms everything up to and including an offset. */
  confirm(offset: number): void {
    for (const waiting of this.waiting.keys()) {
      if (waiting > offset) break;
      this.remove(waiting);
    }
  }

  /** Confirms the one publication that carried this id. False when there is none. */
  confirmId(id: string): boolean {
    for (const [offset, { publication }] of this.waiting) {
      if (publication.id === id) return this.remove(offset);
    }
    return false;
  }

  /** Lets go of one that is a dead letter, unless its offset means something else by now. */
  settle(entry: Unconfirmed): void {
    const { offset } = entry.publication;
    if (offset !== undefined && this.waiting.get(offset) === entry) this.remove(offset);
  }

  private remove(offset: number): boolean {
    this.bytes -= this.waiting.get(offset)?.bytes ?? 0;
    return this.waiting.delete(offset);
  }

  /** What is to be sent again, and what was sent often enough; both come again at `nextAt` if nothing becomes of them. */
  due(
    now: number,
    maxAttempts: number,
    nextAt: number,
  ): { readonly again: readonly Unconfirmed[]; readonly dead: readonly Unconfirmed[] } {
    const again: Unconfirmed[] = [];
    const dead: Unconfirmed[] = [];
    for (const entry of this.waiting.values()) {
      if (entry.dueAt > now) continue;
      entry.dueAt = nextAt;
      if (entry.attempts >= maxAttempts) dead.push(entry);
      else {
        entry.attempts += 1;
        again.push(entry);
      }
    }
    return { again, dead };
  }
}
