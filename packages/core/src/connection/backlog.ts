import type { Parts } from '../parts.ts';
import type { WireForm } from '../ports/transport.ts';
import type { Lane, Waiting } from './lane.ts';

/** What a frame in a lane is known by. */
export interface Tag {
  readonly lane: Lane;
  readonly key: string | undefined;
  readonly placed: boolean;
  /** Publications that go with it: itself, and those that gave way to newer ones before it (PROTOCOL.md §19). */
  readonly count: number;
}

/** `no room`: it must arrive and cannot. */
type Taken = 'taken' | 'left out' | 'no room';

/**
 * The frames that wait for one connection, in order and within its bounds. It exists only while something waits or is
 * still to be told. Linked lists, because what is left out may lie anywhere in the queue.
 */
export class Backlog {
  bytes = 0;
  first: Waiting | undefined;
  private last: Waiting | undefined;
  private frames = 0;
  /** The part of the frames and bytes that may be left out. */
  private looseBytes = 0;
  private looseFrames = 0;
  /** Those in which something waits, or was left out and not yet told. */
  private readonly lanes = new Set<Lane>();
  private readonly parts: Pick<Parts, 'limits' | 'metrics'>;

  constructor(parts: Pick<Parts, 'limits' | 'metrics'>) {
    this.parts = parts;
  }

  /**
   * Takes a frame, leaving out what must make room for it.
   * @param buffered bytes that the transport still holds; they count.
   */
  push(message: WireForm, buffered: number, tag: Tag | undefined): Taken {
    const { byteLength } = message;
    if (tag !== undefined) this.supersede(tag);
    if (!this.makeRoom(byteLength, buffered)) {
      if (tag === undefined) return 'no room';
      this.miss(tag.lane, tag.count);
      return 'left out';
    }
    this.append({
      message,
      lane: tag?.lane,
      key: tag?.key,
      placed: tag?.placed ?? false,
      count: tag?.count ?? 1,
      ahead: this.last,
      behind: undefined,
      older: undefined,
      newer: undefined,
    });
    return 'taken';
  }

  /**
   * Whether so many bytes more leave half of the room free. Recovered publications must arrive once they are taken, so
   * without that half an `ack` that comes after them would end the connection.
   */
  hasRoomToReplay(bytes: number, buffered: number): boolean {
    const { outboxBytes, outboxFrames } = this.parts.limits;
    return buffered + this.bytes + bytes <= outboxBytes / 2 && this.frames < outboxFrames / 2;
  }

  remove(waiting: Waiting): void {
    const { ahead, behind, lane, message } = waiting;
    if (ahead === undefined) this.first = behind;
    else ahead.behind = behind;
    if (behind === undefined) this.last = ahead;
    else behind.ahead = ahead;
    this.bytes -= message.byteLength;
    this.frames -= 1;
    if (lane === undefined) return;
    this.looseBytes -= message.byteLength;
    this.looseFrames -= 1;
    lane.remove(waiting);
    this.forget(lane);
  }

  /** Notes that publications of a lane are left out. */
  miss(lane: Lane, count: number): void {
    lane.dropped += count;
    this.parts.metrics.dropped += count;
    this.lanes.add(lane);
  }

  /** Takes back what a subscriber that begins anew gets from the log, or does not want any more. */
  rewind(lane: Lane): void {
    for (let waiting = lane.oldest; waiting !== undefined; waiting = waiting.newer) {
      if (waiting.placed) this.remove(waiting);
    }
  }

  /** The next lane of which something was left out and not yet told. */
  untold(): Lane | undefined {
    for (const lane of this.lanes) if (lane.dropped > 0) return lane;
    return undefined;
  }

  /** Takes what is to be told of a lane. */
  tell(lane: Lane): { readonly dropped: number; readonly superseded: boolean } {
    const { dropped, superseded } = lane;
    lane.dropped = 0;
    lane.superseded = 0;
    this.forget(lane);
    return { dropped, superseded: superseded === dropped };
  }

  /** Frees what waits. */
  clear(): void {
    for (const lane of this.lanes) lane.clear();
    this.first = undefined;
    this.last = undefined;
    this.bytes = 0;
  }

  private append(waiting: Waiting): void {
    const { lane, message } = waiting;
    if (this.last === undefined) this.first = waiting;
    else this.last.behind = waiting;
    this.last = waiting;
    this.bytes += message.byteLength;
    this.frames += 1;
    if (lane === undefined) return;
    this.looseBytes += message.byteLength;
    this.looseFrames += 1;
    lane.add(waiting);
    this.lanes.add(lane);
  }

  private supersede({ key, lane }: Tag): void {
    const older = key === undefined ? undefined : lane.withKey(key);
    if (older === undefined) return;
    this.miss(lane, older.count);
    lane.superseded += older.count;
    this.remove(older);
  }

  private makeRoom(bytes: number, buffered: number): boolean {
    const { outboxBytes, outboxFrames } = this.parts.limits;
    const room = outboxBytes - buffered - bytes;
    // Nothing is left out for a frame that would not fit even then.
    if (this.bytes - this.looseBytes > room || this.frames - this.looseFrames >= outboxFrames) return false;
    while (this.bytes > room || this.frames >= outboxFrames) this.dropOne();
    return true;
  }

  /** The channel that takes most of the room gives way, so that a busy one cannot push out a quiet one. */
  private dropOne(): void {
    let largest: Lane | undefined;
    for (const lane of this.lanes) {
      if (lane.oldest !== undefined && lane.bytes > (largest?.bytes ?? -1)) largest = lane;
    }
    if (largest?.oldest === undefined) throw new Error('loose frames are counted that are in no lane');
    this.miss(largest, largest.oldest.count);
    this.remove(largest.oldest);
  }

  private forget(lane: Lane): void {
    if (lane.oldest === undefined && lane.dropped === 0) this.lanes.delete(lane);
  }
}
