/** Why bytes are no frame of a binary codec: what was expected, what came, and at which byte. */
export class CodecError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CodecError';
  }
}
