import { isPosition, type Position } from '@thrum/protocol';
import { ThrumError } from '../errors.ts';
import type { Env } from '../ports/env.ts';
import type { Log } from '../ports/log.ts';
import type { Store } from '../ports/store.ts';
import type { MaybePromise } from '../types.ts';

export interface CursorParts {
  readonly env: Env;
  readonly log: Log;
  readonly store: Store;
  /** Milliseconds a cursor is kept that nobody uses. */
  readonly ttl: number;
}

/** Who holds a name: a connection, for as long as it is subscribed with it. */
export interface CursorHolder {
  /** Two claims of one owner replace one another without a word. */
  readonly owner: object;
  /** Up to where everything is confirmed; `undefined` until the stream has begun. */
  position(): Position | undefined;
  /** Somebody else has the name now. */
  superseded(): void;
}

/** The stored place of a named subscriber, while somebody holds it (PROTOCOL.md §7). */
export interface Cursor {
  readonly key: string;
  readonly name: string;
  /** Where the stream of this holder begins. */
  readonly start: Position;
  /** Whether `start` was found in the store. */
  readonly found: boolean;
  /** Somebody else holds the name. */
  readonly lost: boolean;
}

interface Held extends Cursor {
  readonly holder: CursorHolder;
  /** In the record, to tell our own write from another node's. */
  readonly token: string;
  version: number;
  stored: Position;
  /** Monotonic: when it is written again though it did not move, so that it does not expire in use. */
  refreshAt: number;
  /** Monotonic: not before; the store has failed. */
  retryAt: number;
  writing: Promise<void> | undefined;
  ending: Promise<void> | undefined;
  lost: boolean;
}

const namespace = 'cursors';
/** Somebody who loses this many claims in a row to other nodes is told to come back later. */
const maxClaims = 5;
/** Milliseconds: a store that fails must not fill the log with one line for each cursor four times a second. */
const retryAfter = 5000;

/**
 * The cursors that are held on this node. Each is written by compare-and-set over the version that its holder put last, so
 * a holder that another node has superseded can neither move the cursor nor stay in ignorance.
 */
export class Cursors {
  private readonly parts: CursorParts;
  private readonly held = new Map<string, Held>();
  /** Claims of one name wait for one another. */
  private readonly claims = new Map<string, Promise<unknown>>();

  constructor(parts: CursorParts) {
    this.parts = parts;
  }

  /**
   * Takes a name over and stores where its stream begins: `begin` is given what is stored, and decides.
   * @throws ThrumError `unavailable` when the store cannot be read or written.
   */
  async open(
    [userId, channel, name]: readonly [userId: string, channel: string, name: string],
    holder: CursorHolder,
    begin: (stored: Position | undefined) => MaybePromise<Position>,
  ): Promise<Cursor> {
    const key = JSON.stringify([userId, channel, name]);
    const earlier = this.claims.get(key);
    const claim = Promise.resolve(earlier)
      .catch(() => undefined)
      .then(() => this.claim(key, name, holder, begin));
    this.claims.set(key, claim);
    try {
      return await claim;
    } catch (error) {
      throw error instanceof ThrumError ? error : new ThrumError('unavailable', undefined, { cause: error });
    } finally {
      if (this.claims.get(key) === claim) this.claims.delete(key);
    }
  }

  /** Writes where its holder stands, if that has changed; called four times a second. */
  keep(cursor: Cursor, now: number): void {
    const held = this.held.get(cursor.key);
    if (held === undefined || held !== cursor || held.ending !== undefined || held.writing !== undefined)
      return;
    if (now < held.retryAt) return;
    const position = held.holder.position() ?? held.stored;
    if (isSame(position, held.stored) && now < held.refreshAt) return;
    held.writing = this.write(held, position).finally(() => (held.writing = undefined));
  }

  /** Writes where its holder stands for the last time, and lets go of it. Never rejects. */
  release(cursor: Cursor): Promise<void> {
    const held = this.held.get(cursor.key);
    if (held === undefined || held !== cursor) return Promise.resolve();
    // Asked now: the next holder's stream may be under way when the last write is done.
    held.ending ??= this.finish(held, held.holder.position() ?? held.stored);
    return held.ending;
  }

  /** Releases every cursor. */
  async close(): Promise<void> {
    await Promise.all([...this.held.values()].map((held) => this.release(held)));
  }

  private async claim(
    key: string,
    name: string,
    holder: CursorHolder,
    begin: (stored: Position | undefined) => MaybePromise<Position>,
  ): Promise<Cursor> {
    const before = this.held.get(key);
    if (before !== undefined) {
      const taken = this.release(before);
      if (before.holder.owner !== holder.owner) {
        before.lost = true;
        before.holder.superseded();
      }
      await taken;
    }
    const { env, store, ttl } = this.parts;
    const token = env.id();
    for (let tries = 0; tries < maxClaims; tries += 1) {
      const record = await store.get(namespace, key);
      const found = positionOf(record?.value);
      const start = await begin(found);
      const expect = record?.version ?? 'absent';
      const version = await store.put(namespace, key, { ...start, token }, { ttl, expect });
      if (version === undefined) continue;
      const cursor: Held = {
        key,
        name,
        start,
        found: found !== undefined,
        holder,
        token,
        version,
        stored: start,
        refreshAt: env.monotonic() + ttl / 2,
        retryAt: 0,
        writing: undefined,
        ending: undefined,
        lost: false,
      };
      this.held.set(key, cursor);
      return cursor;
    }
    throw new ThrumError('unavailable');
  }

  private async finish(held: Held, position: Position): Promise<void> {
    await held.writing;
    if (this.held.get(held.key) === held && !isSame(position, held.stored)) await this.write(held, position);
    if (this.held.get(held.key) === held) this.held.delete(held.key);
  }

  private async write(held: Held, position: Position): Promise<void> {
    try {
      if (await this.put(held, position)) return;
      held.lost = true;
      if (this.held.get(held.key) === held) this.held.delete(held.key);
      if (held.ending === undefined) held.holder.superseded();
    } catch (error) {
      // Nothing is lost but time: what was confirmed since comes again if this node dies before it can write.
      held.retryAt = this.parts.env.monotonic() + retryAfter;
      this.parts.log.warn('a cursor could not be written', { name: held.name }, error);
    }
  }

  /** False when somebody else has the name. */
  private async put(held: Held, position: Position): Promise<boolean> {
    const { env, store, ttl } = this.parts;
    const value = { ...position, token: held.token };
    let version = await store.put(namespace, held.key, value, { ttl, expect: held.version });
    if (version === undefined) {
      const record = await store.get(namespace, held.key);
      // Ours after all: a write whose outcome we never learnt. Or nobody's: it expired while this node was asleep.
      if (record !== undefined && tokenOf(record.value) !== held.token) return false;
      version = await store.put(namespace, held.key, value, { ttl, expect: record?.version ?? 'absent' });
      if (version === undefined) return false;
    }
    held.version = version;
    held.stored = position;
    held.refreshAt = env.monotonic() + ttl / 2;
    return true;
  }
}

function isSame(a: Position, b: Position): boolean {
  return a.epoch === b.epoch && a.offset === b.offset;
}

function positionOf(value: unknown): Position | undefined {
  return isPosition(value) ? { epoch: value.epoch, offset: value.offset } : undefined;
}

function tokenOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'token' in value ? value.token : undefined;
}
