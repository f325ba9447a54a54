import type { Session } from '@thrum/core';

/** The frames that a client sends in POSTs, in their order and each once (PROTOCOL.md §17). */
export class Upstream {
  private session: Session | undefined;
  private seq = 0;

  attach(session: Session): void {
    this.session = session;
  }

  /** The number that the next POST must have. */
  get expected(): number {
    return this.seq + 1;
  }

  /** False when a POST before this one is missing. One that was handled before is done, without anything being done. */
  receive(seq: number, frames: readonly string[]): boolean {
    if (seq > this.expected) return false;
    if (seq < this.expected) return true;
    // Before the frames: whatever they lead to, this POST was handled.
    this.seq = seq;
    for (const frame of frames) this.session?.receive(frame);
    return true;
  }
}
