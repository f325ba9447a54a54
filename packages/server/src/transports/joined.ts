/**
 * Several messages in one piece. Many connections are given the very same array, so what was made of the last one is kept
 * for the next.
 */
export class Joined {
  private last: { readonly of: readonly Uint8Array[]; readonly bytes: Buffer } | undefined;

  of(messages: readonly Uint8Array[]): Buffer {
    if (this.last?.of !== messages) this.last = { of: messages, bytes: Buffer.concat(messages) };
    return this.last.bytes;
  }
}
