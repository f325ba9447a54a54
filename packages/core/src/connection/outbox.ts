import type { BehindFrame } from '@thrum/protocol';
import type { Parts } from '../parts.ts';
import type { Transport, WireForm } from '../ports/transport.ts';
import { Backlog, type Tag } from './backlog.ts';
import { encode } from './encode.ts';
import { type Chunk, chunkBytes } from './frame-run.ts';
import type { Lane } from './lane.ts';

/** Beyond this many bytes not yet taken by the network, frames wait here, where they can still be counted and freed. */
const highWater = chunkBytes;

/** Hears what a connection was not sent: with each `behind`, and at its end. */
export interface OutboxOwner {
  fellBehind(channel: string, dropped: number): void;
}

/**
 * One connection's bounded send queue. A frame goes straight to the transport while the network keeps up; otherwise it
 * waits, in order, until `drained`. Nothing is dropped silently: what may be left out is told with `behind`
 * (PROTOCOL.md §15), and for the rest the answer says when there is no room.
 */
export class Outbox {
  private readonly transport: Transport;
  private readonly parts: Pick<Parts, 'limits' | 'metrics'>;
  private readonly owner: OutboxOwner;
  private backlog: Backlog | undefined;

  constructor(transport: Transport, parts: Pick<Parts, 'limits' | 'metrics'>, owner: OutboxOwner) {
    this.transport = transport;
    this.parts = parts;
    this.owner = owner;
  }

  /** Bytes waiting here and in the transport. */
  get bytes(): number {
    return (this.backlog?.bytes ?? 0) + this.transport.bufferedBytes;
  }

  /** Sends at once if nothing waits and the network keeps up. False: the frame was not taken. */
  pass(message: WireForm): boolean {
    // A single message may be larger than the whole outbox: on an idle connection it still goes out.
    if (!this.keepsUp) return false;
    this.hand(message);
    return true;
  }

  /** {@link pass} for frames in pieces: each goes in one write, as long as the network keeps up. How many were taken. */
  passAll(chunks: readonly Chunk[], isLast = false): number {
    let taken = 0;
    for (const { messages, bytes } of chunks) {
      if (!this.keepsUp) break;
      this.handAll(messages, bytes, isLast);
      taken += messages.length;
    }
    return taken;
  }

  /** Queues what did not pass; with a tag it may be left out. False: it may not, and there is no room. */
  wait(message: WireForm, tag?: Tag): boolean {
    this.backlog ??= new Backlog(this.parts);
    return this.backlog.push(message, this.transport.bufferedBytes, tag) !== 'no room';
  }

  /** Sends a recovered publication, or queues it where that leaves room for other things. False: it was not taken. */
  replay(message: WireForm): boolean {
    if (this.pass(message)) return true;
    this.backlog ??= new Backlog(this.parts);
    const buffered = this.transport.bufferedBytes;
    return (
      this.backlog.hasRoomToReplay(message.byteLength, buffered) &&
      this.backlog.push(message, buffered, undefined) === 'taken'
    );
  }

  /** Notes that so many publications of a lane could not even be queued. */
  miss(lane: Lane, count: number): void {
    this.backlog ??= new Backlog(this.parts);
    this.backlog.miss(lane, count);
  }

  /** Takes back those of a lane's frames that the log has. */
  rewind(lane: Lane): void {
    this.backlog?.rewind(lane);
  }

  /** Queues the `behind` that is due before the next frame. False: there is no room for it. */
  settle(lane: Lane): boolean {
    const { backlog } = this;
    // Where older ones of its publications still wait, it goes before the first of them when that is sent.
    if (backlog === undefined || lane.dropped === 0 || lane.oldest !== undefined) return true;
    return this.wait(this.behind(backlog, lane));
  }

  /** Goes on sending what waits. */
  drained(): void {
    const { backlog, transport } = this;
    if (backlog === undefined) return;
    // A transport that notices its end while sending has this queue cleared under our feet.
    while (this.backlog === backlog && transport.bufferedBytes <= highWater) {
      const messages = this.take(backlog, highWater - transport.bufferedBytes);
      if (messages.length === 0) this.backlog = undefined;
      else
        this.handAll(
          messages,
          messages.reduce((sum, { byteLength }) => sum + byteLength, 0),
        );
    }
  }

  /** Frees what waits; the owner hears of what it has not been told. */
  clear(): void {
    const { backlog } = this;
    this.backlog = undefined;
    backlog?.clear();
    for (let lane = backlog?.untold(); lane !== undefined; lane = backlog?.untold()) {
      this.owner.fellBehind(lane.channel, backlog?.tell(lane).dropped ?? 0);
    }
  }

  private get keepsUp(): boolean {
    return this.backlog === undefined && this.transport.bufferedBytes <= highWater;
  }

  /** What is sent next in one write, until it is more than `room`; nothing when nothing waits. */
  private take(backlog: Backlog, room: number): WireForm[] {
    const messages: WireForm[] = [];
    for (let bytes = 0; bytes <= room; bytes += messages.at(-1)?.byteLength ?? 0) {
      const next = backlog.first;
      const lane = next === undefined ? backlog.untold() : next.lane;
      if (lane !== undefined && lane.dropped > 0) {
        const message = this.behind(backlog, lane);
        if (next !== undefined || !lane.ended) messages.push(message);
      } else if (next !== undefined) {
        backlog.remove(next);
        messages.push(next.message);
      } else break;
    }
    return messages;
  }

  private behind(backlog: Backlog, lane: Lane): WireForm {
    const { dropped, superseded } = backlog.tell(lane);
    const { channel } = lane;
    const frame: BehindFrame = { type: 'behind', channel, dropped, ...(superseded && { superseded }) };
    this.owner.fellBehind(channel, dropped);
    return encode(this.transport.codec, frame);
  }

  private hand(message: WireForm): void {
    const { metrics } = this.parts;
    metrics.framesOut += 1;
    metrics.bytesOut += message.byteLength;
    this.transport.send(message);
  }

  private handAll(messages: readonly WireForm[], bytes: number, isLast = false): void {
    const { metrics } = this.parts;
    const { transport } = this;
    metrics.framesOut += messages.length;
    metrics.bytesOut += bytes;
    if (transport.sendAll !== undefined && messages.length > 1) transport.sendAll(messages, isLast);
    else for (const message of messages) transport.send(message, isLast);
  }
}
