import type { Publication } from '@thrum/protocol';
import { SharedFrame } from '../connection/encode.ts';
import { FrameRun } from '../connection/frame-run.ts';
import type { LogPage } from '../ports/broker.ts';

interface Kept {
  readonly publication: Publication;
  readonly frame: SharedFrame;
}

/** No publication is shorter on the wire. */
const leastBytes = 64;

/** The room that the channels of a node share for what they keep. Those that were fed longest ago give way. */
export class RecentRoom {
  private readonly limit: number;
  private readonly fed = new Set<Recent>();
  private bytes = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Whether so many could find room at all: else they are not even encoded to be weighed. */
  mayHold(publications: number): boolean {
    return publications * leastBytes <= this.limit;
  }

  /** One of them has taken so many bytes. */
  fill(recent: Recent, bytes: number): void {
    this.bytes += bytes;
    this.fed.delete(recent);
    this.fed.add(recent);
    for (const oldest of this.fed) {
      if (this.bytes <= this.limit) return;
      oldest.drop(this.bytes - this.limit);
    }
  }

  /** One of them has let go of so many bytes. */
  free(recent: Recent, bytes: number): void {
    this.bytes -= bytes;
    if (recent.isEmpty) this.fed.delete(recent);
  }
}

/**
 * The newest publications of a channel that were delivered or read a moment ago, as frames that are encoded once: a run of
 * one epoch without a hole. Publications of an epoch never change, so a position of the log that is read in one step makes
 * a page of what is kept here exactly the one that the log would have given in that step.
 */
export class Recent {
  private readonly room: RecentRoom;
  private readonly capacity: number;
  private readonly kept: Kept[] = [];
  private epoch: string | undefined;
  /** The offset of the newest. */
  private top = 0;
  /** Those up to here were kept at the last look. */
  private aged = 0;
  private run: { readonly first: number; readonly frames: FrameRun } | undefined;

  /** @param capacity publications kept at most */
  constructor(room: RecentRoom, capacity: number) {
    this.room = room;
    this.capacity = capacity;
  }

  get isEmpty(): boolean {
    return this.kept.length === 0;
  }

  /** Whether everything after this offset is kept, as far as it is known here. */
  reaches(epoch: string, after: number): boolean {
    return epoch === this.epoch && after <= this.top && after >= this.start;
  }

  /** What the log would have given for this position and limit when it gave `head`; `undefined` where it must be asked. */
  page(head: LogPage, after: number, limit: number): LogPage | undefined {
    const { epoch, offset, oldest } = head;
    if (!this.reaches(epoch, after) || after > offset || offset > this.top) return undefined;
    // Kept here, and by the log no longer: what it has let go of is gone for everybody.
    if (after < oldest - 1) return { ...head, publications: [] };
    // A storm may last longer than the time between two looks.
    this.aged = 0;
    const first = after - this.start;
    const kept = this.kept.slice(first, first + Math.min(limit, offset - after));
    return { ...head, publications: kept.map(({ publication }) => publication) };
  }

  /** The frame of a publication: the one that others were sent, or a new one. */
  frameOf(publication: Publication): SharedFrame {
    return this.find(publication)?.frame ?? SharedFrame.of(publication);
  }

  /** The frames of a run of publications. Who asks for the same run as the one before gets the same frames in one piece. */
  frames(publications: readonly Publication[]): FrameRun {
    const [publication] = publications;
    const first = publication?.offset ?? 0;
    const isKept = publication !== undefined && this.find(publication) !== undefined;
    if (isKept && this.run?.first === first && this.run.frames.length === publications.length)
      return this.run.frames;
    const frames = new FrameRun(publications.map((each) => this.frameOf(each)));
    if (isKept) this.run = { first, frames };
    return frames;
  }

  /** Takes publications that were delivered, each with its frame. */
  keep(publications: readonly Publication[], frames: readonly SharedFrame[]): void {
    for (const [index, publication] of publications.entries()) this.push(publication, frames[index]);
    this.shift(Math.max(0, this.kept.length - this.capacity));
  }

  private push(publication: Publication, frame = SharedFrame.of(publication)): void {
    const { epoch, offset } = publication;
    if (offset === undefined || (epoch === this.epoch && offset <= this.top) || !this.room.mayHold(1)) return;
    if (epoch !== this.epoch || offset !== this.top + 1) this.begin(publication);
    this.top = offset;
    this.kept.push({ publication, frame });
    this.room.fill(this, frame.byteLength);
  }

  /** Takes a page that was read, unless there is a hole between it and newer ones. */
  take({ publications }: LogPage): void {
    const [first, last] = [publications[0], publications.at(-1)];
    if (first?.offset === undefined || last?.offset === undefined) return;
    if (!this.room.mayHold(publications.length)) return;
    const isAhead = first.epoch !== this.epoch || first.offset > this.top + 1;
    if (!isAhead && last.offset < this.start) return;
    if (!isAhead) this.prepend(publications.filter(({ offset = 0 }) => offset <= this.start));
    this.keep(
      publications.filter(({ offset = 0 }) => isAhead || offset > this.top),
      [],
    );
  }

  /** Lets go of what was here at the last look too, unless somebody came for it since: who comes back, comes back soon. */
  age(): void {
    this.shift(Math.max(0, this.aged - this.start));
    this.aged = this.top;
    this.run = undefined;
  }

  /** Lets go of the oldest, so many bytes of them. */
  drop(bytes: number): void {
    let [count, sum] = [0, 0];
    while (sum < bytes && count < this.kept.length) sum += this.kept[count++]?.frame.byteLength ?? 0;
    this.shift(count);
  }

  clear(): void {
    this.shift(this.kept.length);
  }

  /** The offset before the oldest. */
  private get start(): number {
    return this.top - this.kept.length;
  }

  private find({ epoch, offset = 0 }: Publication): Kept | undefined {
    return epoch === this.epoch ? this.kept[offset - 1 - this.start] : undefined;
  }

  /** Begins a new run in front of this publication. */
  private begin({ epoch, offset = 1 }: Publication): void {
    this.clear();
    this.epoch = epoch;
    this.top = offset - 1;
    this.aged = 0;
  }

  private prepend(publications: readonly Publication[]): void {
    const free = this.capacity - this.kept.length;
    if (free === 0 || publications.length === 0) return;
    const older = publications
      .slice(-free)
      .map((publication) => ({ publication, frame: SharedFrame.of(publication) }));
    this.kept.unshift(...older);
    this.room.fill(this, bytesOf(older));
  }

  private shift(count: number): void {
    if (count === 0) return;
    this.run = undefined;
    this.room.free(this, bytesOf(this.kept.splice(0, count)));
  }
}

function bytesOf(kept: readonly Kept[]): number {
  return kept.reduce((sum, { frame }) => sum + frame.byteLength, 0);
}
