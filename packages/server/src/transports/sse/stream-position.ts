import type { Position } from '@thrum/protocol';
import { encodeStreamId, fingerprintOf, maxIdLength, type Positions } from './stream-id.ts';

/** Where one stream is in its channels, as the id of the next event. */
export class StreamPosition {
  readonly channels: readonly string[];
  private readonly fingerprint: Buffer;
  private readonly positions: (Position | undefined)[];
  private readonly places: ReadonlyMap<string, number>;
  private current: string | undefined;

  constructor(channels: readonly string[], positions: Positions) {
    this.channels = channels;
    this.fingerprint = fingerprintOf(channels);
    this.positions = [...positions];
    this.places = new Map(channels.map((channel, index) => [channel, index]));
  }

  get id(): string {
    this.current ??= encodeStreamId(this.fingerprint, this.positions);
    return this.current;
  }

  /** Whether the id is one that can be sent back. */
  get fits(): boolean {
    return this.id.length <= maxIdLength;
  }

  of(channel: string): Position | undefined {
    return this.positions[this.places.get(channel) ?? -1];
  }

  /** Moves on; a channel that is not the stream's own has no part in it. */
  move(channel: string, position: Position | undefined): void {
    const place = this.places.get(channel);
    if (place === undefined) return;
    this.positions[place] = position;
    this.current = undefined;
  }
}
