import type { Position } from '@thrum/protocol';

const most = 50_000;

/**
 * The highest position this node has seen of each of the channels it used last. A log that ends below it was rolled back:
 * Redis was restarted from an older file, or a replica took over that lacked the last writes.
 */
export class Heights {
  private readonly seen = new Map<string, Position>();

  get(channel: string): Position | undefined {
    return this.seen.get(channel);
  }

  note(channel: string, { epoch, offset }: Position): void {
    const known = this.seen.get(channel);
    if (known?.epoch === epoch && known.offset >= offset) return;
    this.seen.delete(channel);
    this.seen.set(channel, { epoch, offset });
    if (this.seen.size <= most) return;
    for (const oldest of this.seen.keys()) {
      this.seen.delete(oldest);
      break;
    }
  }
}
