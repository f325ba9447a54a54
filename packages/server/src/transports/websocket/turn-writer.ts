import type { Env } from '@thrum/core';

/** A connection with something to write. */
export interface Writing {
  flush(): void;
}

/**
 * Writes at the end of a turn of the event loop what it has brought for each connection. A write to a socket costs some
 * microseconds of kernel however little it carries, more than everything that Thrum does for a publication.
 */
export class TurnWriter {
  private readonly env: Pick<Env, 'atTurnEnd'>;
  private writing: Writing[] = [];
  /** What was joined last: many connections are often to be written the very same frames. */
  private parts: readonly Buffer[] = [];
  private joined: Buffer = Buffer.alloc(0);

  constructor(env: Pick<Env, 'atTurnEnd'>) {
    this.env = env;
  }

  /** Has `writing` flushed at the end of this turn. */
  add(writing: Writing): void {
    if (this.writing.push(writing) === 1) this.env.atTurnEnd(() => this.end());
  }

  /** Several frames in one piece; the one that was made before where the frames are the same. */
  join(parts: readonly Buffer[]): Buffer {
    if (parts.length !== this.parts.length || parts.some((part, index) => part !== this.parts[index])) {
      this.parts = parts;
      this.joined = Buffer.concat(parts);
    }
    return this.joined;
  }

  private end(): void {
    const { writing } = this;
    this.writing = [];
    for (const each of writing) each.flush();
    // Kept over the turn they would only take room.
    this.parts = [];
  }
}
