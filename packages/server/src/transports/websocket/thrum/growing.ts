/**
 * Bytes that come in pieces, in memory of their own: a slice of what a socket read would keep all of it, up to 64 KiB, for
 * the few bytes at its end. It grows with what has come and not with what a peer has announced.
 */
export class Growing {
  length = 0;
  private memory: Buffer = Buffer.alloc(0);

  /** What has come. It stays valid until the next piece. */
  get bytes(): Buffer {
    return this.memory.subarray(0, this.length);
  }

  /** Adds `from[start, end)`; `expected` is how long all of it may become. */
  add(from: Buffer, start: number, end: number, expected: number): void {
    const length = this.length + end - start;
    if (length > this.memory.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, Math.min(expected, 2 * length)));
      this.memory.copy(larger, 0, 0, this.length);
      this.memory = larger;
    }
    from.copy(this.memory, this.length, start, end);
    this.length = length;
  }
}
