import type { Position, Publication } from '@thrum/protocol';
import type {
  Broker,
  Deliver,
  Draft,
  Idempotency,
  LogPage,
  PublishOptions,
  PublishOutcome,
  ReadOptions,
} from '../ports/broker.ts';
import type { Cancel, Env } from '../ports/env.ts';

interface Entry {
  readonly publication: Publication & Position;
  readonly expires: number;
}

interface KnownKey {
  readonly fingerprint: string;
  readonly position: Position | undefined;
  readonly expires: number;
}

interface Log {
  readonly epoch: string;
  offset: number;
  /** Oldest first; offsets run without a hole. */
  entries: Entry[];
  /** In the order of insertion; a key's time never moves. */
  readonly keys: Map<string, KnownKey>;
  readonly subscribers: Set<Deliver>;
  touched: number;
}

/** A log that nobody used for this long and that keeps nothing is forgotten; its next life has a new epoch. */
const forgetAfter = 3_600_000;
const sweepEvery = 30_000;

/**
 * The reference broker: one process, nothing on disk. A restart changes every epoch, so clients are told that their
 * history is gone rather than given half of it.
 */
export function createMemoryBroker(env: Pick<Env, 'monotonic' | 'timer' | 'id'>): Broker {
  return new MemoryBroker(env);
}

class MemoryBroker implements Broker {
  readonly durable = false;
  readonly stats = {
    kind: 'memory' as const,
    state: 'ready' as 'ready' | 'closed',
    written: 0,
    failed: 0,
    epochChanges: 0,
    restarts: 0,
    pending: 0,
    pendingSize: 0,
  };
  private readonly logs = new Map<string, Log>();
  private readonly env: Pick<Env, 'monotonic' | 'timer' | 'id'>;
  private sweeping: Cancel | undefined;
  /** Of the logs that begin now. */
  private epoch: string;

  constructor(env: Pick<Env, 'monotonic' | 'timer' | 'id'>) {
    this.env = env;
    this.epoch = env.id().slice(0, 8);
  }

  publish(channel: string, draft: Draft, options: PublishOptions): Promise<PublishOutcome> {
    if (options.retention !== undefined || options.idempotency !== undefined) this.stats.written += 1;
    const log = this.log(channel);
    const refusal = options.idempotency && refusalOf(log, options.idempotency);
    if (refusal !== undefined) return Promise.resolve(refusal);
    const publication = options.retention === undefined ? draft : this.append(log, draft, options.retention);
    const position = positionOf(publication);
    if (options.idempotency !== undefined) {
      const { key, fingerprint, ttl } = options.idempotency;
      // An expired key keeps its old place in the order unless it is taken out first.
      log.keys.delete(key);
      log.keys.set(key, { fingerprint, position, expires: log.touched + ttl });
    }
    for (const deliver of log.subscribers) deliver(publication);
    return Promise.resolve({ kind: 'published', ...(position === undefined ? {} : { position }) });
  }

  read(channel: string, { since, limit, reverse = false }: ReadOptions): Promise<LogPage> {
    const log = this.log(channel);
    dropExpired(log, log.touched);
    const oldest = log.offset - log.entries.length + 1;
    // Offsets have no holes, so a position is an index.
    const all = log.entries;
    const after = since === undefined ? 0 : Math.max(0, since.offset - oldest + 1);
    const before =
      since === undefined ? all.length : Math.max(0, Math.min(all.length, since.offset - oldest));
    const slice = reverse
      ? all.slice(Math.max(0, before - limit), before).reverse()
      : all.slice(after, after + limit);
    return Promise.resolve({
      epoch: log.epoch,
      offset: log.offset,
      oldest,
      publications: slice.map((entry) => entry.publication),
    });
  }

  subscribe(channel: string, deliver: Deliver): () => void {
    const { subscribers } = this.log(channel);
    subscribers.add(deliver);
    return () => {
      subscribers.delete(deliver);
    };
  }

  close(): void {
    this.sweeping?.();
    this.sweeping = undefined;
    this.logs.clear();
    this.stats.state = 'closed';
  }

  private log(channel: string): Log {
    const now = this.env.monotonic();
    let log = this.logs.get(channel);
    if (log === undefined) {
      log = {
        epoch: this.epoch,
        offset: 0,
        entries: [],
        keys: new Map(),
        subscribers: new Set(),
        touched: now,
      };
      this.logs.set(channel, log);
      this.sweeping ??= this.env.timer(sweepEvery, () => this.sweep());
    }
    log.touched = now;
    return log;
  }

  private append(
    log: Log,
    draft: Draft,
    retention: { readonly size: number; readonly ttl: number },
  ): Publication {
    log.offset += 1;
    // Spelled out so that every publication has one shape and the order of PROTOCOL.md §4.
    const { id, from, timestamp, ...rest } = draft;
    const publication = {
      ...rest,
      offset: log.offset,
      epoch: log.epoch,
      ...(id === undefined ? {} : { id }),
      ...(from === undefined ? {} : { from }),
      timestamp,
    };
    log.entries.push({ publication, expires: log.touched + retention.ttl });
    if (log.entries.length > retention.size) log.entries.splice(0, log.entries.length - retention.size);
    return publication;
  }

  /** Frees what has expired in channels that nobody touches. */
  private sweep(): void {
    const now = this.env.monotonic();
    for (const [channel, log] of this.logs) {
      dropExpired(log, now);
      if (log.entries.length > 0 || log.keys.size > 0 || log.subscribers.size > 0) continue;
      // One that was only looked at begins again as it was; else names made up by a stranger would fill the memory.
      if (log.offset === 0) this.logs.delete(channel);
      else if (now - log.touched > forgetAfter) {
        this.logs.delete(channel);
        this.epoch = this.env.id().slice(0, 8);
      }
    }
    this.sweeping = this.logs.size === 0 ? undefined : this.env.timer(sweepEvery, () => this.sweep());
  }
}

/** Why this is not appended: it was before (law 4), or what it follows is missing (law 11). */
function refusalOf(log: Log, { key, fingerprint, follows }: Idempotency): PublishOutcome | undefined {
  const known = knownKey(log, key);
  if (known === undefined) {
    const isNext = follows === undefined || knownKey(log, follows) !== undefined;
    return isNext ? undefined : { kind: 'out-of-order' };
  }
  if (known.fingerprint !== fingerprint) return { kind: 'conflict' };
  return { kind: 'duplicate', ...(known.position === undefined ? {} : { position: known.position }) };
}

function knownKey(log: Log, key: string): KnownKey | undefined {
  const known = log.keys.get(key);
  return known === undefined || known.expires <= log.touched ? undefined : known;
}

function dropExpired(log: Log, now: number): void {
  let expired = 0;
  while (expired < log.entries.length && (log.entries[expired]?.expires ?? Infinity) <= now) expired += 1;
  if (expired > 0) log.entries.splice(0, expired);
  for (const [key, known] of log.keys) {
    if (known.expires > now) break;
    log.keys.delete(key);
  }
}

function positionOf({ epoch, offset }: Publication): Position | undefined {
  return epoch === undefined || offset === undefined ? undefined : { epoch, offset };
}
