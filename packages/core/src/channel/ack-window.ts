import type { Publication } from '@thrum/protocol';

/** A publication that waits for its confirmation. */
export interface Unconfirmed {
  readonly publication: Publication;
  attempts: number;
  /** Monotonic: when it is sent again. */
  dueAt: number;
}

/** What an acknowledged subscription has sent and not seen confirmed, by offset, oldest first (PROTOCOL.md §7). */
export class AckWindow {
  private readonly waiting = new Map<number, Unconfirmed>();

  get size(): number {
    return this.waiting.size;
  }

  sent(publication: Publication, dueAt: number): void {
    if (publication.offset === undefined || this.waiting.has(publication.offset)) return;
    this.waiting.set(publication.offset, { publication, attempts: 1, dueAt });
  }

  /** Confirms everything up to and including an offset. */
  confirm(offset: number): void {
    for (const waiting of this.waiting.keys()) {
      if (waiting > offset) break;
      this.waiting.delete(waiting);
    }
  }

  clear(): void {
    this.waiting.clear();
  }

  /** Confirms the one publication that carried this id. False when there is none. */
  confirmId(id: string): boolean {
    for (const [offset, { publication }] of this.waiting) {
      if (publication.id === id) return this.waiting.delete(offset);
    }
    return false;
  }

  /** Takes out of the window what has been sent often enough, and returns what is due. */
  due(now: number, maxAttempts: number): { readonly again: Unconfirmed[]; readonly dead: Unconfirmed[] } {
    const again: Unconfirmed[] = [];
    const dead: Unconfirmed[] = [];
    for (const [offset, entry] of this.waiting) {
      if (entry.dueAt > now) continue;
      if (entry.attempts < maxAttempts) again.push(entry);
      else {
        dead.push(entry);
        this.waiting.delete(offset);
      }
    }
    return { again, dead };
  }
}
