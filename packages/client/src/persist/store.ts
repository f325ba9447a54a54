import type { Position } from '@thrum/protocol';
import type { Encoded } from '../socket-like.ts';

/** A publish that waits for its ack. */
export interface StoredPublish {
  readonly id: string;
  /** The whole frame, byte for byte: a repeat with another body would be a conflict (PROTOCOL.md §2 message). */
  readonly frame: Encoded;
  /** When it is given up, milliseconds since 1970. */
  readonly until: number;
}

/** Where a page stood in each channel. */
export type StoredPositions = Readonly<Record<string, Position>>;

/**
 * Where a page leaves what it must not take along when it ends. One object is one page; many pages, of many users, may
 * share what is behind it.
 *
 * The laws, which `persistCases` of `@thrum/conformance` checks:
 *
 * - What a page saved stays until that page or the one that took it over removes it, however the page ends.
 * - `takePublishes` gives what pages that are gone left for this user, oldest first, and it is this page's from then on:
 *   asked again, it gives only what others have left since. It never gives what this page saved itself. What a page that
 *   still lives has saved is not given where the host can tell, and is given where it cannot: ids make that harmless.
 * - Nothing of another user is ever given. What of other users is past its `until` may go.
 * - `takePositions` gives the positions of the page that this one takes the place of, or else of the one of this user that
 *   ended last, whole as they were saved last; without any, none. Never those of a page that still lives, where the host can tell.
 * - Calls take effect in the order in which they were made. A promise resolves when the change will outlive the page; it
 *   rejects when it will not, and what was there before is untouched.
 */
export interface PersistStore {
  takePublishes(user: string): Promise<readonly StoredPublish[]>;
  /** Replaces one with its id. */
  save(user: string, publish: StoredPublish): Promise<void>;
  remove(user: string, id: string): Promise<void>;
  takePositions(user: string): Promise<StoredPositions>;
  /** Replaces all that this page saved. */
  savePositions(user: string, positions: StoredPositions): Promise<void>;
  /** The page has ended, or has no more use for it. */
  close(): void;
}
